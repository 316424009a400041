import { type CallTrace, traceCall } from '../flow/code-site.js';
import type { TaskOptions } from '../flow/task-type.js';
import type { MethodDecorator2 } from './decorator-types.js';
import { createTag } from './metadata.js';
import { misplaced, optionsOf, placementOf } from './placement.js';

// biome-ignore lint/suspicious/noExplicitAny: a decorator cannot know the method's signature
export type MethodTaskOptions = TaskOptions<any[], any>;

/** On the function object itself: the one thing that both kinds of decorators are handed. */
export const TASK_OPTIONS = createTag<MethodTaskOptions>('task');
/** Where the decorator was written, beside the method whose code is to be found. */
export const TASK_PLACE = createTag<CallTrace>('task.place');

/**
 * Marks a method as a task, with the options that `task()` takes. The method stays what it is: `this.clean(rows)` calls it there and then,
 * `tasksOf(this).clean(rows)` gives a future.
 * @throws MillraceError `DECORATOR_MISPLACED` above anything but a public method of instances, `DECORATOR_NOT_CALLED` for `@Task` alone
 */
export function Task(options?: MethodTaskOptions): MethodDecorator2;
export function Task(...args: readonly unknown[]): MethodDecorator2 {
  const options = optionsOf<MethodTaskOptions>('Task', args);
  const trace = traceCall(Task);
  const decorate = (...received: readonly unknown[]): void => {
    const place = placementOf(received);
    if (place.kind !== 'method' || place.isStatic || place.isPrivate) throw misplaced('Task', 'a public method of instances', place);
    TASK_OPTIONS.put(place.target as object, options);
    TASK_PLACE.put(place.target as object, trace);
  };
  return decorate as MethodDecorator2;
}
