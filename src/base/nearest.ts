import { createRequire } from 'node:module';

type Distance = (a: string, b: string) => number;

/** How much of a word may be mistyped and the word still be recognised: two letters of four, so that `laod` is `load`. */
const TOLERANCE = 0.5;

/** The candidate that was probably meant, or undefined when none is like it. */
export function nearest(wanted: string, candidates: readonly string[]): string | undefined {
  return nearestFew(wanted, candidates, 1)[0];
}

/** The candidates that may have been meant, likeliest first: those a few letters away, and those that begin with what was written. */
export function nearestFew(wanted: string, candidates: readonly string[], count: number): readonly string[] {
  // Loaded only when something went wrong: the usual run needs no guess.
  const { distance } = createRequire(import.meta.url)('fastest-levenshtein') as { distance: Distance };
  const lower = wanted.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, score: likeness(lower, candidate.toLowerCase(), distance) }))
    .filter(({ score }) => score <= TOLERANCE)
    .sort((a, b) => a.score - b.score)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** 0: equal; 1: nothing in common. */
function likeness(wanted: string, candidate: string, distance: Distance): number {
  if (wanted.length >= 3 && candidate.startsWith(wanted)) return TOLERANCE / 2;
  return distance(wanted, candidate) / Math.max(wanted.length, candidate.length, 1);
}
