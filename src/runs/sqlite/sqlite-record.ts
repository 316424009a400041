import { MillraceError } from '../../base/error.js';
import type { CacheEntryRow, LogRow, RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES, type TaskState } from '../../model/states.js';
import { crashError } from '../crash.js';
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
import { takeClaims } from './claims.js';
import { type ConnectionOptions, SqliteConnection } from './connection.js';
import { discardContents, findInline } from './contents.js';
import { findEntries, findEntriesOfTask, findEntriesSince, findLatestEntry, forgetEntries, lastEntryNumber } from './entries.js';
import { findCancelAsked, firstLease, renewLeases } from './leases.js';
import { crashRunById, markGoneRuns } from './mark-crashed.js';
import { runNumber } from './run-number.js';
import { countTaskRuns } from './task-counts.js';
import { findDurations } from './task-durations.js';
import { isUpToDate } from './version.js';
import { writeBatch, writeRun } from './write-batch.js';

export type SqliteRecordOptions = ConnectionOptions;

/**
 * The record in one SQLite file, with its folder made when missing. Several processes may have it open.
 * Opened read-only, runs whose process is gone are shown as they were left.
 * @throws MillraceError `RECORD_TOO_NEW`, `RECORD_TOO_OLD`, `RECORD_NOT_OURS`, `RECORD_MISSING`, `RECORD_UNOPENABLE`, `RECORD_NOT_A_DATABASE`,
 * `RECORD_CORRUPTED`, `RECORD_READ_ONLY`, `RECORD_FULL`, `RECORD_BUSY`
 */
