import { describe, MillraceError } from '../base/error.js';
import { isRef, NODE, type Ref } from '../graph/ref.js';
import type { TaskState } from '../model/states.js';
import type { DerivedInputs, TaskDefinition } from '../model/task-definition.js';
import { Skip } from '../model/task-error.js';
import { ALL } from './derived.js';
import type { Arg, Future, Resolved } from './future.js';
import { NodeFuture } from './node-future.js';
import { checkOwner, registerIn } from './register.js';
import { type BodyScope, scopes } from './scope.js';

/** A step between nodes, as `all` is one. */
function step(name: string, parameterNames: readonly string[], fn: (inputs: DerivedInputs) => unknown): TaskDefinition {
  return Object.freeze({ ...ALL, name, description: `${name}()`, parameterNames, fn });
}

/**
 * Stands before every call of a branch. It is skipped, and they with it, unless the value is the expected one. What it ends as counts
 * for them whatever their trigger rule: a branch that is not taken does not run.
 */
function gate(of: 'when' | 'match', fn: (value: unknown, expected: unknown) => true): TaskDefinition {
  return Object.freeze({ ...step('gate', ['value', 'expected'], (inputs) => fn(inputs.value(0), inputs.value(1))), description: `${of}()` });
}

const GATES = {
  when: gate('when', (value, expected) => {
    if (Boolean(value) === expected) return true;
    throw new Skip(`the condition of when() is ${!expected}`);
  }),
  match: gate('match', (value, expected) => {
    if (value === expected) return true;
    throw new Skip(`the key of match() is ${describe(value)}, not ${describe(expected)}`);
  }),
};

/** By its name, since a flow may have been made by another copy of the package; derived steps are named by us alone. */
export function isGate({ kind, name }: TaskDefinition): boolean {
  return kind === GATES.when.kind && name === GATES.when.name;
}

/** The branch is chosen by the condition, not by which one has a value: a future from outside has one whatever the condition. */
const WHEN = step('when', ['condition', 'then', 'otherwise'], (inputs) => inputs.value(inputs.value(0) ? 1 : 2));

const MATCH = step('match', ['key', 'cases'], (inputs) => {
  const key = inputs.value(0);
  const cases = inputs.value(1) as readonly string[];
  const place = cases.indexOf(key as string);
  if (place >= 0) return inputs.value(FIRST_CASE + place);
  throw new MillraceError(
    'MATCH_NO_CASE',
    `expected a key that match() has a case for (${cases.map((name) => describe(name)).join(', ')}); got ${describe(key)}`,
    {
      hint: 'Add the case, or make sure the key is one of these.',
    },
  );
});
const FIRST_CASE = 2;

/** What gives the value of the branch that was taken. Its first argument is the condition, or the key. */
export function isChoice({ kind, name }: TaskDefinition): boolean {
  return kind === WHEN.kind && (name === WHEN.name || name === MATCH.name);
}

/** Asks how its inputs ended without taking their failures on itself: a merge does not make a red run green (S12). */
const MERGE = step('merge', ['count'], (inputs) => {
  const count = inputs.value(0) as number;
  const states = Array.from({ length: count }, (_, place) => inputs.ended(FIRST_MERGED + place));
  // A `when` that took no branch has ended well, with nothing to give.
  const given = (state: TaskState, place: number): boolean => hasValue(state) && inputs.value(FIRST_MERGED + place) !== undefined;
  const place = [given, hasValue, isFailure, isCancelled].map((is) => states.findIndex(is)).find((found) => found >= 0) ?? 0;
  return inputs.value(FIRST_MERGED + place);
});
const FIRST_MERGED = 1;

/** The value of one of several: the failure of one is no failure where another has a value. */
export function isMerge({ kind, name }: TaskDefinition): boolean {
  return kind === MERGE.kind && name === MERGE.name;
}

const hasValue = (state: TaskState): boolean => state === 'success' || state === 'cached';
const isCancelled = (state: TaskState): boolean => state === 'cancelled';
const isFailure = (state: TaskState): boolean => !hasValue(state) && !isCancelled(state) && state !== 'skipped';

/**
 * Runs one of two branches, by a condition that is known only when the flow runs; the graph shows both. Both functions are called at
 * once, in the body; of what they call, the branch that is not taken ends as `skipped`. The condition counts as in an `if`.
 *
 * Gives the value of the branch that is taken, undefined where that is none; ends as that branch did when it has no value. Without a
 * condition (it failed, was skipped) neither branch runs. A branch may return a future from outside, which then runs in any case.
 * @throws MillraceError `BRANCH_NOT_A_FUTURE`, `NOT_IN_A_FLOW`
 */
export function when<T>(condition: Arg<boolean>, then: () => Future<T>): Future<T | undefined>;
export function when<T, E>(condition: Arg<boolean>, then: () => Future<T>, otherwise: () => Future<E>): Future<T | E>;
export function when(condition: unknown, then: () => unknown, otherwise?: () => unknown): unknown {
  const body = currentBody('when');
  const taken = branch(body, 'then of when()', condition, true, then);
  const other = otherwise && branch(body, 'otherwise of when()', condition, false, otherwise);
  return derived(body, WHEN, [condition, taken, other]);
}

