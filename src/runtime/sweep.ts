import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sweepTemporaryFiles } from '../base/atomic-file.js';
import { systemClock } from '../base/clock.js';

const A_DAY_MS = 86_400_000;

/**
 * Removes what writes of dead processes left behind in the store: at most once a day, beside the run, since a large store takes a while to
 * go through. A sweep that fails harms nobody; the next one comes.
 * @param tidyUp what else is done once a day; not in a project that has just been made
 */
export async function sweepNowAndThen(home: string, tidyUp: () => Promise<void> = async () => {}): Promise<void> {
  const marker = join(home, 'swept');
  const last = statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (systemClock.now() - last < A_DAY_MS) return;
  try {
    await sweepTemporaryFiles(join(home, 'store'));
    if (last > 0) await tidyUp();
    writeFileSync(marker, '');
  } catch {
    // A folder that cannot be written is told of by whoever must write to it.
  }
}
