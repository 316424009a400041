import { describe, MillraceError } from '../base/error.js';
import type { AnyArgs, Task } from '../flow/task-type.js';
import { classOf, membersOf, prototypesOf } from './class-chain.js';
import { bindTask, type ClassTask, classTask } from './class-task.js';
import type { TaskMethods } from './decorator-types.js';
import { noteTaskView } from './instance-fields.js';

const views = new WeakMap<object, object>();
const tasksByClass = new WeakMap<object, Map<string | symbol, ClassTask | undefined>>();

/**
 * A view of an instance in which every `@Task` method takes futures and returns one; the same view each time. Methods that are inherited,
 * and those that override a task, are tasks too. In it a task can be called wherever a task can: in a flow's body, or, as a plain call,
 * inside another task.
 * @throws MillraceError `NO_TASKS` for what has no `@Task` method; `NOT_A_TASK` on reading a method without `@Task`; `NOT_IN_A_FLOW`,
 * `FUTURE_MISPLACED` on calling a task
 */
export function tasksOf<C extends object>(self: C): TaskMethods<C> {
  let view = views.get(self);
  if (view === undefined) {
    view = createView(self);
    views.set(self, view);
    noteTaskView(view);
  }
  return view as TaskMethods<C>;
}

function createView(self: object): object {
  const prototypes = typeof self === 'object' && self !== null ? prototypesOf(self) : [];
  const methods = new Set(membersOf(prototypes).flatMap(({ key, isMethod }) => (isMethod ? [key] : [])));
  const found = new Map([...methods].map((key) => [key, taskOfClass(prototypes, key)]));
  if ([...found.values()].every((one) => one === undefined)) throw noTasks(self);
  const view = Object.create(null) as object;
  // What is no task is not listed, so that the view can be spread and printed; who asks for it by name is told.
  for (const [key, one] of found) {
    const get = one === undefined ? refusing(key, prototypes) : binding(self, one);
    Object.defineProperty(view, key, { get, enumerable: one !== undefined });
  }
  return Object.freeze(view);
}

function taskOfClass(prototypes: readonly object[], key: string | symbol): ClassTask | undefined {
  const nearest = prototypes[0] as object;
  let tasks = tasksByClass.get(nearest);
  if (tasks === undefined) {
    tasks = new Map();
    tasksByClass.set(nearest, tasks);
  }
  if (!tasks.has(key)) tasks.set(key, classTask(prototypes, key));
  return tasks.get(key);
}

function binding(self: object, found: ClassTask): () => Task<AnyArgs, unknown> {
  let bound: Task<AnyArgs, unknown> | undefined;
  return () => {
    bound ??= bindTask(self, found);
    return bound;
  };
}

function refusing(key: string | symbol, [nearest]: readonly object[]): () => never {
  return () => {
    throw notATask(nearest === undefined ? '' : classOf(nearest).name, key);
  };
}

function noTasks(self: unknown): MillraceError {
  return new MillraceError('NO_TASKS', `expected tasksOf(…) to get an instance of a class with @Task methods; got ${describe(self)}`, {
    hint: 'Write @Task() above the methods that are tasks, and tasksOf(this) inside the class.',
  });
}

function notATask(className: string, key: string | symbol): MillraceError {
  const name = String(key);
  return new MillraceError('NOT_A_TASK', `expected a method with @Task; '${name}' of ${className || 'the class'} is a plain method`, {
    hint: `Write @Task() above it, as the topmost decorator, or call this.${name}(…).`,
  });
}
