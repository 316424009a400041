import { isChoice, isGate } from '../flow/control.js';
import { isUnmapped } from '../flow/unmapped.js';
import { type Path, pathText } from '../graph/ref.js';
import type { Input, TaskGraph } from '../graph/task-graph.js';
import type { EdgeRow } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';

/** An edge between nodes that people see: derived steps are looked through. */
export interface RealEdge {
  readonly from: number;
  readonly kind: EdgeRow['kind'];
  /** What it feeds and, where only a part is taken, which: `rows`, `train → rows`. Of a branch's condition, what lets the branch be taken. */
  readonly label: string | undefined;
}

const NONE: readonly RealEdge[] = Object.freeze([]);

/** The edges into a node, each once; what it was also handed stands among the control edges too. Needs the node's arguments, and those of the derived steps before it. */
export function realEdges(graph: TaskGraph, node: number): readonly RealEdge[] {
  const isUntaught = graph.knowledge[node] === undefined;
  if (isUntaught && graph.startsAlone(node)) return NONE;
  const inputs = graph.inputs(node);
  if (isUntaught && inputs.length === 0) return NONE;
  const edges = new Map<string, RealEdge>();
  const add = (edge: RealEdge): void => {
    const key = `${edge.from} ${edge.kind} ${edge.label ?? ''}`;
    if (!edges.has(key)) edges.set(key, edge);
  };
  const definition = graph.definitions[node] as TaskDefinition;
  for (const input of shownInputs(graph, node, inputs)) {
    if (isGateAt(graph, input.from)) {
      for (const edge of gateEdges(graph, input.from)) add(edge);
      continue;
    }
    const kind = input.position < 0 ? 'order' : 'data';
    const fed = elementInput(graph, isUnmapped(graph.args[node]?.[input.position]) ? unwrapped(input) : input);
    const label = kind === 'order' ? undefined : inputLabel(definition, fed);
    for (const from of throughDerived(graph, input.from)) add({ from, kind, label });
  }
  const learnt = (seen: number): void => {
    for (const from of throughDerived(graph, seen)) add({ from, kind: 'control', label: undefined });
  };
  let known = graph.knowledge[node];
  for (const seen of known?.seen ?? []) learnt(seen);
  // Where nothing but derived steps was called under earlier knowledge, there is no task to point to.
  for (known = known?.before; known !== undefined && known.first === undefined; known = known.before) for (const seen of known.seen) learnt(seen);
  if (known?.first !== undefined) add({ from: known.first, kind: 'control-as', label: undefined });
  return [...edges.values()];
}

function isGateAt(graph: TaskGraph, node: number): boolean {
  return isGate(graph.definitions[node] as TaskDefinition);
}

/** From what a gate asks, with the answer that opens it. A gate inside a branch waits for the gate of that branch. */
function* gateEdges(graph: TaskGraph, gate: number): Generator<RealEdge> {
  const [, expected] = graph.args[gate] as readonly unknown[];
  for (const { from, position } of shownInputs(graph, gate, graph.inputs(gate))) {
    if (isGateAt(graph, from)) yield* gateEdges(graph, from);
    else if (position < 0) for (const task of throughDerived(graph, from)) yield { from: task, kind: 'order', label: undefined };
    else for (const task of throughDerived(graph, from)) yield { from: task, kind: 'control', label: String(expected) };
  }
}

/**
 * Every call of a branch waits for its gate: where one of its own inputs does so too, that goes without saying; and so does the condition of a
 * choice, where what it chooses from waits for it.
 */
function shownInputs(graph: TaskGraph, node: number, inputs: readonly Input[]): readonly Input[] {
  if (isChoice(graph.definitions[node] as TaskDefinition)) {
    const chosen = inputs.filter(({ position }) => position > 0);
    if (chosen.length > 0 && chosen.every(({ from }) => graph.orderOf(from).some((before) => isGateAt(graph, before)))) return chosen;
  }
  if (graph.orderOf(node).length === 0) return inputs;
  const implied = new Set(inputs.flatMap(({ from }) => graph.orderOf(from)));
  return inputs.filter(({ position, from }) => position >= 0 || !implied.has(from));
}

function inputLabel(definition: TaskDefinition, { position, at, path }: Input): string {
  const fed = pathText(definition.parameterNames[position] ?? `arg${position}`, at);
  const taken = partName(path);
  return taken === undefined || taken === fed ? fed : `${taken} → ${fed}`;
}

/** `unmapped(…)` is ours, and no part of what the user handed over. */
function unwrapped(input: Input): Input {
  return { ...input, at: input.at && input.at.length > 1 ? input.at.slice(1) : undefined };
}

/** `sizes.at(2)` is a part of `sizes`. */
function elementInput(graph: TaskGraph, input: Input): Input {
  if (!graph.definitions[input.from]?.element) return input;
  return { ...input, path: [(graph.args[input.from] as readonly unknown[])[1] as number, ...(input.path ?? [])] };
}

function partName(path: Path | undefined): string | undefined {
  return path && pathText(String(path[0]), path.slice(1));
}

/** The tasks behind a node: itself, unless it is a derived step. */
function throughDerived(graph: TaskGraph, node: number): number[] {
  const found = new Set<number>();
  const seen = new Set<number>();
  const stack = [node];
  while (stack.length > 0) {
    const next = stack.pop() as number;
    if (seen.has(next)) continue;
    seen.add(next);
    if ((graph.definitions[next] as TaskDefinition).kind !== 'derived') found.add(next);
    else for (const { from } of shownInputs(graph, next, graph.inputs(next))) stack.push(from);
  }
  return [...found].sort((a, b) => a - b);
}
