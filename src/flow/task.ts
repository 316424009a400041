import { MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { Serializer } from '../model/serializer.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import { nameFromCallSite } from './call-site-name.js';
import { type CallTrace, codeSite, traceCall } from './code-site.js';
import { callOutsideFlow } from './ephemeral.js';
import type { Upstream } from './future.js';
import { mapTask } from './map.js';
import type { MapOptions } from './mapped-future.js';
import { futureClassFor, NodeFuture } from './node-future.js';
import { parameterNames } from './parameter-names.js';
import { registerIn } from './register.js';
import { scopes } from './scope.js';
import { sensorSettings } from './sensor-settings.js';
import { subflowSettings } from './subflow-settings.js';
import { externalOf, settingsOf } from './task-settings.js';
import { checkTarget, taskTarget } from './task-target.js';
import type { AnyArgs, ExternalOptions, Outputs, Task, TaskOptions } from './task-type.js';

/** How the rest of the package gets at what a task is; shared by every copy of it. */
export const TASK: unique symbol = Symbol.for('millrace.task');

/**
 * Makes a task of a function (S0, S1).
 * @throws MillraceError `TASK_NOT_A_FUNCTION`, `TASK_NAME_MISSING`, `TASK_NAME_INVALID`, `TASK_OPTION_INVALID`, `OUTPUT_NAME_RESERVED`, `TARGET_INVALID`
 */
export function task<A extends AnyArgs, R, const O extends { readonly [K in keyof R & string]?: Serializer<R[K]> } | undefined = undefined>(
  fn: (...args: A) => R | PromiseLike<R>,
  options?: Omit<TaskOptions<A, R>, 'outputs'> & { outputs?: O },
): Task<A, R, O> {
  if (typeof fn !== 'function') {
    throw new MillraceError('TASK_NOT_A_FUNCTION', `expected task(fn, options) with a function; got ${fn === null ? 'null' : typeof fn}`);
  }
  return makeTask(defineTask(fn, (options ?? {}) as Omit<TaskOptions<AnyArgs, unknown, Outputs>, 'store'>, traceCall(task)), []) as unknown as Task<
    A,
    R,
    O
  >;
}

function defineTask(fn: TaskDefinition['fn'], options: TaskOptions<AnyArgs, unknown, Outputs>, trace: CallTrace): TaskDefinition {
  const settings = settingsOf(options as never);
  const { name } = options;
  const called = taskName(fn, name);
  return Object.freeze(
    checkTarget({
      ...TASK_DEFAULTS,
      ...settings,
      kind: 'task',
      name: called,
      fn,
      code: codeSite('task', fn, trace),
      parameterNames: Object.freeze([...parameterNames(fn)]),
      label: typeof name === 'function' ? name : undefined,
      target: taskTarget(options.target, called),
    }),
  );
}

function taskName(fn: TaskDefinition['fn'], given: TaskOptions<AnyArgs, unknown>['name']): string {
  const name = typeof given === 'string' ? given : fn.name || nameFromCallSite('task');
  if (name === undefined) {
    throw new MillraceError('TASK_NAME_MISSING', 'expected a task with a name: its function has none, and the call is not assigned to a variable', {
      hint: "Assign it (const clean = task(rows => …)), or name it: task(fn, { name: 'clean' }).",
    });
  }
  return checkName('task', name);
}

/** Names become parts of ids, addresses and commands. @throws MillraceError `TASK_NAME_INVALID`, `FLOW_NAME_INVALID` */
export function checkName(what: 'task' | 'flow', name: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (typeof name === 'string' && name.length <= 120 && /^[^\s/#[\]\u0000-\u001f\u007f][^/#[\]\u0000-\u001f\u007f]*$/.test(name)) return name;
  throw new MillraceError(
    what === 'task' ? 'TASK_NAME_INVALID' : 'FLOW_NAME_INVALID',
    `expected a ${what} name of 1 to 120 characters without '/', '#', '[', ']' or control characters; got ${JSON.stringify(name) ?? String(name)}`,
  );
}

/** The callable that users hold. `upstream` are futures that every call waits for. */
export function makeTask(definition: TaskDefinition, upstream: readonly Upstream[]): Task<AnyArgs, unknown> {
  const FutureClass = definition.outputs ? futureClassFor(Object.keys(definition.outputs)) : NodeFuture;
  const call = (...args: unknown[]): unknown => {
    const scope = scopes.getStore();
    if (scope === undefined) return callOutsideFlow(definition, args);
    if (scope.kind === 'task') return definition.fn(...args);
    const future = new FutureClass(scope.port, registerIn(scope, definition, args));
    return upstream.length === 0 ? future : future.after(...upstream);
  };
  const properties = {
    [TASK]: definition,
    fn: definition.fn,
    taskName: definition.name,
    map: (...args: unknown[]) => mapTask(definition, {}, args).after(...upstream),
    mapWith:
      (options: MapOptions) =>
      (...args: unknown[]) =>
        mapTask(definition, options, args).after(...upstream),
    with: (options: TaskOptions<AnyArgs, unknown>) => makeTask(varied(definition, options), upstream),
    external: (options: ExternalOptions = {}) => makeTask(external(definition, options), upstream),
    after: (...more: Upstream[]) => makeTask(definition, [...upstream, ...more]),
  };
  Object.defineProperty(call, 'name', { value: definition.name });
  return Object.freeze(Object.assign(call, properties)) as unknown as Task<AnyArgs, unknown>;
}

function varied(definition: TaskDefinition, options: TaskOptions<AnyArgs, unknown>): TaskDefinition {
  const { name } = options;
  const called = typeof name === 'string' ? checkName('task', name) : definition.name;
  return Object.freeze(
    checkTarget({
      ...definition,
      ...variedSettings(definition, options),
      name: called,
      label: typeof name === 'function' ? name : definition.label,
      outputs: definition.outputs,
      target: 'target' in options ? taskTarget(options.target, called) : definition.target,
    }),
  );
}

function variedSettings(definition: TaskDefinition, options: TaskOptions<AnyArgs, unknown>): Partial<TaskDefinition> {
  if (definition.sensor !== undefined) return sensorSettings(definition.sensor, options);
  return definition.kind === 'subflow' ? subflowSettings(options) : settingsOf(options as never);
}

/** It waits for others, so it takes no slot, and what bounds an attempt of its function does not concern it. */
function external(definition: TaskDefinition, options: ExternalOptions): TaskDefinition {
  refuseOtherOptions(options, ['from', 'poll', 'timeout'], 'TASK_OPTION_INVALID', ` of external() of '${definition.name}'`);
  const { from } = options;
  if (definition.sensor !== undefined)
    throw new MillraceError('TASK_OPTION_INVALID', `expected a task that computes something; '${definition.name}' is a sensor`);
  return Object.freeze({
    ...definition,
    ...settingsOf({ retries: 0, ...(from === undefined ? {} : { store: from }) }),
    external: externalOf(options),
    slotless: true,
    timeoutMs: Number.POSITIVE_INFINITY,
    limits: undefined,
  });
}

export function isTask(value: unknown): value is Task<AnyArgs, unknown> & { readonly [TASK]: TaskDefinition } {
  return typeof value === 'function' && TASK in value;
}
