import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sweepTemporaryFiles } from '../base/atomic-file.js';
import { systemClock } from '../base/clock.js';

const A_DAY_MS = 86_400_000;

/**
 * Removes what writes of dead processes left behind in the store: at most once a day, beside the run, since a large store takes a while to
 * go through. A sweep that fails harms nobody; the next one comes.
 * @param leftovers removes what the record knows to be nobody's; not asked in a project that has just been made
 */
export async function sweepNowAndThen(home: string, leftovers: () => Promise<void> = async () => {}): Promise<void> {
  await onceADay(join(home, 'swept'), async (isFirst) => {
    await sweepTemporaryFiles(join(home, 'store'));
    if (!isFirst) await leftovers();
  });
}

/**
 * Remembered before it is done, so that processes that come meanwhile leave it, and not done where it cannot be remembered: in a folder that only looks at a
 * server, and has no project, it would be done at every look.
 * @param marker its own: what one process is told to do, another, which is not, must not put off
 */
export async function onceADay(marker: string, job: (isFirst: boolean) => Promise<void>): Promise<void> {
  const last = statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (systemClock.now() - last < A_DAY_MS) return;
  try {
    writeFileSync(marker, '');
  } catch {
    // A folder that cannot be written is told of by whoever must write to it.
    return;
  }
  try {
    await job(last === 0);
  } catch {
    unremember(marker, last);
  }
}

/** It is still to be done. */
function unremember(marker: string, last: number): void {
  try {
    if (last === 0) rmSync(marker);
    else utimesSync(marker, new Date(last), new Date(last));
  } catch {
    // Then it waits for a day.
  }
}
