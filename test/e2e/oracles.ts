import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { expect } from 'vitest';
import { sweepTemporaryFiles } from '../../src/base/atomic-file.js';
import type { RunRow } from '../../src/model/records.js';
import { bytes } from '../../src/results/formats/bytes.js';
import { localStore } from '../../src/results/local-store.js';
import { createResultKeeper } from '../../src/results/result-keeper.js';
import { openPostgresRecord } from '../../src/runs/postgres/postgres-record.js';
import type { RunRecord } from '../../src/runs/run-record.js';
import { openSqliteRecord } from '../../src/runs/sqlite/sqlite-record.js';
import { withOrigins } from '../../src/runs/with-origins.js';

/** What must hold after any fault (O1 to O6 of the tests of faults), looked at from outside: in the record, the store and a ledger that knows neither. */

/** Small, and the same everywhere: a failure can be repeated with its seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

export type Counts = ReadonlyMap<string, number>;

/** How often each line is in the ledger: what ran, whoever lived to tell. */
export function linesOf(ledger: string): Counts {
  const counts = new Map<string, number>();
  if (!existsSync(ledger)) return counts;
  for (const line of readFileSync(ledger, 'utf8').split('\n')) if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** One project: its folder, and its record where that is on a server. */
export interface Place {
  readonly folder: string;
  readonly url?: string | undefined;
}

export interface Seen {
  /** By line of the ledger, how many results of it are recorded: what is there is not to be computed again. */
  readonly recorded: Counts;
  /** `done <run> <task run>`, as the ledger says it. */
  readonly done: ReadonlySet<string>;
  /** The newest first. */
  readonly runs: readonly RunRow[];
}

/** As in `victim.mjs`. */
const PIECES = { ...bytes(), name: 'pieces', ext: 'bin' };

const OPEN = ['running', 'queued', 'pending', 'retrying'];

/** What the record says when nobody is at work; fails where it contradicts an oracle. A record that was not made yet says nothing. */
export async function lookAt({ folder, url }: Place): Promise<Seen> {
  const database = join(folder, '.millrace', 'millrace.db');
  if (url === undefined && !existsSync(database)) return { recorded: new Map(), done: new Set(), runs: [] };
  if (url === undefined) expect(integrityOf(database), 'O4').toBe('ok');
  // Opened afresh and closed: the victim that comes next finds the files as the kill has left them.
  const record = await (url === undefined ? openSqliteRecord({ path: database }) : openPostgresRecord(url));
  try {
    return await seenIn(record, folder);
  } finally {
    await record[Symbol.asyncDispose]();
  }
}

async function seenIn(record: RunRecord, folder: string): Promise<Seen> {
  const keeper = createResultKeeper({ store: localStore(join(folder, '.millrace', 'store')), readInline: (digests) => record.inline(digests) });
  const recorded = new Map<string, number>();
  const done = new Set<string>();
  const runs = await record.runs({ limit: 1_000 });
  for (const run of runs) {
    expect(OPEN, `O4: run ${run.id} has no owner any more`).not.toContain(run.state);
    for (const { id, task, state, artifacts, inputs } of await withOrigins(record, await record.taskRuns(run.id))) {
      expect(OPEN, `O4: ${id} of run ${run.id}`).not.toContain(state);
      if (state === 'success') done.add(`done ${run.id} ${id}`);
      if (artifacts.length === 0 || artifacts.some(({ ref }) => ref.uri.includes('rows.db'))) continue;
      const line = lineOf(task, inputs);
      const value = await keeper.load(artifacts, {
        serializer: task === 'spooled' ? PIECES : undefined,
        outputs: undefined,
        store: localStore(folder),
      });
      expect(isTrueOf(line, value), `O1: ${id} of run ${run.id} is '${line}'`).toBe(true);
      if (state === 'success') recorded.set(`ran ${line}`, (recorded.get(`ran ${line}`) ?? 0) + 1);
    }
  }
  return { recorded, done, runs };
}

/** What a task run notes in the ledger; calls whose lines are told apart by nothing are counted. */
export function lineOf(task: string, inputs: Readonly<Record<string, { readonly shown?: string }>> | undefined): string {
  const index = inputs?.index?.shown;
  return index === undefined ? task : `${task} ${index}`;
}

/** Every text that a result holds says whose it is, from its beginning to its end. */
function isTrueOf(line: string, value: unknown): boolean {
  const text = (value as { readonly text?: unknown } | null)?.text ?? value;
  return typeof text !== 'string' || text === line || text.split(`${line}:`).join('') === '';
}

export function integrityOf(file: string): unknown {
  const database = new Database(file);
  try {
    return (database.prepare('PRAGMA integrity_check').get() as { integrity_check: unknown }).integrity_check;
  } finally {
    database.close();
  }
}

/** O3: what was told is recorded, and of what was recorded nothing is executed more often than it has to be. */
export function expectNotAgain(wanted: Counts, { recorded }: Pick<Seen, 'recorded'>, before: Counts, after: Counts, when: string): void {
  for (const [line, most] of wanted) {
    if (line.startsWith('done ')) continue;
    const missing = Math.max(0, most - (recorded.get(line) ?? 0));
    const ran = (after.get(line) ?? 0) - (before.get(line) ?? 0);
    expect(ran, `O3: '${line}' ${when}: ${recorded.get(line) ?? 0} of ${most} were recorded`).toBeLessThanOrEqual(missing);
  }
}

/** O3: nothing that its author was told is done is missing from the record. */
export function expectKept(ledger: Counts, { done }: Pick<Seen, 'done'>, when: string): void {
  for (const line of ledger.keys())
    if (line.startsWith('done ')) expect(done.has(line), `O3: '${line}' was told, and is not recorded ${when}`).toBe(true);
}

/** O5 */
export async function expectTidy(folder: string): Promise<void> {
  await sweepTemporaryFiles(folder);
  const left = readdirSync(folder, { recursive: true }).filter((name) => /\.tmp$|-journal$|\.lock$/.test(String(name)));
  expect(left, 'O5').toEqual([]);
}
