import { join } from 'node:path';
import type { Duration } from '../../base/duration.js';
import { toMs } from '../../base/duration.js';
import { describe, MillraceError } from '../../base/error.js';
import { onceADay } from '../sweep.js';
import { type PruneOptions, pruneRuns, type Tidied } from './removal.js';

/**
 * How long runs are kept, as `MILLRACE_RETENTION` says: `30d`, or `30d,keep=10` for the newest ten of each flow besides, or `keep=100`.
 * @throws MillraceError `RETENTION_INVALID`
 */
export function parseRetention(text: string): Pick<PruneOptions, 'olderThan' | 'keep'> {
  const rule: { olderThan?: Duration; keep?: number } = {};
  for (const part of text.split(',').map((one) => one.trim())) {
    const keep = /^keep=(\d+)$/.exec(part)?.[1];
    if (keep !== undefined) rule.keep = Number(keep);
    else if (isDuration(part)) rule.olderThan = part;
    else {
      throw new MillraceError('RETENTION_INVALID', `expected MILLRACE_RETENTION to be such as 30d, 30d,keep=10 or keep=100; got ${describe(text)}`);
    }
  }
  return rule;
}

function isDuration(text: string): text is Duration & string {
  try {
    return toMs(text as Duration) > 0;
  } catch {
    return false;
  }
}

/**
 * Removes, once a day and beside whatever the process does, the runs that are kept no longer. What comes back resolves when that is done.
 * @throws MillraceError `RETENTION_INVALID`
 */
export function keepTo(retention: string, { home, ...project }: Tidied & { readonly home: string }): Promise<void> {
  const rule = parseRetention(retention);
  return onceADay(join(home, 'pruned'), async () => void (await pruneRuns(project, rule)));
}
