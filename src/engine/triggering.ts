import { isGate } from '../flow/control.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { FinalState } from '../model/final-state.js';
import type { TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { judge, judgeByFunction, type Tally, type Verdict } from './trigger.js';

/** What a trigger rule may look at. */
export interface TriggerView {
  readonly graph: TaskGraph;
  /** The node whose end counts for this one. */
  actual(node: number): number;
  state(node: number): TaskState;
  /** A map whose children are known, however they end. */
  isExpanded(node: number): boolean;
  finalState(node: number): FinalState<unknown>;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Where the node does not run: what kept it from running. */
  readonly causes: readonly number[];
  /** Inputs that failed, or have not ended yet: what a task that runs can answer for. */
  readonly answersFor: readonly number[];
}

/** Its inputs are judged by more than that all have a value. */
export function hasOwnRule({ trigger, skipOnUpstreamSkip }: TaskDefinition): boolean {
  return trigger !== undefined || skipOnUpstreamSkip !== undefined;
}

/** Applies a task's trigger rule to how its inputs have ended so far (S11). */
export function judgeNode(view: TriggerView, node: number, definition: TaskDefinition): Judgement {
  const inputs = ruledInputs(view, node);
  const gate = unopenedGate(view, node);
  if (gate !== undefined) return { verdict: isPending(view.state(gate)) ? 'wait' : endWithout([view.state(gate)]), causes: [gate], answersFor: [] };
  const tally = tallyOf(inputs.map((input) => view.state(input)));
  const causes = inputs.filter((input) => KINDS[view.state(input)] === 'failed');
  const answersFor = tally.pending === 0 ? causes : inputs.filter((input) => ['failed', 'pending'].includes(KINDS[view.state(input)]));
  const options = definition.skipOnUpstreamSkip === undefined ? {} : { skipOnUpstreamSkip: definition.skipOnUpstreamSkip };
  const rule = definition.trigger ?? 'all-success';
  if (typeof rule === 'string') return { verdict: judge(rule, tally, options), causes, answersFor };
  const upstream = (): ReadonlyMap<string, FinalState<unknown>> => new Map(inputs.map((input) => [view.graph.id(input), view.finalState(input)]));
  return { verdict: judgeByFunction(rule, tally, upstream, options), causes, answersFor };
}

/** An open gate is no success that a rule could count: it says that the task is asked for, not how what it depends on has ended. */
function ruledInputs(view: TriggerView, node: number): readonly number[] {
  const inputs = new Set<number>();
  const { graph } = view;
  for (const { from } of graph.inputs(node)) if (!isGate(graph.definitions[from] as TaskDefinition)) inputs.add(view.actual(from));
  return [...inputs];
}

/** A branch that is not taken does not run, whatever the rules of the tasks in it, and whatever became of their inputs. */
function unopenedGate(view: TriggerView, node: number): number | undefined {
  return view.graph.orderOf(node).find((from) => isGate(view.graph.definitions[from] as TaskDefinition) && !hasValue(view.state(from)));
}

/**
 * What keeps a node without a rule of its own from running, when all it waits for has settled: a gate alone, or those of its inputs that
 * have no value, the weightiest first. A map waits neither for what its children wait for nor, to be expanded itself, for another map to end.
 */
export function lostInputs(view: TriggerView, node: number): readonly number[] {
  const isMap = view.graph.definitions[node]?.kind === 'map';
  return lostAmong(view, node, function* () {
    for (const { from, at, path, position } of view.graph.inputs(node)) {
      if (isMap && position >= 0 && (at !== undefined || (path === undefined && view.isExpanded(from)))) continue;
      yield from;
    }
  });
}

/** The same for what a node comes after, without its arguments: what a step between tasks needs before it looks at them. */
export function lostPredecessors(view: TriggerView, node: number): readonly number[] {
  return lostAmong(view, node, () => view.graph.orderOf(node));
}

function lostAmong(view: TriggerView, node: number, waitedFor: () => Iterable<number>): readonly number[] {
  const gate = unopenedGate(view, node);
  if (gate !== undefined) return [gate];
  const lost = new Set<number>();
  for (const from of waitedFor()) if (!hasValue(view.state(view.actual(from)))) lost.add(view.actual(from));
  return weightiestFirst(view, [...lost]);
}

export function weightiestFirst(view: Pick<TriggerView, 'state'>, lost: readonly number[]): readonly number[] {
  if (lost.length < 2) return lost;
  const weight = (node: number): number => WEIGHTS.indexOf(endWithout([view.state(node)]));
  return [...lost].sort((a, b) => weight(a) - weight(b));
}

const WEIGHTS: readonly Verdict[] = ['upstream-failed', 'cancelled', 'skipped'];

/** How a node ends that needs what ended like this: a failure weighs more than a cancellation, and that more than a skip (S11). */
export function endWithout(lost: readonly TaskState[]): 'upstream-failed' | 'cancelled' | 'skipped' {
  const kinds = lost.map((state) => KINDS[state]);
  return kinds.includes('failed') ? 'upstream-failed' : kinds.includes('cancelled') ? 'cancelled' : 'skipped';
}

const KINDS: Readonly<Record<TaskState, keyof Omit<Tally, 'total'> | 'pending'>> = {
  pending: 'pending',
  queued: 'pending',
  running: 'pending',
  retrying: 'pending',
  paused: 'pending',
  success: 'success',
  cached: 'success',
  skipped: 'skipped',
  failed: 'failed',
  'upstream-failed': 'failed',
  'timed-out': 'failed',
  crashed: 'failed',
  cancelled: 'cancelled',
};

function isPending(state: TaskState): boolean {
  return KINDS[state] === 'pending';
}

function hasValue(state: TaskState): boolean {
  return KINDS[state] === 'success';
}

function tallyOf(states: readonly TaskState[]): Tally & { readonly pending: number } {
  const tally = { total: states.length, success: 0, failed: 0, skipped: 0, cancelled: 0, pending: 0 };
  for (const state of states) tally[KINDS[state]]++;
  return tally;
}
