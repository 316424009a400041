import { MillraceError } from '../base/error.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Knowledge } from './knowledge.js';
import { NODE, PATH, type Path, pathText, type Ref } from './ref.js';
import { visitReferences } from './references.js';

/** An edge into a node, as it was registered. */
export interface Input {
  readonly from: number;
  readonly path: Path | undefined;
  /** Position of the argument it feeds; -1 for an edge that only orders. */
  readonly position: number;
  /** Where inside that argument. */
  readonly at: Path | undefined;
}

/** What a node belongs to: the run itself, or a sub-flow. Ids are counted within it (S9). */
export class GraphScope {
  /** `''`, or the id of the sub-flow node followed by a dot. */
  readonly prefix: string;
  readonly parent: number | undefined;
  readonly #counters = new Map<string, { next: number }>();

  constructor(prefix = '', parent?: number) {
    this.prefix = prefix;
    this.parent = parent;
  }

  idOf(task: string, occurrence: number): string {
    return `${this.prefix}${task}#${occurrence}`;
  }

  nextOccurrence(task: string): number {
    let counter = this.#counters.get(task);
    if (counter === undefined) {
      counter = { next: 0 };
      this.#counters.set(task, counter);
    }
    return counter.next++;
  }
}

const NO_ARGS: readonly unknown[] = Object.freeze([]);

/**
 * The nodes of one run, as integers into parallel arrays: a hundred thousand nodes are a dozen arrays, not a hundred thousand objects.
 * It knows what was called with what; what becomes of a node is the engine's business.
 */
export class TaskGraph {
  readonly definitions: TaskDefinition[] = [];
  /** Dropped by the engine when a node has settled, so that inputs can be collected. */
  readonly args: (readonly unknown[])[] = [];
  readonly scopes: GraphScope[] = [];
  readonly occurrences: number[] = [];
  /** What the body had seen when it made each call (S3). */
  readonly knowledge: (Knowledge | undefined)[] = [];
  /** Order without data (`after`), by node. */
  readonly #order = new Map<number, number[]>();
  /** The children that derived steps stand for, once they are known. */
  readonly #elements = new Map<number, number>();
  readonly #definitionOf = new Map<string, TaskDefinition>();
  /** The last one whose name was claimed: calls of one task often follow each other. */
  #claimed: TaskDefinition | undefined;

  get size(): number {
    return this.definitions.length;
  }

  /** @throws MillraceError `TASK_NAME_TAKEN` when another task of this run bears the name */
  add(definition: TaskDefinition, args: readonly unknown[], scope: GraphScope, known: Knowledge | undefined): number {
    // Steps between nodes have names for people only: those of tasks are the users' own.
    if (definition !== this.#claimed) this.#claimName(definition);
    const node = this.definitions.length;
    this.definitions.push(definition);
    this.args.push(args);
    this.scopes.push(scope);
    this.occurrences.push(scope.nextOccurrence(definition.name));
    this.knowledge.push(known);
    if (known !== undefined && definition.kind !== 'derived') known.first ??= node;
    return node;
  }

  addOrder(node: number, from: number): void {
    const before = this.#order.get(node);
    if (before) before.push(from);
    else this.#order.set(node, [from]);
  }

  orderOf(node: number): readonly number[] {
    return this.#order.get(node) ?? [];
  }

  dropArgs(node: number): void {
    this.args[node] = NO_ARGS;
  }

  /** This derived step stands for that child of a map. */
  stand(node: number, child: number): void {
    this.#elements.set(node, child);
  }

  /** The child of a map that a derived step stands for; undefined for what is no such step, and before the child is known. */
  elementOf(node: number): number | undefined {
    return this.#elements.get(node);
  }

  /** What stands in messages: the id, or for a step between nodes what users wrote for it. */
  called(node: number): string {
    const { kind, element, description } = this.definitions[node] as TaskDefinition;
    return kind === 'derived' && !element && description !== undefined ? description : this.id(node);
  }

  id(node: number): string {
    if ((this.definitions[node] as TaskDefinition).element) return this.#elementId(node);
    return (this.scopes[node] as GraphScope).idOf((this.definitions[node] as TaskDefinition).name, this.occurrences[node] as number);
  }

  /** True where a glance shows that no edge leads into it but control edges, as with calls of plain values; of others `inputs` tells. */
  startsAlone(node: number): boolean {
    if (this.#elements.has(node) || this.#order.has(node)) return false;
    for (const arg of this.args[node] as readonly unknown[]) if (typeof arg === 'object' && arg !== null) return false;
    return true;
  }

  /** Every edge into a node but its control edges. */
  inputs(node: number): Input[] {
    const inputs: Input[] = [];
    const element = this.#elements.get(node);
    const definition = this.definitions[node] as TaskDefinition;
    if (element !== undefined) inputs.push({ from: element, path: undefined, position: 0, at: undefined });
    else
      visitReferences(this.args[node] as readonly unknown[], definition.parameterNames, (ref, position, at) => {
        inputs.push({ from: ref[NODE], path: ref[PATH], position, at });
      });
    for (const from of this.orderOf(node)) inputs.push({ from, path: undefined, position: -1, at: undefined });
    return inputs;
  }

  /** As the child's own, before it is known too. */
  #elementId(node: number): string {
    const child = this.#elements.get(node);
    if (child !== undefined) return this.id(child);
    const [map, index] = this.args[node] as readonly [Ref, number];
    return pathText(this.id(map[NODE]), [index]);
  }

  /** Names tell results, logs and keys apart, so one name is one function; variants made by `with` share it. */
  #claimName(definition: TaskDefinition): void {
    if (definition.kind === 'derived') return;
    const holder = this.#definitionOf.get(definition.name);
    if (holder === undefined) this.#definitionOf.set(definition.name, definition);
    else if (holder.fn !== definition.fn) {
      throw new MillraceError('TASK_NAME_TAKEN', `expected one task by the name '${definition.name}' in a run; got two different functions`, {
        hint: `Give one of them another name: task(fn, { name: '${definition.name}-2' }).`,
      });
    }
    this.#claimed = definition;
  }
}
