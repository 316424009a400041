import type { LogRow } from '../model/records.js';
import type { LogFilter, RunRecord } from './run-record.js';

const PAGE = 1_000;

/** Page by page: a run may have logged a million lines. Ends with the last that is there. */
export async function* logPages(record: RunRecord, run: string, filter: LogFilter): AsyncGenerator<readonly LogRow[]> {
  let { after, limit: left = Number.POSITIVE_INFINITY } = filter;
  while (left > 0) {
    const limit = Math.min(PAGE, left);
    const page = await record.logs(run, { ...filter, limit, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.seq;
    left -= page.length;
    if (page.length < limit) return;
  }
}

/**
 * The place of the last line before a time, -1 when there is none: lines come in the order of time, so it takes some twenty look-ups in a million.
 * @param since milliseconds since the epoch
 */
export async function placeBefore(record: RunRecord, run: string, since: number): Promise<number> {
  let before = -1;
  let [last] = (await record.logs(run, { last: 1 })).map(({ seq }) => seq);
  if (last === undefined) return before;
  while (before < last) {
    const middle = Math.floor((before + last) / 2);
    const [line] = await record.logs(run, { after: middle, limit: 1 });
    if (line !== undefined && line.at < since) before = line.seq;
    else last = middle;
  }
  return before;
}
