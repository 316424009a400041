import type { LogRow } from '../../model/records.js';
import { LOG_LEVELS, logLimit } from '../look.js';
import type { LogFilter } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import { PACK_COLUMNS } from './log-packs.js';
import { type Direction, directionOf, joinedLines } from './log-search.js';
import { findReused } from './reused.js';
import type { SqlValue } from './statement.js';

const COLUMNS = PACK_COLUMNS.join(', ');
/** Rows of lines that are fetched at first. */
const FIRST_FETCH = 2;
/** The rows of more task runs than that are sought in the order of the log, not by task run. */
const FEW_NODES = 5_000;
/** So few are sought one by one. */
const ONE_BY_ONE = 32;
const BEFORE_ALL = -1;

/** What the rows of one search have in common. */
interface Stream {
  /** Told, because SQLite would rather walk the whole log in its order than trust in an index of which it knows nothing. */
  readonly index: '' | 'log_pack_by_level' | 'log_pack_by_node';
  readonly where: string;
  readonly values: readonly SqlValue[];
}

/** Whatever is asked for, an index leads to the rows in order: a page costs its length and not that of the log. */
export function findLogs(connection: SqliteConnection, id: string, filter: LogFilter): readonly LogRow[] {
  const run = connection.prepare('SELECT number FROM run WHERE id = ?').get([id])?.[0] as number | undefined;
  const most = logLimit(filter.last ?? filter.limit);
  if (run === undefined || most === 0) return [];
  const direction = directionOf(filter);
  const after = filter.after ?? BEFORE_ALL;
  const found = streamsOf(connection, run, filter).map((stream) => linesOf(connection, run, stream, direction, after, most));
  return joinedLines(found, direction, most);
}

/** One for the whole log, or for a task; one for each level where only that is asked for. */
function streamsOf(connection: SqliteConnection, run: number, { node, level, attempt }: LogFilter): readonly Stream[] {
  const lowest = level === undefined ? 0 : LOG_LEVELS.indexOf(level);
  const [ofAttempt, attempts]: readonly [string, readonly SqlValue[]] = attempt === undefined ? ['', []] : [' AND attempt = ?', [attempt]];
  if (node === undefined && lowest === 0) return [{ index: '', where: ofAttempt, values: attempts }];
  if (node === undefined) {
    const levels = LOG_LEVELS.map((_, code) => code).filter((code) => code >= lowest);
    return levels.map((code) => ({ index: 'log_pack_by_level', where: ` AND level = ?${ofAttempt}`, values: [code, ...attempts] }));
  }
  const ids = nodesCalled(connection, run, node);
  const rest = ` AND level >= ?${ofAttempt}`;
  if (ids.length <= ONE_BY_ONE)
    return ids.map((id) => ({ index: 'log_pack_by_node', where: ` AND node = ?${rest}`, values: [id, lowest, ...attempts] }));
  const within: SqlValue[] = ids.length > FEW_NODES ? [JSON.stringify(ids)] : [run, JSON.stringify(ids)];
  return [{ index: '', where: amongNodes(ids.length) + rest, values: [...within, lowest, ...attempts] }];
}

function amongNodes(count: number): string {
  const ids = '(SELECT value FROM json_each(?))';
  // Places first, which an index holds: sorting whole rows would copy their texts.
  return count > FEW_NODES
    ? ` AND +node IN ${ids}`
    : ` AND first_seq IN (SELECT first_seq FROM log_pack INDEXED BY log_pack_by_node WHERE run = ? AND node IN ${ids})`;
}

/** The id of one task run, or the name of a task that may have had several. */
function nodesCalled(connection: SqliteConnection, run: number, name: string): readonly string[] {
  const ids = connection.prepare('SELECT id FROM task_run WHERE run = ? AND task = ?').all([run, name]);
  const reused = findReused(connection, run, { task: name });
  return [...new Set([name, ...ids.map((row) => row[0] as string), ...reused.map((row) => row.id)])];
}

function linesOf(connection: SqliteConnection, run: number, stream: Stream, direction: Direction, after: number, most: number): readonly LogRow[] {
  const { index, where, values } = stream;
  const from = `log_pack${index === '' ? '' : ` INDEXED BY ${index}`}`;
  const statement = connection.prepare(`SELECT ${COLUMNS} FROM ${from} WHERE run = ?${direction.bounds}${where} ${direction.order} LIMIT ?`);
  const search = direction.search(after, most, FIRST_FETCH);
  let step = search.next();
  while (!step.done) step = search.next(statement.all([run, ...step.value.bounds, ...values, step.value.count]));
  return step.value;
}
