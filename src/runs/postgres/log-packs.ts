import type { LogRow } from '../../model/records.js';
import { LOG_LEVELS, logLimit } from '../look.js';
import type { LogFilter } from '../run-record.js';
import { inOrder, PACK_COLUMNS, packed, putPack, SPAN, seqsOf } from '../sqlite/log-packs.js';
import { type Direction, directionOf, joinedLines } from '../sqlite/log-search.js';
import { unpackReused } from '../sqlite/reused.js';
import type { SqlRow } from '../sqlite/statement.js';
import { inserted, insertInto } from './insert.js';
import { NUMBER } from './look-ups.js';
import { reusedOf } from './reused.js';
import type { Session, Sql } from './session.js';
import type { Parameter } from './values.js';

/** Lines of a log, in the same rows of many as in SQLite. */

const INSERT = insertInto('log_pack', PACK_COLUMNS, 'DO NOTHING');
const COLUMNS = PACK_COLUMNS.join(', ');
const NEARBY = `SELECT ${COLUMNS} FROM log_pack WHERE run = ${NUMBER} AND first_seq > ? AND first_seq <= ? AND last_seq >= ?`;

/** What becomes of the lines of a batch; those that are there already are left as they are. */
export class LogWriting {
  /** To be asked before it can be decided. */
  readonly questions: readonly Sql[];
  readonly #lines: readonly LogRow[];

  constructor(run: string, lines: readonly LogRow[]) {
    this.#lines = lines.length === 0 ? [] : inOrder(lines);
    const [first, last] = [this.#lines[0]?.seq ?? 0, this.#lines.at(-1)?.seq ?? 0];
    this.questions = lines.length === 0 ? [] : [[NEARBY, run, first - SPAN, last, first]];
  }

  /** @throws MillraceError `RECORD_VALUE_INVALID` */
  decide(run: number, [nearby = []]: readonly (readonly SqlRow[])[]): readonly Sql[] {
    const known = new Set(nearby.flatMap(seqsOf));
    const lines = known.size === 0 ? this.#lines : this.#lines.filter(({ seq }) => !known.has(seq));
    return inserted(INSERT, packed(lines), (into, pack) => putPack(into, run, pack));
  }
}

/** Rows of lines that are fetched at first. */
const FIRST_FETCH = 4;
const BEFORE_ALL = -1;

/** What the rows of one search have in common. */
interface Stream {
  readonly where: string;
  readonly values: readonly Parameter[];
}

/** Whatever is asked for, an index leads to the rows in order: a page costs its length and not that of the log. */
export async function findLogs(session: Session, run: string, filter: LogFilter): Promise<readonly LogRow[]> {
  const most = logLimit(filter.last ?? filter.limit);
  if (most === 0) return [];
  const direction = directionOf(filter);
  const after = filter.after ?? BEFORE_ALL;
  const found: (readonly LogRow[])[] = [];
  for (const stream of await streamsOf(session, run, filter)) found.push(await linesOf(session, run, stream, direction, after, most));
  return joinedLines(found, direction, most);
}

/** One for the whole log, or for a task; one for each level where only that is asked for. */
async function streamsOf(session: Session, run: string, { node, level, attempt }: LogFilter): Promise<readonly Stream[]> {
  const lowest = level === undefined ? 0 : LOG_LEVELS.indexOf(level);
  const ofAttempt: Stream = attempt === undefined ? { where: '', values: [] } : { where: ' AND attempt = ?', values: [attempt] };
  if (node === undefined && lowest === 0) return [ofAttempt];
  if (node === undefined) {
    const codes = LOG_LEVELS.map((_, code) => code).filter((code) => code >= lowest);
    return codes.map((code) => ({ where: ` AND level = ?${ofAttempt.where}`, values: [code, ...ofAttempt.values] }));
  }
  const ids = await nodesCalled(session, run, node);
  return [{ where: ` AND node = ANY(?::text[]) AND level >= ?${ofAttempt.where}`, values: [ids, lowest, ...ofAttempt.values] }];
}

/** The id of one task run, or the name of a task that may have had several. */
async function nodesCalled(session: Session, run: string, name: string): Promise<readonly string[]> {
  const [ids = [], packs = []] = await session.all([
    [`SELECT id FROM task_run WHERE run = ${NUMBER} AND task = ?`, run, name],
    reusedOf(run, { task: name }),
  ]);
  return [...new Set([name, ...ids.map(([id]) => id as string), ...unpackReused(packs, {}).map(({ id }) => id)])];
}

async function linesOf(
  session: Session,
  run: string,
  { where, values }: Stream,
  direction: Direction,
  after: number,
  most: number,
): Promise<readonly LogRow[]> {
  const sql = `SELECT ${COLUMNS} FROM log_pack WHERE run = ${NUMBER}${direction.bounds}${where} ${direction.order} LIMIT ?`;
  const search = direction.search(after, most, FIRST_FETCH);
  let step = search.next();
  while (!step.done) step = search.next(await session.rows(sql, run, ...step.value.bounds, ...values, step.value.count));
  return step.value;
}
