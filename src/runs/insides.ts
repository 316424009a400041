import type { TaskRunRow } from '../model/records.js';
import type { TaskRunDetails } from './run-record.js';

/** A sub-flow of a run, with the task runs inside it at any depth, in order. */
export interface Inside {
  readonly around: TaskRunRow;
  readonly rows: readonly TaskRunDetails[];
}

/**
 * The sub-flows of a run by their places. Who takes one over takes its result alone: what ran inside is recorded with the run that executed it. When that
 * is removed, the newest that took it is handed what is here, as task runs of its own.
 * @param taskRuns all of the run, in order
 */
export function insidesOf(taskRuns: readonly TaskRunDetails[]): ReadonlyMap<number, Inside> {
  const byIndex = new Map(taskRuns.map((row) => [row.index, row]));
  const insides = new Map<number, { around: TaskRunRow; rows: TaskRunDetails[] }>();
  for (const row of taskRuns) {
    for (let at = around(row, byIndex); at !== undefined; at = around(at, byIndex)) {
      const known = insides.get(at.index);
      if (known) known.rows.push(row);
      else insides.set(at.index, { around: at, rows: [row] });
    }
  }
  // A map is never taken as a whole: each of its children is.
  for (const [index, { around: of, rows }] of insides) if (rows[0]?.id.startsWith(`${of.id}[`)) insides.delete(index);
  return insides;
}

function around({ parent }: TaskRunRow, byIndex: ReadonlyMap<number, TaskRunDetails>): TaskRunDetails | undefined {
  return parent === undefined ? undefined : byIndex.get(parent);
}

/**
 * What is inside a sub-flow, as rows of the run that took it: reused there, with the results that the maker has; it made no attempts.
 * @param taker the row that took it
 * @param free the first place of the taker's run at which there is nothing
 */
export function insideOf(taker: TaskRunRow, { around: of, rows }: Inside, maker: string, free: number): readonly TaskRunRow[] {
  const places = new Map(rows.map(({ index }, at) => [index, free + at]));
  return rows.map((row) => {
    const hasResult = row.artifacts.length > 0 || row.origin !== undefined;
    return {
      index: places.get(row.index) as number,
      id: `${taker.id}${row.id.slice(of.id.length)}`,
      task: row.task,
      label: row.label,
      parent: row.parent === of.index ? taker.index : places.get(row.parent as number),
      state: row.state === 'success' && hasResult ? 'cached' : row.state,
      nodeKey: row.nodeKey,
      cacheKey: row.cacheKey,
      attempts: 0,
      reason: hasResult ? taker.reason : row.reason,
      createdAt: taker.createdAt,
      startedAt: undefined,
      finishedAt: taker.finishedAt,
      error: row.error,
      upstream: row.upstream.flatMap((edge) => (places.has(edge.from) ? [{ ...edge, from: places.get(edge.from) as number }] : [])),
      inputs: row.inputs,
      checks: row.checks,
      // What was handed to the maker lies with the maker, wherever it was computed.
      origin: row.artifacts.length > 0 ? { run: maker, index: row.index } : row.origin,
    };
  });
}
