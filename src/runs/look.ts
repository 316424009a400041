import { describe, MillraceError } from '../base/error.js';
import type { LogLevel } from '../model/event.js';
import type { RunRow } from '../model/records.js';
import type { Amount, Removal, RunAmendment } from './run-record.js';

/** What every record decides alike about looking things up. */

const DEFAULT_RUN_LIMIT = 20;
const DEFAULT_LOG_LIMIT = 10_000;

/** By rising weight; a level's place is its code in the record: only ever append. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export function runLimit(limit: number | undefined): number {
  return checkLimit(limit ?? DEFAULT_RUN_LIMIT);
}

export function logLimit(limit: number | undefined): number {
  return checkLimit(limit ?? DEFAULT_LOG_LIMIT);
}

/** `<flow>/latest` names the newest run of a flow; run ids hold no slash, so nothing else can be meant. */
export function latestOf(id: string): string | undefined {
  return id.endsWith('/latest') ? id.slice(0, -'/latest'.length) : undefined;
}

export function runUnknown(id: string): MillraceError {
  return new MillraceError('RUN_UNKNOWN', `the record has no run ${describe(id)}`, { hint: 'List the runs there are with `millrace runs`.' });
}

export function runExists(id: string): MillraceError {
  return new MillraceError('RUN_EXISTS', `the record already has a run ${describe(id)}`);
}

/** @throws MillraceError `OWNER_FENCED` */
export function checkEpoch(run: string, writer: number, current: number): void {
  if (writer !== current) throw ownerFenced(run, `it is at epoch ${current}, and a write under epoch ${writer} is refused`);
}

export function ownerFenced(run: string, how: string): MillraceError {
  return new MillraceError('OWNER_FENCED', `run ${describe(run)} was taken from this process, which had given no sign of life: ${how}`, {
    hint: 'A process that stands still for half a minute is believed gone. What it had recorded before is kept; resume the run to go on.',
  });
}

/** The run's row with the amendment made. */
export function amended(run: RunRow, { addTags = [], removeTags = [], addNote, removeNote }: RunAmendment): RunRow {
  const removed = new Set(removeTags);
  const tags = [...new Set([...run.tags.filter((tag) => !removed.has(tag)), ...addTags])];
  const notes = (run.notes ?? []).filter((_, place) => place !== removeNote);
  if (addNote !== undefined) notes.push(addNote);
  const { notes: _, ...rest } = run;
  return { ...rest, tags, ...(notes.length === 0 ? undefined : { notes }) };
}

const NONE: Amount = Object.freeze({ count: 0, bytes: 0 });
/** A removal that removed nothing. */
export const NOTHING: Removal = Object.freeze({ removed: [], left: [], freed: NONE, freedFiles: NONE, pendingFiles: NONE });

export function recordClosed(location: string): MillraceError {
  return new MillraceError('RECORD_CLOSED', `the record ${location} was used after it was closed`);
}

function checkLimit(limit: number): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 0)) return limit;
  throw new MillraceError('LIMIT_INVALID', `expected limit to be a whole number from 0, or Infinity; got ${describe(limit)}`);
}
