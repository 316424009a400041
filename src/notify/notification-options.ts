import { type Duration, toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import { nearest } from '../base/nearest.js';
import { checkOccasions, type NotificationOccasion, type ServiceNotification, type ServiceOccasion } from '../model/notification.js';

/** What every kind of notification can be told. */
export interface NotificationOptions {
  /** What is told; of a service's own news, by services alone. @default ['failure', 'deadline', 'crash', 'broken-file', 'refused', 'trouble'] */
  on?: readonly (NotificationOccasion | ServiceOccasion)[];
  /** Tries after the first, with waits of 1, 2, 4, 8, … seconds. @default 4 */
  retries?: number;
  /** For one try. @default '10s' */
  timeout?: Duration;
  /** For all tries and the waits between them; so long the process stays for it at most. @default '30s' */
  within?: Duration;
}

const COMMON = ['on', 'retries', 'timeout', 'within'];

/** A place to tell, with what all kinds have in common. @throws MillraceError `NOTIFICATION_INVALID` */
export function makeNotification(
  name: string,
  options: NotificationOptions,
  own: readonly string[],
  notify: ServiceNotification['notify'],
): ServiceNotification {
  const { on, retries, timeout, within } = options;
  for (const option of Object.keys(options)) {
    const known = [...COMMON, ...own];
    if (known.includes(option)) continue;
    const meant = nearest(option, known);
    throw invalid(`options that ${name} has`, `'${option}'`, meant === undefined ? `It has ${known.join(', ')}.` : `Did you mean '${meant}'?`);
  }
  checkOccasions(on, 'NOTIFICATION_INVALID');
  if (retries !== undefined && !(Number.isSafeInteger(retries) && retries >= 0))
    throw invalid("'retries' of a notification to be a whole number from 0", describe(retries));
  for (const duration of [timeout, within]) if (duration !== undefined) toMs(duration);
  return Object.freeze({
    name,
    ...(on === undefined ? {} : { on: Object.freeze([...on]) }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(within === undefined ? {} : { within }),
    notify,
  });
}

export function invalid(expected: string, got: string, hint?: string): MillraceError {
  return new MillraceError('NOTIFICATION_INVALID', `expected ${expected}; got ${got}`, hint === undefined ? {} : { hint });
}
