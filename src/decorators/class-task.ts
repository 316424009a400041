import { MillraceError } from '../base/error.js';
import { type CallTrace, codeSite, traceCall } from '../flow/code-site.js';
import type { Upstream } from '../flow/future.js';
import type { MapArgs, MapOptions } from '../flow/mapped-future.js';
import { scopes } from '../flow/scope.js';
import { isTask, makeTask, TASK, task } from '../flow/task.js';
import type { AnyArgs, ExternalOptions, Task, TaskOptions } from '../flow/task-type.js';
import { unmapped } from '../flow/unmapped.js';
import type { CodeSite } from '../model/code-site.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { type Code, classOf } from './class-chain.js';
import { methodCode } from './method-code.js';
import { type MethodTaskOptions, TASK_OPTIONS, TASK_PLACE } from './task-decorator.js';
import { TaskThis, type ThisUse } from './task-this.js';

/** A method as a task whose first argument is `this`: one for all instances of a class. */
export interface ClassTask {
  readonly task: Task<AnyArgs, unknown>;
  readonly method: Code;
  readonly use: ThisUse;
}

/** @returns undefined when no class in the chain says `@Task` of the method. */
export function classTask(prototypes: readonly object[], key: string | symbol): ClassTask | undefined {
  const declared = prototypes.filter((prototype) => Object.hasOwn(prototype, key));
  const [owner] = declared;
  const options = inheritedOptions(declared, key);
  if (owner === undefined || options === undefined) return undefined;
  const method = functionAt(owner, key) as Code;
  const code = methodCode(method, prototypes);
  const name = typeof options.name === 'string' ? options.name : methodName(owner, key);
  const plain = task(method, { ...options, name });
  const definition = withThis(
    definitionIn(plain),
    method,
    options.name,
    codeSite('method', method, placeOf(declared, key), { members: code.members }),
  );
  const keys = options.version !== undefined ? 'lenient' : code.isOpaque ? 'none' : 'strict';
  return { task: makeTask(definition, []), method, use: { taskName: name, fields: code.fields, keys } };
}

/** A method that overrides a task is one too, under the same options but for the name, which is one function's alone. */
function inheritedOptions(declared: readonly object[], key: string | symbol): MethodTaskOptions | undefined {
  for (const [depth, prototype] of declared.entries()) {
    const method = functionAt(prototype, key);
    if (method === undefined) return undefined;
    const options = TASK_OPTIONS.get(method);
    if (options === undefined) continue;
    if (depth === 0 || typeof options.name !== 'string') return options;
    const { name: _, ...inherited } = options;
    return inherited;
  }
  return undefined;
}

/** Where `@Task()` was written: above the method, or above the one that it overrides. */
function placeOf(declared: readonly object[], key: string | symbol): CallTrace {
  for (const prototype of declared) {
    const method = functionAt(prototype, key);
    const place = method && TASK_PLACE.get(method);
    if (place !== undefined) return place;
  }
  return traceCall(placeOf);
}

function functionAt(prototype: object, key: string | symbol): Code | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
  return typeof value === 'function' ? (value as Code) : undefined;
}

/** What a subclass declares bears its name too, so that the variants of one base class can meet in a run. */
function methodName(owner: object, key: string | symbol): string {
  const own = typeof key === 'string' ? key : (key.description ?? '');
  const { name } = classOf(owner);
  return Object.getPrototypeOf(owner) === Object.prototype || name === '' ? own : `${name}.${own}`;
}

function definitionIn(made: unknown): TaskDefinition {
  if (isTask(made)) return made[TASK];
  throw new TypeError('expected a task');
}

function withThis(plain: TaskDefinition, method: Code, name: MethodTaskOptions['name'], code: CodeSite): TaskDefinition {
  return Object.freeze({
    ...plain,
    fn: callerOf(method),
    code,
    parameterNames: Object.freeze(['this', ...plain.parameterNames]),
    label: typeof name === 'function' ? withoutThis(name) : undefined,
    target: plain.target?.kind === 'function' ? { ...plain.target, of: withoutThis(plain.target.of) } : plain.target,
  });
}

const callers = new WeakMap<Code, TaskDefinition['fn']>();

/** One function per method, whatever instance or subclass it is called on: within a run, a name stands for one function. */
function callerOf(method: Code): TaskDefinition['fn'] {
  let caller = callers.get(method);
  if (caller === undefined) {
    caller = (self: TaskThis, ...args: readonly unknown[]) => self.call(method, args);
    callers.set(method, caller);
  }
  return caller;
}

// biome-ignore lint/suspicious/noExplicitAny: arguments of every signature
function withoutThis(label: (...args: any[]) => string): (...args: any[]) => string {
  return (_self: TaskThis, ...args: readonly unknown[]) => label(...args);
}

/** The task as the users of one instance see it: without its first argument. */
export function bindTask(instance: object, { task: unbound, method, use }: ClassTask): Task<AnyArgs, unknown> {
  const call = (...args: readonly unknown[]): unknown => {
    if (scopes.getStore() === undefined) throw notInAFlow(use.taskName);
    return unbound(new TaskThis(instance, use), ...args);
  };
  const mapped =
    ({ key, ...options }: MapOptions) =>
    (...args: MapArgs<AnyArgs>): unknown =>
      unbound.mapWith(key === undefined ? options : { ...options, key: withoutThis(key) })(unmapped(new TaskThis(instance, use)), ...args);
  const varied = ({ name, ...given }: TaskOptions<AnyArgs, unknown>): Task<AnyArgs, unknown> => {
    const options = typeof given.target === 'function' ? { ...given, target: withoutThis(given.target) } : given;
    const named = name === undefined ? options : { ...options, name: typeof name === 'function' ? withoutThis(name) : name };
    const changed: ThisUse = {
      ...use,
      ...(typeof name === 'string' && { taskName: name }),
      ...(options.version !== undefined && { keys: 'lenient' as const }),
    };
    return bindTask(instance, { task: unbound.with(named), method, use: changed });
  };
  const properties = {
    [TASK]: definitionIn(unbound),
    fn: (...args: readonly unknown[]) => Reflect.apply(method, instance, args),
    taskName: unbound.taskName,
    map: mapped({}),
    mapWith: mapped,
    with: varied,
    external: (options?: ExternalOptions) => bindTask(instance, { task: unbound.external(options), method, use }),
    after: (...up: Upstream[]) => bindTask(instance, { task: unbound.after(...up), method, use }),
  };
  Object.defineProperty(call, 'name', { value: unbound.taskName });
  return Object.freeze(Object.assign(call, properties)) as unknown as Task<AnyArgs, unknown>;
}

function notInAFlow(task: string): MillraceError {
  return new MillraceError('NOT_IN_A_FLOW', `expected task '${task}' to be called in the body of a flow; it was called outside of one`, {
    hint: 'Call it in run() of a class that flowOf(…) makes a flow of. To call the method itself, leave out tasksOf().',
  });
}
