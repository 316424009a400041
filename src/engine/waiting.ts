import type { Clock } from '../base/clock.js';

/** What one look has come to. */
export type Seen<T> = { readonly found: { readonly value: T } } | { readonly found: undefined; readonly why: string; readonly cause?: unknown };
export type InVain = Extract<Seen<never>, { readonly found: undefined }>;

export interface Wait<T> {
  readonly clock: Clock;
  /** Ends the wait, also in the middle of a look. */
  readonly signal: AbortSignal;
  /** When it is given up: after one more look. Milliseconds since the epoch, or Infinity. */
  readonly until: number;
  look(): Promise<Seen<T>>;
  /** How long a look may go on when the time is up, in milliseconds. @default until it ends */
  readonly lastLookMs?: number;
  /** Milliseconds until the next look, after so many. */
  pauseAfter(looks: number): number;
  /** Told of each look but the last. */
  inVain(seen: InVain, looks: number): void;
  /** What is thrown when the time is up. */
  outOfTime(seen: InVain): Error;
}

/**
 * Looks, and looks again after a pause, until there is something: how everything that waits for the world outside waits.
 * @throws the reason of the signal; what `look` throws; `outOfTime()`, also when a look takes too long
 */
export async function waitFor<T>(wait: Wait<T>): Promise<T> {
  const { clock, signal, until, lastLookMs = Number.POSITIVE_INFINITY } = wait;
  let last: InVain = { found: undefined, why: 'the first look at it has not ended' };
  for (let looks = 1; ; looks++) {
    const seen = await within(wait, Math.max(until - clock.now(), lastLookMs), wait.look(), () => wait.outOfTime(last));
    if (seen.found !== undefined) return seen.found.value;
    last = seen;
    const left = until - clock.now();
    if (left <= 0) throw wait.outOfTime(seen);
    wait.inVain(seen, looks);
    await pause(clock, Math.min(wait.pauseAfter(looks), left), signal);
  }
}

/** What comes later than that, or after the signal, is nobody's business any more. */
export function within<T>({ clock, signal }: Pick<Wait<T>, 'clock' | 'signal'>, ms: number, coming: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = ms === Number.POSITIVE_INFINITY ? () => {} : clock.schedule(ms, () => end(() => reject(late())));
    const aborted = (): void => end(() => reject(signal.reason));
    const end = (settle: () => void): void => {
      stop();
      signal.removeEventListener('abort', aborted);
      settle();
    };
    coming.then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clock.schedule(ms, () => {
      signal.removeEventListener('abort', aborted);
      resolve();
    });
    const aborted = (): void => {
      stop();
      reject(signal.reason);
    };
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
}
