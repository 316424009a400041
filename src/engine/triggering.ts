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
  finalState(node: number): FinalState<unknown>;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** The inputs that ended without a value: causes where the node does not run, handled failures where it runs and says so. */
  readonly failed: readonly number[];
}

/** Applies a task's trigger rule to how its inputs have ended so far (S11). */
export function judgeNode(view: TriggerView, node: number, definition: TaskDefinition): Judgement {
  const all = [...new Set(view.graph.inputs(node).map(({ from }) => view.actual(from)))];
  const closed = closedGate(view, node);
  if (closed !== undefined) return { verdict: closed, failed: all.filter((input) => !hasValue(view.state(input))) };
  // An open gate has been asked: rules are about what users wrote.
  const inputs = all.filter((input) => !isGate(view.graph.definitions[input] as TaskDefinition));
  const tally = tallyOf(inputs.map((input) => view.state(input)));
  const failed = inputs.filter((input) => KINDS[view.state(input)] === 'failed');
  const options = definition.skipOnUpstreamSkip === undefined ? {} : { skipOnUpstreamSkip: definition.skipOnUpstreamSkip };
  const rule = definition.trigger ?? 'all-success';
  if (typeof rule === 'string') return { verdict: judge(rule, tally, options), failed };
  const upstream = (): ReadonlyMap<string, FinalState<unknown>> => new Map(inputs.map((input) => [view.graph.id(input), view.finalState(input)]));
  return { verdict: judgeByFunction(rule, tally, upstream, options), failed };
}

/** A branch that is not taken does not run, whatever the rules of the tasks in it. */
function closedGate(view: TriggerView, node: number): Verdict | undefined {
  for (const from of view.graph.orderOf(node)) {
    if (!isGate(view.graph.definitions[from] as TaskDefinition)) continue;
    const state = view.state(from);
    if (state === 'pending') return 'wait';
    if (!hasValue(state)) return state === 'skipped' || state === 'cancelled' ? state : 'upstream-failed';
  }
  return undefined;
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

function hasValue(state: TaskState): boolean {
  return KINDS[state] === 'success';
}

function tallyOf(states: readonly TaskState[]): Tally {
  const tally = { total: states.length, success: 0, failed: 0, skipped: 0, cancelled: 0, pending: 0 };
  for (const state of states) tally[KINDS[state]]++;
  return tally;
}
