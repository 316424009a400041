/** Starts of a rate, by time: `[milliseconds since the epoch, how many]`, oldest first. */
export type Starts = readonly (readonly [at: number, count: number])[];

/** A window is kept in so many steps at most: a start counts for up to a thousandth of the period longer than it would. */
const STEPS = 1_000;

/** Those that count at `now`, and the new ones. A clock that was set back makes nothing count for longer than a period. */
export function withStarts(known: Starts, added: readonly number[], periodMs: number, now: number): Starts {
  const step = Math.max(1, Math.floor(periodMs / STEPS));
  const counts = new Map<number, number>();
  const note = (at: number, count: number): void => {
    const place = Math.ceil(Math.min(at, now) / step) * step;
    counts.set(place, (counts.get(place) ?? 0) + count);
  };
  for (const [at, count] of known) if (at + periodMs > now) note(at, count);
  for (const at of added) if (at + periodMs > now) note(at, 1);
  return [...counts].sort(([one], [other]) => one - other);
}

export function startsIn(starts: Starts): number {
  return starts.reduce((sum, [, count]) => sum + count, 0);
}

/** How long until so many of them count no more, in milliseconds; Infinity when there are not so many. */
export function openIn(starts: Starts, needed: number, periodMs: number, now: number): number {
  let gone = 0;
  for (const [at, count] of starts) {
    gone += count;
    if (gone >= needed) return Math.max(at + periodMs - now, 0);
  }
  return Number.POSITIVE_INFINITY;
}
