import { stripVTControlCharacters } from 'node:util';
import type { RunRecord } from '../runs/run-record.js';
import { LOG_LEVELS, type LogColumns } from './report-data.js';
import { cut } from './value-view.js';

export interface LogLimits {
  /** Lines from the beginning. @default 3000 */
  readonly head?: number;
  /** Lines from the end. @default 3000 */
  readonly tail?: number;
  /** Warnings and errors from between. @default 2000 */
  readonly loud?: number;
}

const LONGEST_LINE = 2_000;

/**
 * The beginning and the end of a run's log, and the warnings and errors of what lies between: a run may have logged a million lines, and no more of
 * them are read than are shown.
 * @param placeOf of the task run with an id
 */
export async function logColumns(
  record: RunRecord,
  run: string,
  runCreatedAt: number,
  placeOf: (id: string) => number | undefined,
  limits: LogLimits = {},
): Promise<LogColumns> {
  const { head = 3_000, tail = 3_000, loud = 2_000 } = limits;
  const first = await record.logs(run, { limit: head });
  const end = first.at(-1)?.seq ?? -1;
  const last = first.length < head ? end : await lastSeq(record, run, end);
  const tailFrom = Math.max(end, last - tail);
  const between = tailFrom > end ? await record.logs(run, { after: end, level: 'warn', limit: loud }) : [];
  const ending = last > end ? await record.logs(run, { after: tailFrom, limit: tail }) : [];
  const rows = [...first, ...between.filter(({ seq }) => seq <= tailFrom), ...ending];
  const total = last + 1;
  return {
    at: rows.map(({ at }) => Math.round((at - runCreatedAt) * 100) / 100),
    level: rows.map(({ level }) => LOG_LEVELS.indexOf(level)),
    task: rows.map(({ node }) => (node === undefined ? -1 : (placeOf(node) ?? -1))),
    attempt: rows.map(({ attempt }) => attempt ?? 0),
    text: rows.map(({ text }) => cut(stripVTControlCharacters(text), LONGEST_LINE)),
    total,
    gap: rows.length < total ? first.length - 1 : -1,
  };
}

/** The number of a log's last line, found by asking for single lines further and further on, and then between. */
async function lastSeq(record: RunRecord, run: string, known: number): Promise<number> {
  const next = async (after: number): Promise<number | undefined> => (await record.logs(run, { after, limit: 1 }))[0]?.seq;
  let low = known;
  let step = 10_000;
  for (let found = await next(low + step); found !== undefined; found = await next(low + step)) {
    low = found;
    step *= 2;
  }
  for (let high = low + step; low < high; ) {
    const middle = Math.floor((low + high) / 2);
    const found = await next(middle);
    if (found === undefined) high = middle;
    else low = found;
  }
  return low;
}
