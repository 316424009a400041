import type { Duration } from '../../base/duration.js';
import { toMs } from '../../base/duration.js';
import { describe, MillraceError } from '../../base/error.js';
import { type PruneOptions, pruneRuns, removeLeftovers, type Tidied } from './removal.js';

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

/** What is done once a day beside a run. */
export async function tidyUp(project: Tidied, retention: string | undefined): Promise<void> {
  if (retention) await pruneRuns(project, parseRetention(retention));
  await removeLeftovers(project);
}
