import { MillraceError } from '../base/error.js';
import type { ConcurrencyLimit } from '../model/concurrency-limit.js';

/** What a limit's name stands for. */
export type LimitMeaning = Pick<ConcurrencyLimit, 'max' | 'per'>;

/** For whoever made the run: what others meant by the name goes no longer. @param whose `another process` */
export function overruling(limit: ConcurrencyLimit, other: LimitMeaning, whose: string): string {
  const here = shown(limit);
  return `limit '${limit.name}' is ${shown(other)} for ${whose}, and ${here} here: from now on it is ${here} for both`;
}

/** Code `LIMIT_CONFLICT`. */
export function limitConflict(first: ConcurrencyLimit, second: ConcurrencyLimit): MillraceError {
  return new MillraceError('LIMIT_CONFLICT', `limit '${first.name}' has two meanings in this run: ${shown(first)}, and ${shown(second)}`, {
    hint: 'Make the limit once and share it, or give the two different names.',
  });
}

function shown({ max, per }: LimitMeaning): string {
  return per === undefined ? `${max} at once` : `${max} per ${typeof per === 'number' ? `${per} ms` : per}`;
}