/**
 * Runs the branch that a key names, as `when` does for a condition. A key without a case fails the run with `MATCH_NO_CASE`, which names
 * the key and the cases.
 * @throws MillraceError `MATCH_CASES_INVALID`, `BRANCH_NOT_A_FUTURE`, `NOT_IN_A_FLOW`
 */
export function match<K extends string, C extends { readonly [P in K]: () => Future<unknown> }>(
  key: Arg<K>,
  cases: C,
): Future<Resolved<ReturnType<C[K]>>> {
  const body = currentBody('match');
  const names = typeof cases === 'object' && cases !== null ? Object.keys(cases) : [];
  if (names.length === 0) {
    throw new MillraceError('MATCH_CASES_INVALID', `expected match(key, cases) with an object of one function or more; got ${describe(cases)}`);
  }
  const branches = names.map((name) => branch(body, `case '${name}' of match()`, key, name, cases[name as K]));
  return derived(body, MATCH, [key, names, ...branches]) as unknown as Future<Resolved<ReturnType<C[K]>>>;
}

/**
 * The value of the first of these futures, in their order, that has one; undefined is one only where no other has any, so that of several
 * `when` without an else the one that took its branch counts. When none has: skipped if all were skipped, else it ends as what
 * depends on a failed (or cancelled) task does. Failures stay what they were: a value beside them does not handle them (S12).
 * @throws MillraceError `MERGE_INVALID`, `NOT_IN_A_FLOW`
 */
export function merge<T>(...futures: readonly Future<T>[]): Future<T> {
  const odd = futures.length === 0 ? 'none' : futures.filter((future) => !isRef(future)).map((other) => describe(other))[0];
  if (odd !== undefined) throw new MillraceError('MERGE_INVALID', `expected merge(...) with one or more futures; got ${odd}`);
  return derived(currentBody('merge'), MERGE, [futures.length, ...futures]) as unknown as Future<T>;
}

/**
 * One step after the other: everything a step calls waits for the future that the step before it returned. Gives the last one.
 * A step that fails or is skipped keeps those after it from running, as any upstream does (S11). Tasks without arguments can be given as
 * they are: `sequence(start, hello, end)`.
 * @throws MillraceError `BRANCH_NOT_A_FUTURE`, `SEQUENCE_EMPTY`, `NOT_IN_A_FLOW`; `AFTER_STARTED` when a step returns a future that runs already
 */
export function sequence<const F extends readonly [() => Future<unknown>, ...(() => Future<unknown>)[]]>(
  ...steps: F
): F extends readonly [...unknown[], infer L extends () => unknown] ? ReturnType<L> : never {
  const body = currentBody('sequence');
  const { preceding, port } = body;
  if (steps.length === 0) throw new MillraceError('SEQUENCE_EMPTY', 'expected sequence(...) with one or more steps; got none');
  let last: Ref | undefined;
  steps.forEach((call, place) => {
    const known = port.graph.size;
    const before = last?.[NODE];
    last = body.callsAfter(before === undefined ? preceding : [...preceding, before], () => futureOf(body, `step ${place + 1} of sequence()`, call));
    // Made before this step, it waits for the step before as far as it still can.
    if (before !== undefined && last[NODE] < known && last[NODE] !== before) port.order(last[NODE], before);
  });
  return last as never;
}

/** Calls the function of a branch; all it registers waits for the branch's gate. */
function branch(body: BodyScope, what: string, value: unknown, expected: string | boolean, call: () => unknown): Ref {
  const node = registerIn(body, GATES[typeof expected === 'boolean' ? 'when' : 'match'], [value, expected]);
  return body.callsAfter([node], () => futureOf(body, what, call));
}

/** @throws MillraceError `BRANCH_NOT_A_FUTURE`, `FUTURE_OF_OTHER_RUN` */
function futureOf(body: BodyScope, what: string, call: () => unknown): Ref {
  const returned = typeof call === 'function' ? call() : undefined;
  if (isRef(returned)) return checkOwner(body.port, returned);
  if (isRef(call)) {
    throw new MillraceError('BRANCH_NOT_A_FUTURE', `expected ${what} to be a function that returns a future; got the future itself`, {
      hint: 'Write `() =>` before the call: what is called outside of the function has nothing to do with it, and runs in any case.',
    });
  }
  throw new MillraceError('BRANCH_NOT_A_FUTURE', `expected ${what} to be a function that returns a future; got ${describe(returned ?? call)}`, {
    hint: 'Return what the task call gives, from a plain function and not an async one; all([…]) makes one future of several.',
  });
}

function derived(body: BodyScope, definition: TaskDefinition, args: readonly unknown[]): NodeFuture {
  return new NodeFuture(body.port, registerIn(body, definition, args));
}

/** @throws MillraceError `NOT_IN_A_FLOW` */
function currentBody(what: string): BodyScope {
  const scope = scopes.getStore();
  if (scope?.kind === 'body') return scope;
  throw new MillraceError('NOT_IN_A_FLOW', `expected ${what}() to be called in the body of a flow; it was called outside of one`, {
    hint: 'Inside a task, calls are plain calls: use if, switch and await there.',
  });
}