export async function openSqliteRecord(options: SqliteRecordOptions): Promise<RunRecord> {
  const connection = await SqliteConnection.open(options);
  try {
    if (!(await isUpToDate(connection))) await (await import('./migrations.js')).migrate(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  return new SqliteRecord(connection);
}

const lookBack = (): Promise<typeof import('./look-back.js')> => import('./look-back.js');

class SqliteRecord implements RunRecord {
  readonly #connection: SqliteConnection;
  /** By run opened here: the newest entries it has seen. */
  readonly #seen = new Map<string, number>();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  get location(): string {
    return this.#connection.path;
  }

  get heartbeat(): HeartbeatTarget | undefined {
    return this.#connection.readOnly ? undefined : { kind: 'sqlite', address: this.#connection.path };
  }

  open(run: RunRow, leaseMs?: number): Promise<void> {
    return this.#connection.write(() => {
      writeRun(this.#connection, run);
      if (leaseMs !== undefined) firstLease(this.#connection, run.id, leaseMs);
      this.#seen.set(run.id, lastEntryNumber(this.#connection));
    });
  }

  append(batch: RecordBatch): Promise<void> {
    if (batch.change?.state !== undefined && FINAL_RUN_STATES.has(batch.change.state)) this.#seen.delete(batch.run);
    const write = (): void => writeBatch(this.#connection, batch);
    // What a task printed is no work that was acknowledged: it can wait for the disk until something is.
    return isOnlyLogs(batch) ? this.#connection.writeInPassing(write) : this.#connection.write(write);
  }

  appendNow(batch: RecordBatch): boolean {
    try {
      this.#connection.writeNowInPassing(() => writeBatch(this.#connection, batch));
      return true;
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'RECORD_BUSY') return false;
      throw error;
    }
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#connection.writeInPassing(() => {
      const held = takeClaims(this.#connection, request);
      const entries = findEntriesSince(this.#connection, request.run, this.#seen.get(request.run) ?? 0);
      this.#seen.set(request.run, lastEntryNumber(this.#connection));
      return { held, entries };
    });
  }

  renewLeases(runs: readonly OwnedRun[], leaseMs: number): Promise<readonly string[]> {
    return this.#connection.writeInPassing(() => renewLeases(this.#connection, runs, leaseMs));
  }

  cancelAsked(runs: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#connection.read(() => findCancelAsked(this.#connection, runs));
  }

  entries(taskVersions: readonly string[]): Promise<readonly CacheEntryRow[]> {
    return this.#connection.read(() => findEntries(this.#connection, taskVersions));
  }

  entriesOfTask(task: string, atLeast = Number.POSITIVE_INFINITY): Promise<readonly CacheEntryRow[]> {
    return this.#connection.read(() => findEntriesOfTask(this.#connection, task, atLeast));
  }

  async chosenAddresses(): Promise<readonly ChosenAddress[]> {
    const { findChosenAddresses } = await lookBack();
    return this.#connection.read(() => findChosenAddresses(this.#connection));
  }

  forget(entries: readonly Pick<CacheEntryRow, 'run' | 'index'>[]): Promise<void> {
    return this.#connection.write(() => forgetEntries(this.#connection, entries));
  }

  latestEntry(task: string): Promise<CacheEntryRow | undefined> {
    return this.#connection.read(() => findLatestEntry(this.#connection, task));
  }

  inline(contentDigests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#connection.read(() => findInline(this.#connection, contentDigests));
  }

  discard(contentDigests: readonly string[]): Promise<void> {
    return this.#connection.write(() => discardContents(this.#connection, contentDigests));
  }

  async runs(filter: RunFilter = {}): Promise<readonly RunRow[]> {
    await this.#markGone();
    const { findRuns } = await lookBack();
    return this.#connection.read(() => findRuns(this.#connection, filter));
  }

  async flows(): Promise<readonly RunRow[]> {
    await this.#markGone();
    const { findFlows } = await lookBack();
    return this.#connection.read(() => findFlows(this.#connection));
  }

  async amend(run: string, amendment: RunAmendment): Promise<RunRow> {
    const { amendRun } = await lookBack();
    return this.#connection.write(() => amendRun(this.#connection, run, amendment));
  }

  async remove(request: RemovalRequest): Promise<Removal> {
    await this.#markGone();
    const { removeRuns } = await lookBack();
    return await removeRuns(this.#connection, request);
  }

  async run(id: string): Promise<RunRow | undefined> {
    await this.#markGone();
    const { findRun } = await lookBack();
    return this.#connection.read(() => findRun(this.#connection, id));
  }

  async taskRuns(run: string, filter: TaskRunFilter = {}): Promise<readonly TaskRunDetails[]> {
    const { findTaskRuns } = await lookBack();
    return this.#connection.read(() => findTaskRuns(this.#connection, run, filter));
  }

  countTaskRuns(run: string, task?: string): Promise<ReadonlyMap<TaskState, number>> {
    return this.#connection.read(() => {
      const number = runNumber(this.#connection, run);
      return number === undefined ? new Map() : countTaskRuns(this.#connection, number, task);
    });
  }

  async logs(run: string, filter: LogFilter = {}): Promise<readonly LogRow[]> {
    const { findLogs } = await lookBack();
    return this.#connection.read(() => findLogs(this.#connection, run, filter));
  }

  async runArtifacts(run: string, filter: { readonly index?: number } = {}): Promise<readonly RunArtifact[]> {
    const { findRunArtifacts } = await lookBack();
    return this.#connection.read(() => findRunArtifacts(this.#connection, run, filter));
  }

  async metrics(run: string, filter: MetricFilter = {}): Promise<readonly MetricSeries[]> {
    const { findMetrics } = await lookBack();
    return this.#connection.read(() => findMetrics(this.#connection, run, filter));
  }

  durations(flow: string): Promise<TaskDurations> {
    return this.#connection.read(() => findDurations(this.#connection, flow));
  }

  crashNow(run: string, epoch: number, message: string, unwritten: readonly RecordBatch[] = []): void {
    this.#lastWords(() => {
      for (const batch of unwritten) writeBatch(this.#connection, batch);
    });
    this.#lastWords(() => crashRunById(this.#connection, run, epoch, crashError(message)));
  }

  /** The process is going, and an error in its exit handler helps nobody: the next look finds that its owner is gone. */
  #lastWords(job: () => void): void {
    try {
      this.#connection.writeNow(job);
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'RECORD_CLOSED') throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection.finish();
  }

  async #markGone(): Promise<void> {
    if (!this.#connection.readOnly) await markGoneRuns(this.#connection);
  }
}
