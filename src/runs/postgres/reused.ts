import type { TaskRunRow } from '../../model/records.js';
import { TASK_STATE_CODE } from '../../model/states.js';
import type { TaskRunFilter } from '../run-record.js';
import type { TaskRunsTold } from '../sqlite/origins.js';
import { COUNTED, columnValues, packable, packableColumns, packValues, REUSED, rangeAsked, rangeOf, WORTH_A_PACK } from '../sqlite/reused.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { Sql } from './session.js';
import type { Parameter } from './values.js';

/** Task runs that were answered by earlier results, packed as in SQLite: one row for those of one task that come in one batch. */

const INSERT = 'INSERT INTO reused (run, task, first_place, last_place, places, columns) VALUES (?, ?, ?, ?, ?, ?)';
const PACKED_NEARBY = 'SELECT places FROM reused WHERE run = (SELECT number FROM run WHERE id = ?) AND last_place >= ? AND first_place <= ?';
const HELD = 'SELECT place FROM task_run WHERE run = (SELECT number FROM run WHERE id = ?) AND place BETWEEN ? AND ? AND place = ANY(?::bigint[])';

/** What becomes of the task runs of a batch. */
export class ReusedWriting {
  /** To be asked before it can be decided. */
  readonly questions: readonly Sql[];

  constructor(run: string, { taskRuns = [], reused = [] }: TaskRunsTold) {
    const byColumn = reused.flatMap(({ index }) => index);
    const hits = taskRuns.filter(({ state }) => state === REUSED).map(({ index }) => index);
    const all = [...byColumn, ...taskRuns.map(({ index }) => index)];
    const packable = [...byColumn, ...hits];
    const packed: readonly Sql[] = all.length === 0 ? [] : [[PACKED_NEARBY, run, ...rangeOf(all)]];
    const held: readonly Sql[] = packable.length < WORTH_A_PACK ? [] : [[HELD, run, ...rangeOf(packable), packable]];
    this.questions = [...packed, ...held];
  }

  /**
   * @param told those that were asked about
   * @returns `rest`: what is to be written one by one, without what a pack holds already, for a final state never changes (S10)
   * @throws MillraceError `DIGEST_INVALID`, `RECORD_VALUE_INVALID`
   */
  decide(
    run: number,
    [nearby = [], held = []]: readonly (readonly SqlRow[])[],
    { taskRuns = [], reused = [] }: TaskRunsTold,
  ): { packs: readonly Sql[]; rest: readonly TaskRunRow[] } {
    const packed = new Set(nearby.flatMap(([places]) => JSON.parse(places as string) as number[]));
    const contested = new Set(held.map(([place]) => place as number));
    const columns = packableColumns(reused, [packed, contested]);
    const rows = [...columns.rest, ...taskRuns];
    const left = packed.size === 0 ? rows : rows.filter(({ index }) => !packed.has(index));
    const isWorthIt = left.filter(({ state }) => state === REUSED).length >= WORTH_A_PACK;
    const { packs, rest } = isWorthIt ? packable(left, contested) : { packs: [], rest: left };
    return {
      packs: [
        ...columns.packs.map((pack): Sql => [INSERT, run, pack.task, ...columnValues(pack)]),
        ...packs.map(([task, same]): Sql => [INSERT, run, task, ...packValues(same)]),
      ],
      rest,
    };
  }
}

/** For `unpackReused`. */
export function reusedOf(run: string, filter: TaskRunFilter): Sql {
  const select = 'SELECT task, places, columns FROM reused WHERE run = (SELECT number FROM run WHERE id = ?)';
  const { state, task, within, indexes } = filter;
  if (state !== undefined && state !== REUSED) return [`${select} AND false`, run];
  const parts: (readonly [sql: string, ...values: readonly Parameter[]])[] = [];
  if (task !== undefined) parts.push(['task = ?', task]);
  if (within !== undefined || indexes !== undefined) parts.push(['last_place >= ? AND first_place <= ?', ...rangeAsked(filter)]);
  if (indexes !== undefined)
    parts.push(['EXISTS (SELECT 1 FROM json_array_elements_text(places::json) held (place) WHERE place::bigint = ANY(?::bigint[]))', indexes]);
  return [[select, ...parts.map(([sql]) => sql)].join(' AND '), run, ...parts.flatMap(([, ...values]) => values)];
}

/** How many task runs of a run that crashed, by its number, are in each state, the packed ones too, but for its maps. */
export function countCrashed(run: number): Sql {
  return counting('?', { single: ` AND ${COUNTED}` }, [run]);
}

/** How many task runs of a run, by its id, are in each state: of a task or of all. */
export function taskRunsCounted(run: string, task: string | undefined): Sql {
  const ofTask = ' AND task = ?';
  return task === undefined ? counting(NUMBER, {}, [run]) : counting(NUMBER, { single: ofTask, packed: ofTask }, [run, task]);
}

const NUMBER = '(SELECT number FROM run WHERE id = ?)';

function counting(
  run: string,
  { single = '', packed = '' }: { readonly single?: string; readonly packed?: string },
  values: readonly Parameter[],
): Sql {
  const rows = `SELECT state, count(*) AS count FROM task_run WHERE run = ${run}${single} GROUP BY state`;
  const packs = `SELECT ?::bigint, sum(json_array_length(places::json)) FROM reused WHERE run = ${run}${packed}`;
  const sql = `SELECT state, sum(count) FROM (${rows} UNION ALL ${packs}) AS counted (state, count) WHERE count > 0 GROUP BY state ORDER BY state`;
  return [sql, ...values, TASK_STATE_CODE[REUSED], ...values];
}
