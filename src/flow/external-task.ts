import type { Duration } from '../base/duration.js';
import { MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { ResultStore } from '../model/result-store.js';
import type { Serializer } from '../model/serializer.js';
import type { Target } from '../model/target.js';
import { checkName, task } from './task.js';
import type { Task } from './task-type.js';

export interface ExternalTaskOptions<R> {
  /** Where it is: a path with placeholders, an address such as `s3://bucket/key`, or a place that is no file. */
  target: string | Target<R>;
  /** What the path is relative to. @default the flow's store, else the project's root folder */
  store?: ResultStore;
  /** @default by the path's extension, else json() */
  serializer?: Serializer<R>;
  /** From one look to the next. @default '10s' */
  poll?: Duration;
  /** How long to wait; then the task run ends as `timed-out`. @default none */
  timeout?: Duration;
}

/**
 * Data that others make, as a task without a function: a call waits, without a slot, until the target is there and can be decoded, and gives what
 * it holds. It is read anew in each run; what comes after it counts it by its content.
 *
 * @example const prices = externalTask<Row[]>('prices', { target: 'incoming/{date:yyyy-MM-dd}.csv', timeout: '2h' });
 * @throws MillraceError `TARGET_INVALID`, `TASK_NAME_INVALID`, `TASK_OPTION_INVALID`
 */
export function externalTask<R>(name: string, options: ExternalTaskOptions<R>): Task<[], R> {
  checkName('task', name);
  refuseOtherOptions(options ?? {}, ['target', 'store', 'serializer', 'poll', 'timeout'], 'TASK_OPTION_INVALID', ` of '${name}'`);
  const { target, store, serializer, poll, timeout } = options ?? {};
  if (target === undefined) {
    throw new MillraceError('TASK_OPTION_INVALID', `expected externalTask('${String(name)}', { target }) to say where the data is; it does not`);
  }
  const made = task<[], R>(neverCalled(name), {
    name,
    target: target as string,
    ...(store === undefined ? {} : { store }),
    ...(serializer === undefined ? {} : { serializer }),
  });
  return made.external({ ...(poll === undefined ? {} : { poll }), ...(timeout === undefined ? {} : { timeout }) });
}

/** There is nothing to call, also where a task would be a plain function. */
function neverCalled(name: string): () => never {
  return () => {
    throw new MillraceError('EXTERNAL_NOT_CALLABLE', `'${name}' is made by others: inside a task it cannot be called`, {
      hint: `Call it in the flow's body and pass its result on.`,
    });
  };
}
