import type { RunRow } from '../../model/records.js';
import { runLimit } from '../look.js';
import type { RunFilter } from '../run-record.js';
import type { MemoryRun } from './memory-run.js';

/**
 * The runs that a filter is for, newest first.
 * @param before only runs older than this one
 * @throws MillraceError `LIMIT_INVALID`
 */
export function findRuns(runs: Iterable<MemoryRun>, filter: RunFilter, before: MemoryRun | undefined): readonly RunRow[] {
  return [...runs]
    .filter((run) => matches(run.row, filter) && (before === undefined || newestRunFirst(before, run) < 0))
    .sort(newestRunFirst)
    .slice(0, runLimit(filter.limit))
    .map(({ row }) => row);
}

/** Names of the flows that have runs, as a database orders text. */
export function flowNames(runs: Iterable<MemoryRun>): readonly string[] {
  return [...new Set([...runs].map(({ row }) => row.flow))].sort(byBytes);
}

export function newestRunFirst(a: MemoryRun, b: MemoryRun): number {
  return b.row.createdAt - a.row.createdAt || b.number - a.number;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function matches(row: RunRow, { flow, state, tags, params, since, until, parentRun }: RunFilter): boolean {
  return (
    (flow === undefined || row.flow === flow) &&
    (state === undefined || row.state === state) &&
    (since === undefined || row.createdAt >= since) &&
    (until === undefined || row.createdAt < until) &&
    (parentRun === undefined || row.parentRun === parentRun) &&
    (tags ?? []).every((tag) => row.tags.includes(tag) || row.systemTags?.includes(tag)) &&
    Object.entries(params ?? {}).every(([name, texts]) => texts.some((text) => text === row.params[name]))
  );
}
