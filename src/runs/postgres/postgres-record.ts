import type { CacheEntryRow, LogRow, RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES, type TaskState } from '../../model/states.js';
import type { TaskDurations } from '../durations.js';
import { isOnlyLogs } from '../only-logs.js';
import type {
  ChosenAddress,
  ClaimAnswer,
  ClaimRequest,
  HeartbeatTarget,
  LogFilter,
  MetricFilter,
  MetricSeries,
  OwnedRun,
  RecordBatch,
  Removal,
  RemovalRequest,
  RunAmendment,
  RunArtifact,
  RunFilter,
  RunRecord,
  TaskRunDetails,
  TaskRunFilter,
} from '../run-record.js';
import { allSeriesOf, runArtifactOf } from '../sqlite/side-results.js';
import { countsOf } from '../sqlite/task-counts.js';
import { postgresAddress } from './address.js';
import { takeClaims } from './claims.js';
import { PostgresConnection, type PostgresOptions } from './connection.js';
import { discardContents, findInline } from './contents.js';
import { entriesOf, entriesSince, findEntriesOfTask, findLatestEntry, forgetEntries, newsOf, unpackEntries } from './entries.js';
import { findFlows, findRun, findRuns } from './find-runs.js';
import { sayLastWords } from './last-words.js';
import { findCancelAsked, renewLeases } from './leases.js';
import { LineWriter } from './line-writer.js';
import { findLogs } from './log-packs.js';
import { findChosenAddresses, taskRunsAsked, taskRunsOf } from './look-ups.js';
import { markGoneRuns } from './mark-crashed.js';
import { migrate } from './migrations.js';
import { removeRuns } from './removal.js';
import { taskRunsCounted } from './reused.js';
import type { Session } from './session.js';
import { metricsAsked, runArtifactsAsked } from './side-results.js';
import { amendRun } from './tags.js';
import { findDurations } from './task-durations.js';
import { writeBatch, writeRun } from './write-batch.js';

export type PostgresRecordOptions = PostgresOptions;

/**
 * The record in a PostgreSQL database (13 or newer), for processes on many machines. Its tables are made when missing, in the schema `millrace`, or
 * that of `?schema=` at the end of the address. Where the database can only be looked at, runs whose process is gone are shown as they were left.
 * @param url `postgres://user:password@host:5432/database`
 * @throws MillraceError `RECORD_ADDRESS_INVALID`, `RECORD_LIBRARY_MISSING`, `RECORD_UNREACHABLE`, `RECORD_ACCESS_DENIED`, `RECORD_TLS_FAILED`, `RECORD_MISSING`,
 * `RECORD_TOO_NEW`, `RECORD_TOO_OLD`, `RECORD_NOT_OURS`, `RECORD_SERVER_TOO_OLD`, `RECORD_BUSY`
 */
export async function openPostgresRecord(url: string, options: PostgresRecordOptions = {}): Promise<RunRecord> {
  const connection = await PostgresConnection.open(postgresAddress(url), options);
  try {
    const { readOnly } = await migrate(connection);
    if (!readOnly) await settleForeignTransactions(connection);
    return new PostgresRecord(connection, url, readOnly);
  } catch (error) {
    await connection.finish();
    throw error;
  }
}

/** A dump that was loaded into another server names transactions which that one has yet to number: they are of the past. */
async function settleForeignTransactions(connection: PostgresConnection): Promise<void> {
  const isForeign = 'written >= pg_snapshot_xmax(pg_current_snapshot())';
  const [found] = await connection.read((session) => session.rows(`SELECT 1 FROM entry WHERE ${isForeign} LIMIT 1`));
  if (found) await connection.write((session) => session.rows(`UPDATE entry SET written = '1' WHERE ${isForeign}`));
}

/** Before any transaction: all that there is is news. */
const NOTHING_SEEN = '1:1:';

class PostgresRecord implements RunRecord {
  readonly #connection: PostgresConnection;
  readonly #url: string;
  readonly #readOnly: boolean;
  readonly #lines: LineWriter;
  /** By run opened here: the snapshot of what it has seen of others' entries. */
  readonly #seen = new Map<string, string>();

  constructor(connection: PostgresConnection, url: string, readOnly: boolean) {
    this.#connection = connection;
    this.#url = url;
    this.#readOnly = readOnly;
    this.#lines = new LineWriter(url);
  }

  get location(): string {
    return this.#connection.location;
  }

  get heartbeat(): HeartbeatTarget | undefined {
    return this.#readOnly ? undefined : { kind: 'postgres', address: this.#url };
  }

  async open(run: RunRow, leaseMs?: number): Promise<void> {
    this.#seen.set(run.id, await this.#connection.write((session, isAgain) => writeRun(session, run, leaseMs, isAgain)));
  }

