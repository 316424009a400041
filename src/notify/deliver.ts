import type { Clock } from '../base/clock.js';
import { type Duration, toMs } from '../base/duration.js';
import { asError, MillraceError } from '../base/error.js';
import type { Notification, NotificationEvent, ServiceNews, ServiceNotification } from '../model/notification.js';

const RETRIES = 4;
const TIMEOUT: Duration = '10s';
const WITHIN: Duration = '30s';
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** So that many who failed together do not come back together. */
const JITTER = 0.25;

export interface DeliveryParts {
  readonly clock: Clock;
  /** From 0 to below 1. */
  random(): number;
}

/** What came of it: undefined, it was delivered; else why not, and after how many tries. */
export type Undelivered = { readonly attempts: number; readonly error: Error } | undefined;

/** How long a notification may take in all, in milliseconds. */
function patienceOf({ within = WITHIN }: Pick<Notification, 'within'>): number {
  return toMs(within);
}

/**
 * Delivers one event to one place, trying again what may come right: with waits of 1, 2, 4, 8, … seconds, or as long as the receiver asks, as far as
 * `within` allows. Never throws.
 */
export function deliver(notification: Notification, event: NotificationEvent, parts: DeliveryParts): Promise<Undelivered>;
export function deliver(notification: ServiceNotification, event: NotificationEvent | ServiceNews, parts: DeliveryParts): Promise<Undelivered>;
export async function deliver(
  notification: ServiceNotification,
  event: NotificationEvent | ServiceNews,
  { clock, random }: DeliveryParts,
): Promise<Undelivered> {
  const { retries = RETRIES, timeout = TIMEOUT } = notification;
  const end = clock.now() + patienceOf(notification);
  for (let attempt = 1; ; attempt++) {
    try {
      await once(notification, event, attempt, Math.min(toMs(timeout), Math.max(0, end - clock.now())), clock);
      return undefined;
    } catch (thrown) {
      const error = asError(thrown);
      const waitMs = askedFor(error) ?? backoff(attempt, random);
      if (isFinal(error) || attempt > retries || clock.now() + waitMs >= end) return { attempts: attempt, error };
      await new Promise<void>((resolve) => clock.schedule(waitMs, resolve));
    }
  }
}

/** Settles when the time for it is over, whatever becomes of it. */
function once(notification: ServiceNotification, event: NotificationEvent | ServiceNews, attempt: number, ms: number, clock: Clock): Promise<void> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    const forget = clock.schedule(ms, () => {
      const reason = new MillraceError('NOTIFICATION_TIMED_OUT', `expected it to be delivered within ${Math.round(ms)} ms; it was not`);
      reject(reason);
      controller.abort(reason);
    });
    const told = (async () => await notification.notify(event, { attempt, signal: controller.signal }))();
    told.then(resolve, reject).finally(forget);
  });
}

/** What a try may say of the next: by its fields, since another copy of the package may have thrown it. */
type Hints = Error & { readonly code?: unknown; readonly isFinal?: unknown; readonly retryAfterMs?: unknown };

/** Another try would come to the same. */
function isFinal({ name, code, isFinal }: Hints): boolean {
  return name === 'Fail' || code === 'SECRET_MISSING' || isFinal === true;
}

function askedFor({ retryAfterMs }: Hints): number | undefined {
  return typeof retryAfterMs === 'number' ? retryAfterMs : undefined;
}

function backoff(attempt: number, random: () => number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempt - 1, 16), LONGEST_WAIT_MS) * (1 + random() * JITTER);
}
