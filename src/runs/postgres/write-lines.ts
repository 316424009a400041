import { checkEpoch, runUnknown } from '../look.js';
import type { LineBatch } from './line-messages.js';
import { LogWriting } from './log-packs.js';
import type { Session } from './session.js';

/**
 * Nobody removes the run meanwhile. A batch of the same process may have locked the row and cannot go on, since the process waits for these lines: it does not
 * have to, for a lock of this kind goes together with that one.
 */
const HOLD_RUN = 'SELECT number, epoch FROM run WHERE id = ? FOR KEY SHARE';

/**
 * Inside a transaction, which it commits: lines alone, in two round trips. Writing the same ones again changes nothing.
 * @throws MillraceError `RUN_UNKNOWN`, `OWNER_FENCED`, `RECORD_VALUE_INVALID`
 */
export async function writeLines(session: Session, { run, epoch, logs }: LineBatch): Promise<void> {
  const writing = new LogWriting(run, logs);
  const [[found] = [], ...answers] = await session.all([[HOLD_RUN, run], ...writing.questions]);
  if (found === undefined) throw runUnknown(run);
  checkEpoch(run, epoch, found[1] as number);
  await session.allAndCommit(writing.decide(found[0] as number, answers));
}
