/** The only source of time, so that tests can hold it in their hands. */
export interface Clock {
  /** Milliseconds since the epoch, with fractions where the platform has them. */
  now(): number;
  /**
   * Calls back once after `ms` milliseconds; the returned function takes it back. With `idle` the wait does not keep the process alive.
   */
  schedule(ms: number, callback: () => void, options?: { readonly idle?: boolean }): () => void;
}

/** Milliseconds since the epoch, whole, as file systems count them; unlike `systemClock`, it follows a clock that is set. */
export function wallTime(): number {
  return Date.now();
}

/**
 * Milliseconds since this machine was started, not counting the time it slept: the same for all its processes, and nobody can set it. What two
 * processes of one machine are to agree on is told in this.
 */
export function bootTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const origin = performance.timeOrigin;

/** What a timer of Node can wait, 24.8 days; a longer one would go off at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

function scheduleInParts(ms: number, callback: () => void, options: { readonly idle?: boolean } | undefined): () => void {
  let cancel = systemClock.schedule(
    LONGEST_TIMER_MS,
    () => {
      cancel = systemClock.schedule(ms - LONGEST_TIMER_MS, callback, options);
    },
    options,
  );
  return () => cancel();
}

export const systemClock: Clock = {
  now: () => origin + performance.now(),
  schedule(ms, callback, options) {
    if (ms > LONGEST_TIMER_MS) return scheduleInParts(ms, callback, options);
    const timer = setTimeout(callback, ms);
    if (options?.idle) timer.unref();
    return () => clearTimeout(timer);
  },
};
