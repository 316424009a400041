import { InvalidArgumentError } from 'commander';
import { type Duration, toMs } from '../base/duration.js';

/** A date, a time (local unless it says otherwise), or how long ago: `2026-11-20`, `2026-11-20T09:30`, `12h`. In milliseconds since the epoch. */
export function parseMoment(text: string, now: number): number {
  if (/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(text)) return now - toMs(text as Duration);
  if (/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) {
    // A date alone would be taken for midnight in Greenwich.
    const at = new Date(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')).getTime();
    if (!Number.isNaN(at)) return at;
  }
  throw new InvalidArgumentError('Expected a date or time such as 2026-11-20 or 2026-11-20T09:30, or how long ago, such as 12h or 30d.');
}
