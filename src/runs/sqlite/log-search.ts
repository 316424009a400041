import type { LogRow } from '../../model/records.js';
import { SPAN, unpackLines } from './log-packs.js';
import type { SqlRow } from './statement.js';

/** How lines of a log are found among rows of many, whatever fetches the rows and however long that takes. */

/** Rows that are to be fetched: the values of the direction's `bounds`, and how many rows at most. */
export interface PackRequest {
  readonly bounds: readonly number[];
  readonly count: number;
}

/** Asks for rows until it has the lines. */
export type LogSearch = Generator<PackRequest, readonly LogRow[], readonly SqlRow[]>;

export interface Direction {
  /** Which rows, as the end of a WHERE. */
  readonly bounds: string;
  readonly order: string;
  /** @param after only lines of a greater `seq` @param most so many lines @param few rows that are fetched at first */
  readonly search: (after: number, most: number, few: number) => LogSearch;
}

/** The first lines. */
const FORWARDS: Direction = { bounds: ' AND first_seq > ? AND last_seq > ?', order: 'ORDER BY first_seq', search: firstLines };
/** The last ones, in order all the same. */
const BACKWARDS: Direction = {
  bounds: ' AND first_seq > ? AND first_seq < ? AND last_seq > ?',
  order: 'ORDER BY first_seq DESC',
  search: lastLines,
};

export function directionOf({ last }: { readonly last?: number | undefined }): Direction {
  return last === undefined ? FORWARDS : BACKWARDS;
}

/** What several searches found, as one. */
export function joinedLines(found: readonly (readonly LogRow[])[], direction: Direction, most: number): readonly LogRow[] {
  if (found.length === 1) return found[0] as readonly LogRow[];
  const all = found.flat().sort(bySeq);
  return direction === FORWARDS ? all.slice(0, most) : all.slice(-most);
}

/** Each further time twice as many rows are fetched, up to so many. */
const MOST_FETCHED = 256;

/** Rows come by their first line; those that began before `after` may reach beyond it. */
function* firstLines(after: number, most: number, few: number): LogSearch {
  const lines: LogRow[] = [];
  let from = after - SPAN;
  for (let count = few; ; count = Math.min(2 * count, MOST_FETCHED)) {
    const packs = yield { bounds: [from, after], count };
    for (const pack of packs) for (const line of unpackLines(pack)) if (line.seq > after) lines.push(line);
    lines.sort(bySeq);
    if (packs.length < count) return lines.slice(0, most);
    from = firstOf(packs.at(-1) as SqlRow);
    // What is yet to come begins after the last that is wanted.
    if (lines.length >= most && from >= (lines[most - 1] as LogRow).seq) return lines.slice(0, most);
  }
}

/** From the end backwards: a row that began earlier may still reach into what is wanted, but not over more than `SPAN`. */
function* lastLines(after: number, most: number, few: number): LogSearch {
  let lines: LogRow[] = [];
  let before = Number.MAX_SAFE_INTEGER;
  let least = after;
  for (let count = few; ; count = Math.min(2 * count, MOST_FETCHED)) {
    const packs = yield { bounds: [least - SPAN, before, least], count };
    for (const pack of packs) for (const line of unpackLines(pack)) if (line.seq > least) lines.push(line);
    lines = lines.sort(bySeq).slice(-most);
    if (packs.length < count) return lines;
    before = firstOf(packs.at(-1) as SqlRow);
    if (lines.length === most) least = (lines[0] as LogRow).seq;
  }
}

function firstOf(pack: SqlRow): number {
  return pack[1] as number;
}

function bySeq(a: LogRow, b: LogRow): number {
  return a.seq - b.seq;
}
