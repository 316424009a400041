import { findRun } from '../runtime/past/look-up.js';
import { openRecord } from './open-record.js';

/** @param run an id, or `<flow>/latest` @throws MillraceError `RUN_UNKNOWN`, `RUN_ID_INVALID` */
export async function flowOf(run: string): Promise<string> {
  await using project = await openRecord();
  return (await findRun(project.record, run)).flow;
}
