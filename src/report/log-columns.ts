import { stripVTControlCharacters } from 'node:util';
import type { LogRow } from '../model/records.js';
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

const PAGE = 10_000;
const LONGEST_LINE = 2_000;

/**
 * The beginning and the end of a run's log, and the warnings and errors of what lies between. Page by page: a run may have logged a million
 * lines, and no more of them are held than are shown.
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
  const first: LogRow[] = [];
  const between: LogRow[] = [];
  let last: LogRow[] = [];
  let total = 0;
  for (let after: number | undefined; ; ) {
    const page = await record.logs(run, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    total += page.length;
    for (const row of page) (first.length < head ? first : last).push(row);
    if (last.length > tail) {
      const passed = last.slice(0, -tail).filter(({ level }) => level === 'warn' || level === 'error');
      between.push(...passed.slice(0, Math.max(0, loud - between.length)));
      last = last.slice(-tail);
    }
    after = page.at(-1)?.seq;
    if (page.length < PAGE || after === undefined) break;
  }
  const rows = [...first, ...between, ...last];
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
