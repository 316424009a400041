import { MillraceError } from '../base/error.js';
import type { RunRow } from '../model/records.js';
import type { RunFilter, RunRecord } from './run-record.js';

const PAGE = 100;

/** Runs newest first, however many there are. Pages go by key, so that runs which are added meanwhile shift nothing. */
export async function* everyRun(record: RunRecord, filter: Omit<RunFilter, 'before' | 'limit'> = {}): AsyncGenerator<RunRow> {
  for (let last: RunRow | undefined; ; ) {
    const page = await runsAfter(record, { ...filter, limit: PAGE }, last);
    yield* page;
    if (page.length < PAGE) return;
    last = page.at(-1);
  }
}

/** The next page: those that come after this run, also when that was removed meanwhile. */
export async function runsAfter(record: RunRecord, filter: RunFilter, last: RunRow | undefined): Promise<readonly RunRow[]> {
  if (last === undefined) return await record.runs(filter);
  try {
    return await record.runs({ ...filter, before: last.id });
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'RUN_UNKNOWN') throw error;
    // Its time says where to go on.
    const { before: _, ...rest } = filter;
    return await record.runs({ ...rest, until: last.createdAt });
  }
}
