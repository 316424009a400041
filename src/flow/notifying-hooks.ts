import { checkNotifications, type Notification, type NotificationOccasion, wants } from '../model/notification.js';
import type { TaskContext } from '../model/task-context.js';
import type { TaskHooks } from '../model/task-hooks.js';
import { flowRuntime } from './flow-runtime.js';

/** A task's `notify` as the engine knows it. @throws MillraceError `TASK_OPTION_INVALID` */
export function notifyingHooks(notify: Notification | readonly Notification[]): TaskHooks<unknown> | undefined {
  const all = checkNotifications(notify, 'TASK_OPTION_INVALID', ' of a task');
  const hookFor = (occasion: NotificationOccasion): ((task: TaskContext, error?: unknown) => void) | undefined => {
    const to = all.filter((one) => wants(one, occasion));
    return to.length === 0 ? undefined : (task, error) => flowRuntime().notify({ occasion, to, task, error });
  };
  const onSuccess = hookFor('success');
  const onFailure = hookFor('failure');
  const onRetry = hookFor('retry');
  return Object.freeze({
    ...(onSuccess && { onSuccess: (task: TaskContext) => onSuccess(task) }),
    ...(onFailure && { onFailure }),
    ...(onRetry && { onRetry }),
  });
}
