import { digest128 } from '../base/digest.js';
import { countsByValue } from '../flow/derived.js';
import { Lineage } from '../flow/scope.js';
import { NODE, OWNER, PATH, type Path, project, type Ref } from '../graph/ref.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { InputDigest } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Failures } from './failures.js';
import {
  derivedDigest,
  holdsObjects,
  type InputDigests,
  inputDigests,
  inputWithoutDigest,
  mapDigest,
  partDigest,
  resourceDigest,
  sameDigests,
  storedDigest,
} from './inputs.js';
import type { NodeResults } from './node-results.js';
import type { NodeTable } from './node-table.js';
import { hasOwnRule } from './triggering.js';

/** What counts as input where none came. */
const NOTHING_GIVEN: InputDigest = Object.freeze({ digest: digest128('nothing given') });

/** What results are needed for to count as inputs. */
export interface NodeInputsParts {
  readonly graph: TaskGraph;
  readonly nodes: NodeTable;
  readonly failures: Failures;
  readonly results: NodeResults;
  /** Of maps, as soon as they are known. */
  readonly children: ReadonlyMap<number, readonly number[]>;
}

/**
 * By which digests the arguments of a node count in its key (S21): a value by its content, a result by the digest it was stored under, a map by
 * those of its children, a derived step by what it was derived from, and what failed by its error.
 */
export class NodeInputs {
  readonly #graph: TaskGraph;
  readonly #nodes: NodeTable;
  readonly #failures: Failures;
  readonly #results: NodeResults;
  readonly #children: ReadonlyMap<number, readonly number[]>;
  readonly #derivedDigests = new Map<number, InputDigest | undefined>();

  constructor({ graph, nodes, failures, results, children }: NodeInputsParts) {
    this.#graph = graph;
    this.#nodes = nodes;
    this.#failures = failures;
    this.#results = results;
    this.#children = children;
  }

  /** Digests of a node's arguments by parameter name (S21), or undefined when one has none. */
  of(node: number): Readonly<Record<string, InputDigest>> | undefined {
    const names = (this.#graph.definitions[node] as TaskDefinition).parameterNames;
    return inputDigests(this.#graph.args[node] as readonly unknown[], names, (ref) => this.#digestOf(ref));
  }

  /** Of a task that may run without some of its inputs these count too: it is handed undefined (S12). */
  given(node: number, definition: TaskDefinition): InputDigests | undefined {
    return this.of(node) ?? (hasOwnRule(definition) ? this.#given(node) : undefined);
  }

  /** As `of`, of a task that is handed undefined where an input has no value (S12). */
  #given(node: number): InputDigests | undefined {
    const names = (this.#graph.definitions[node] as TaskDefinition).parameterNames;
    const digestOf = (ref: Ref): InputDigest | undefined => (this.#results.hasValue(ref[NODE]) ? this.#digestOf(ref) : NOTHING_GIVEN);
    return inputDigests(this.#graph.args[node] as readonly unknown[], names, digestOf);
  }

  /** The argument for which `of` gives nothing, by parameter name. */
  lacking(node: number): string | undefined {
    const names = (this.#graph.definitions[node] as TaskDefinition).parameterNames;
    return inputWithoutDigest(this.#graph.args[node] as readonly unknown[], names, (ref) => this.#digestOf(ref));
  }

  /** Whether the arguments are still what these digests were taken of; only objects that others may hold are looked at again. */
  areStill(node: number, before: InputDigests): boolean {
    if (!holdsObjects(this.#graph.args[node] as readonly unknown[])) return true;
    const now = this.of(node);
    return now !== undefined && sameDigests(before, now);
  }

  #digestOf(ref: Ref): InputDigest | undefined {
    const node = this.#results.actual(ref[NODE]);
    const { name, parameterNames, resource } = this.#graph.definitions[node] as TaskDefinition;
    if (resource !== undefined) {
      const inputs = inputDigests(this.#graph.args[node] as readonly unknown[], parameterNames, (input) => this.#digestOf(input));
      return partDigest(inputs && resourceDigest(name, inputs), ref[PATH]);
    }
    if (!this.#results.hasValue(node)) return undefined;
    const stored = this.#results.stored(node);
    if (stored) return storedDigest(stored, ref[PATH]);
    const element = this.#graph.elementOf(node);
    if (element !== undefined) return this.#digestOf(refTo(element, ref[PATH]));
    const children = this.#children.get(node);
    if (children) return this.#digestOfChildren(children, ref[PATH]);
    const definition = this.#graph.definitions[node] as TaskDefinition;
    if (definition.kind === 'derived' && !countsByValue(definition)) return partDigest(this.#derivedDigest(node), ref[PATH]);
    return inputDigests([project(this.#results.value(node), ref[PATH])], ['value'], () => undefined)?.value;
  }

  /** A map counts by the list of its children's digests (S21), a part of it by that child's. */
  #digestOfChildren(children: readonly number[], path: Path | undefined): InputDigest | undefined {
    const digests: string[] = [];
    const one = path === undefined ? undefined : children[Number(path[0])];
    // Beyond the last child there is nothing, and its length is a part too: both depend on the whole map.
    if (path !== undefined && one === undefined) return partDigest(this.#digestOfChildren(children, undefined), path);
    for (const child of one === undefined ? children : [one]) {
      const digest = this.#digestOf(refTo(child, path?.slice(1)));
      if (digest === undefined) return undefined;
      digests.push(digest.digest);
    }
    return path === undefined ? mapDigest(digests) : { digest: digests[0] as string };
  }

  #derivedDigest(node: number): InputDigest | undefined {
    if (!this.#derivedDigests.has(node)) {
      const { name, parameterNames } = this.#graph.definitions[node] as TaskDefinition;
      const digestOf = (ref: Ref): InputDigest | undefined =>
        this.#results.hasValue(ref[NODE]) || ref instanceof Lineage ? this.#digestOf(ref) : this.#endDigest(ref[NODE]);
      const inputs = inputDigests(this.#graph.args[node] as readonly unknown[], parameterNames, digestOf);
      const states = this.#graph
        .inputs(node)
        .map(({ from }) => (this.#results.hasValue(from) ? 'value' : String(this.#nodes.state[this.#results.actual(from)])));
      this.#derivedDigests.set(node, inputs && derivedDigest(name, states, inputs));
    }
    return this.#derivedDigests.get(node);
  }

  /** An end without a value is known by its error, which `outcome()` hands on; that of a map by the ends of its children too, which `states()` hands on. */
  #endDigest(node: number): InputDigest | undefined {
    const own = inputDigests([this.#failures.error(this.#results.actual(node))], ['error'], () => undefined)?.error;
    const children = this.#children.get(node);
    if (own === undefined || children === undefined) return own && { digest: digest128(`no value ${own.digest}`) };
    const ends: string[] = [];
    for (const child of children) {
      const digest = this.#results.hasValue(child) ? this.#digestOf(refTo(child, undefined)) : this.#endDigest(child);
      if (digest === undefined) return undefined;
      ends.push(`${this.#results.hasValue(child) ? 'value' : this.#nodes.state[this.#results.actual(child)]} ${digest.digest}`);
    }
    return { digest: digest128(`no list ${own.digest}\n${ends.join('\n')}`) };
  }
}

function refTo(node: number, path: Path | undefined): Ref {
  return { [OWNER]: NO_OWNER, [NODE]: node, [PATH]: path === undefined || path.length === 0 ? undefined : path };
}

const NO_OWNER = Object.freeze({});