  async append(batch: RecordBatch): Promise<void> {
    if (batch.change?.state !== undefined && FINAL_RUN_STATES.has(batch.change.state)) this.#seen.delete(batch.run);
    const write = (session: Session): Promise<void> => writeBatch(session, batch);
    await (isOnlyLogs(batch) ? this.#connection.writeInPassing(write) : this.#connection.writeShortly(write));
  }

  /** By a thread with a connection of its own: a socket of this one cannot be read while its loop stands still. */
  appendNow(batch: RecordBatch): boolean {
    this.#connection.checkOpen();
    return isOnlyLogs(batch) && this.#lines.write({ run: batch.run, epoch: batch.epoch, logs: batch.logs ?? [] });
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#connection.writeInPassing(async (session) => {
      const held = await takeClaims(session, request);
      const [found = []] = await session.allAndCommit([entriesSince(request.run, this.#seen.get(request.run) ?? NOTHING_SEEN)]);
      const { snapshot, entries } = newsOf(found);
      this.#seen.set(request.run, snapshot);
      return { held, entries };
    });
  }

  renewLeases(runs: readonly OwnedRun[], leaseMs: number): Promise<readonly string[]> {
    return this.#connection.writeInPassing((session) => renewLeases(session, runs, leaseMs));
  }

  cancelAsked(runs: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#connection.read((session) => findCancelAsked(session, runs));
  }

  async entries(taskVersions: readonly string[]): Promise<readonly CacheEntryRow[]> {
    if (taskVersions.length === 0) return [];
    return unpackEntries((await this.#connection.look([entriesOf(taskVersions)]))[0] ?? []);
  }

  entriesOfTask(task: string, atLeast = Number.POSITIVE_INFINITY): Promise<readonly CacheEntryRow[]> {
    return this.#connection.read((session) => findEntriesOfTask(session, task, atLeast));
  }

  chosenAddresses(): Promise<readonly ChosenAddress[]> {
    return this.#connection.read(findChosenAddresses);
  }

  forget(entries: readonly Pick<CacheEntryRow, 'run' | 'index'>[]): Promise<void> {
    return this.#connection.write((session) => forgetEntries(session, entries));
  }

  latestEntry(task: string): Promise<CacheEntryRow | undefined> {
    return this.#connection.read((session) => findLatestEntry(session, task));
  }

  inline(contentDigests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#connection.read((session) => findInline(session, contentDigests));
  }

  discard(contentDigests: readonly string[]): Promise<void> {
    return this.#connection.write((session) => discardContents(session, contentDigests));
  }

  async runs(filter: RunFilter = {}): Promise<readonly RunRow[]> {
    await this.#markGone();
    return await this.#connection.read((session) => findRuns(session, filter));
  }

  async run(id: string): Promise<RunRow | undefined> {
    await this.#markGone();
    return await this.#connection.read((session) => findRun(session, id));
  }

  async flows(): Promise<readonly RunRow[]> {
    await this.#markGone();
    return await this.#connection.read(findFlows);
  }

  amend(run: string, amendment: RunAmendment): Promise<RunRow> {
    return this.#connection.write((session) => amendRun(session, run, amendment));
  }

  async remove(request: RemovalRequest): Promise<Removal> {
    await this.#markGone();
    return await removeRuns(this.#connection, request);
  }

  async taskRuns(run: string, filter: TaskRunFilter = {}): Promise<readonly TaskRunDetails[]> {
    return taskRunsOf(await this.#connection.look(taskRunsAsked(run, filter)), filter);
  }

  async countTaskRuns(run: string, task?: string): Promise<ReadonlyMap<TaskState, number>> {
    return countsOf((await this.#connection.look([taskRunsCounted(run, task)]))[0] ?? []);
  }

  async runArtifacts(run: string, filter: { readonly index?: number } = {}): Promise<readonly RunArtifact[]> {
    return ((await this.#connection.look([runArtifactsAsked(run, filter)]))[0] ?? []).map(runArtifactOf);
  }

  async metrics(run: string, filter: MetricFilter = {}): Promise<readonly MetricSeries[]> {
    return allSeriesOf((await this.#connection.look([metricsAsked(run, filter)]))[0] ?? [], filter.points ?? false);
  }

  logs(run: string, filter: LogFilter = {}): Promise<readonly LogRow[]> {
    return this.#connection.read((session) => findLogs(session, run, filter));
  }

  durations(flow: string): Promise<TaskDurations> {
    return this.#connection.read((session) => findDurations(session, flow));
  }

  /** By a process of its own, for some tenths of a second: this one's sockets are dead when its event loop is. */
  crashNow(run: string, epoch: number, message: string, unwritten: readonly RecordBatch[] = []): void {
    this.#connection.checkOpen();
    sayLastWords({ address: this.#url, run, epoch, message, unwritten, cutOff: this.#connection.busyWriter });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#lines.close();
    return this.#connection.finish();
  }

  async #markGone(): Promise<void> {
    if (!this.#readOnly) await markGoneRuns(this.#connection);
  }
}
