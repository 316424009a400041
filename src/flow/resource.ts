import { describe, MillraceError } from '../base/error.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import type { Args, Future } from './future.js';
import { NodeFuture } from './node-future.js';
import { parameterNames } from './parameter-names.js';
import { registerIn } from './register.js';
import { scopes } from './scope.js';
import { checkName } from './task.js';
import { settingsOf } from './task-settings.js';
import type { AnyArgs, TaskOptions } from './task-type.js';

export interface ResourceOptions<A extends AnyArgs, R>
  extends Pick<TaskOptions<A, R>, 'description' | 'tags' | 'retries' | 'timeout' | 'limit' | 'priority'> {
  /** Makes it. */
  setup: (...args: A) => R | PromiseLike<R>;
  /** Takes it down again, once everything in the run that uses it has ended, however it ended. Given what `setup` made. */
  teardown: (made: R) => unknown;
  /** Whether a teardown that fails fails the run, too. It is shown and told either way. @default false */
  failRun?: boolean;
}

/** Calling it in a flow's body gives a future of what its `setup` makes, for tasks to use. */
export type Resource<A extends AnyArgs, R> = (...args: Args<A>) => Future<Awaited<R>>;

/**
 * Something that tasks share for the length of a run and that has to be cleaned up: a database, a server, a folder. Its `setup` runs when the
 * first task that uses it is about to run, and not at all where none has to; its `teardown`, a task run of its own (`<name> teardown`), when all
 * that use it have ended: also when they failed or were cancelled, but not when `setup` failed. What `setup` makes lives in memory and is never
 * stored: in cache keys, and for a run that resumes another, it counts by the resource's name and arguments.
 *
 * Users are the tasks that are handed the future, or a part of it. A call in a sub-flow is that sub-flow's, and ends with it.
 *
 * @example const warehouse = resource('warehouse', { setup: (url: string) => connect(url), teardown: (db) => db.close() });
 * @throws MillraceError `TASK_NAME_INVALID`, `TASK_OPTION_INVALID`; when called `NOT_IN_A_FLOW`, `FLOW_CLOSED`
 */
export function resource<A extends AnyArgs = [], R = unknown>(name: string, options: ResourceOptions<A, R>): Resource<A, R> {
  const { setup, teardown, failRun = false, ...rest } = options ?? {};
  for (const [which, fn] of Object.entries({ setup, teardown }))
    if (typeof fn !== 'function')
      throw new MillraceError('TASK_OPTION_INVALID', `expected '${which}' of resource('${String(name)}') to be a function; got ${describe(fn)}`);
  const settings = settingsOf(rest as never);
  const define = (called: string, fn: TaskDefinition['fn'], role: 'setup' | 'teardown', names: readonly string[]): TaskDefinition =>
    Object.freeze({
      ...TASK_DEFAULTS,
      ...settings,
      kind: 'task',
      name: checkName('task', called),
      fn,
      parameterNames: Object.freeze([...names]),
      cache: false,
      persist: false,
      // It runs when nothing else does any more.
      slotless: role === 'teardown',
      resource: Object.freeze({ role, failRun }),
    });
  const up = define(name, setup, 'setup', parameterNames(setup));
  const down = define(`${name} teardown`, async (made) => void (await teardown(made)), 'teardown', [name]);
  return (...args) => {
    const scope = scopes.getStore();
    if (scope?.kind !== 'body')
      throw new MillraceError('NOT_IN_A_FLOW', `expected '${name}' to be called in the body of a flow; it was called outside of one`, {
        hint: 'Call it there, and hand what it gives to the tasks that use it.',
      });
    const future = new NodeFuture(scope.port, registerIn(scope, up, args));
    registerIn(scope, down, [future]);
    return future as unknown as Future<Awaited<R>>;
  };
}
