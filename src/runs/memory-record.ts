import { bootTime, type Clock, systemClock, wallTime } from '../base/clock.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ErrorInfo } from '../model/event.js';
import type { CacheEntryRow, CodeContent, CodeRow, LogRow, RunRow, TaskRunRow } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import { crashError, lossOf, UNFINISHED } from './crash.js';
import { checkDigest } from './digests.js';
import { durationsOf, ENDS_SAMPLED, RUNS_SAMPLED, type TaskDurations } from './durations.js';
import { checkEpoch, latestOf, recordClosed, runExists, runUnknown } from './look.js';
import { checkBatch } from './memory/check-batch.js';
import { findRuns, flowNames, newestRunFirst } from './memory/find-runs.js';
import { MemoryClaims } from './memory/memory-claims.js';
import { MemoryEntries } from './memory/memory-entries.js';
import { MemoryRemoval } from './memory/memory-removal.js';
import { MemoryRun } from './memory/memory-run.js';
import { rowsOf } from './reused-runs.js';
import type {
  ChosenAddress,
  ClaimAnswer,
  ClaimRequest,
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
} from './run-record.js';

export interface MemoryRecordOptions {
  /** @default systemClock */
  readonly clock?: Clock;
}

/** A record in process memory, gone with the process: for tests, scratch work and runs that nobody will look up. Rows are kept as given: do not change them afterwards. */
export function memoryRecord(options: MemoryRecordOptions = {}): RunRecord {
  return new MemoryRecord(options.clock ?? systemClock);
}

class MemoryRecord implements RunRecord {
  readonly location = 'memory';
  readonly #clock: Clock;
  readonly #runs = new Map<string, MemoryRun>();
  readonly #entries = new MemoryEntries((run) => this.#known(run).number);
  readonly #inline = new Map<string, Uint8Array>();
  readonly #claims = new MemoryClaims();
  readonly #removal = new MemoryRemoval({
    runs: this.#runs,
    inline: this.#inline,
    entriesOf: (run) => this.#entries.ofRun(run),
    putEntry: (entry) => this.#putEntry(entry),
    dropEntry: (entry) => this.#entries.drop(entry),
  });
  #opened = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async open(run: RunRow, leaseMs?: number): Promise<void> {
    this.#checkOpen();
    if (this.#runs.has(run.id)) throw runExists(run.id);
    const opened = new MemoryRun(this.#opened++, run);
    if (leaseMs !== undefined) opened.lease = { until: wallTime() + leaseMs, untilHere: undefined };
    this.#runs.set(run.id, opened);
    this.#claims.opened(run.id);
  }

  async append(batch: RecordBatch): Promise<void> {
    this.#checkOpen();
    this.#take(batch);
  }

  appendNow(batch: RecordBatch): boolean {
    this.#checkOpen();
    this.#take(batch);
    return true;
  }

  #take(batch: RecordBatch): void {
    const run = this.#known(batch.run);
    checkEpoch(batch.run, batch.epoch, run.row.epoch);
    checkBatch(batch);
    for (const entry of batch.entries ?? []) this.#known(entry.run);
    const { taskRuns = [], reused = [] } = batch;
    run.take({ ...batch, taskRuns: [...taskRuns, ...reused.flatMap(rowsOf)].map((row) => this.#withMoved(row)) });
    for (const { inline, ref } of [...(batch.artifacts ?? []), ...(batch.runArtifacts ?? [])]) {
      if (inline !== undefined && !this.#inline.has(ref.contentDigest)) this.#inline.set(ref.contentDigest, inline);
    }
    if (batch.code) this.#takeCode(run, batch.code);
    const taken = this.#claims.release(batch.run, batch.released ?? []);
    for (const entry of batch.entries ?? []) if (!taken.has(entry.key)) this.#putEntry(entry);
    if (!UNFINISHED.includes(run.row.state)) this.#claims.ended(batch.run);
  }

  #takeCode(run: MemoryRun, { digest, contents }: CodeRow): void {
    const same = [...this.#runs.values()].find(({ row }) => row.codePackage === digest);
    if (same !== undefined) return run.takeCode(digest, same.code);
    if (contents === undefined) return;
    for (const one of contents) if (!this.#inline.has(one.digest)) this.#inline.set(one.digest, one.bytes);
    run.takeCode(digest, contents.map(codeRef));
  }

  async claim({ run, epoch, claims, leaseMs }: ClaimRequest): Promise<ClaimAnswer> {
    this.#checkOpen();
    checkEpoch(run, epoch, this.#known(run).row.epoch);
    for (const { key } of claims) checkDigest('key', key);
    const isLost = (holder: string): boolean => this.#lossOf(this.#known(holder)) !== undefined;
    return { held: this.#claims.take(run, claims, wallTime(), leaseMs, isLost), entries: this.#claims.news(run) };
  }

  async renewLeases(runs: readonly OwnedRun[], leaseMs: number): Promise<readonly string[]> {
    this.#checkOpen();
    const lost: string[] = [];
    for (const { run, epoch } of runs) {
      const found = this.#runs.get(run);
      if (found === undefined || found.row.epoch !== epoch || !UNFINISHED.includes(found.row.state)) lost.push(run);
      else found.lease = { until: wallTime() + leaseMs, untilHere: bootTime() + leaseMs };
    }
    return lost;
  }

  /** It goes with the process: there is nobody else who could ask. */
  async cancelAsked(): Promise<ReadonlyMap<string, string>> {
    this.#checkOpen();
    return new Map();
  }

  async entries(taskVersions: readonly string[]): Promise<readonly CacheEntryRow[]> {
    this.#checkOpen();
    return this.#entries.ofVersions(taskVersions);
  }

  async entriesOfTask(task: string, atLeast?: number): Promise<readonly CacheEntryRow[]> {
    this.#checkOpen();
    return this.#entries.ofTask(task).slice(0, atLeast);
  }

  async chosenAddresses(): Promise<readonly ChosenAddress[]> {
    this.#checkOpen();
    const all = [...this.#runs.values()].flatMap((run) => run.chosenAddresses());
    return [...new Map(all.map((address) => [address.uri, address])).values()];
  }

  async forget(entries: readonly Pick<CacheEntryRow, 'run' | 'index'>[]): Promise<void> {
    this.#checkOpen();
    for (const entry of entries) if (this.#runs.has(entry.run)) this.#entries.drop(entry);
  }

  async latestEntry(task: string): Promise<CacheEntryRow | undefined> {
    this.#checkOpen();
    return this.#entries.ofTask(task)[0];
  }

  async inline(contentDigests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#checkOpen();
    const found = new Map<string, Uint8Array>();
    for (const digest of contentDigests) {
      const bytes = this.#inline.get(checkDigest('contentDigest', digest));
      if (bytes !== undefined) found.set(digest, bytes);
    }
    return found;
  }

  async discard(contentDigests: readonly string[]): Promise<void> {
    this.#checkOpen();
    const lost = new Set(contentDigests.map((digest) => checkDigest('contentDigest', digest)));
    for (const digest of lost) this.#inline.delete(digest);
    this.#entries.dropPointingTo(lost);
  }

  async runs(filter: RunFilter = {}): Promise<readonly RunRow[]> {
    this.#checkOpen();
    this.#markGone();
    return this.#find(filter);
  }

  async flows(): Promise<readonly RunRow[]> {
    this.#checkOpen();
    this.#markGone();
    return flowNames(this.#runs.values()).flatMap((flow) => this.#find({ flow, limit: 1 }));
  }

  async amend(run: string, amendment: RunAmendment): Promise<RunRow> {
    this.#checkOpen();
    return this.#known(run).amend(amendment);
  }

  async remove(request: RemovalRequest): Promise<Removal> {
    this.#checkOpen();
    this.#markGone();
    return this.#removal.remove(request);
  }

  async run(id: string): Promise<RunRow | undefined> {
    this.#checkOpen();
    this.#markGone();
    const flow = latestOf(id);
    return flow === undefined ? this.#runs.get(id)?.row : this.#find({ flow, limit: 1 })[0];
  }

  async taskRuns(run: string, filter: TaskRunFilter = {}): Promise<readonly TaskRunDetails[]> {
    this.#checkOpen();
    return this.#runs.get(run)?.taskRuns(filter) ?? [];
  }

  async countTaskRuns(run: string, task?: string): Promise<ReadonlyMap<TaskState, number>> {
    this.#checkOpen();
    return this.#runs.get(run)?.countTaskRuns(task) ?? new Map();
  }

  async logs(run: string, filter: LogFilter = {}): Promise<readonly LogRow[]> {
    this.#checkOpen();
    return this.#runs.get(run)?.logs(filter) ?? [];
  }

  async runArtifacts(run: string, filter: { readonly index?: number } = {}): Promise<readonly RunArtifact[]> {
    this.#checkOpen();
    return this.#runs.get(run)?.sideResults.artifacts(filter) ?? [];
  }

  async metrics(run: string, filter: MetricFilter = {}): Promise<readonly MetricSeries[]> {
    this.#checkOpen();
    return this.#runs.get(run)?.sideResults.metrics(filter) ?? [];
  }

  async durations(flow: string): Promise<TaskDurations> {
    this.#checkOpen();
    const recent = [...this.#runs.values()].filter(({ row }) => row.flow === flow).sort(newestRunFirst);
    return durationsOf(recent.slice(0, RUNS_SAMPLED).flatMap((run) => run.samples(ENDS_SAMPLED)));
  }

  crashNow(run: string, epoch: number, message: string, unwritten: readonly RecordBatch[] = []): void {
    this.#checkOpen();
    const found = this.#runs.get(run);
    if (found === undefined || found.row.epoch !== epoch) return;
    try {
      for (const batch of unwritten) this.#take(batch);
    } catch {
      // The process is going: that the run crashed is worth more than what it could not say.
    }
    this.#crash(found, crashError(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#runs.clear();
    this.#entries.clear();
    this.#inline.clear();
    this.#claims.clear();
  }

  #find(filter: RunFilter): readonly RunRow[] {
    return findRuns(this.#runs.values(), filter, filter.before === undefined ? undefined : this.#known(filter.before));
  }

  #withMoved(row: TaskRunRow): TaskRunRow {
    return row.origin === undefined || this.#runs.has(row.origin.run) ? row : { ...row, origin: this.#removal.whereNow(row.origin) };
  }

  #putEntry(entry: CacheEntryRow): void {
    this.#entries.put(entry);
    this.#claims.written(entry);
  }

  #markGone(): void {
    for (const run of this.#runs.values()) {
      const error = this.#lossOf(run);
      if (error) this.#crash(run, error);
    }
  }

  #lossOf({ row, lease }: MemoryRun): ErrorInfo | undefined {
    return UNFINISHED.includes(row.state) ? lossOf(row.owner, lease) : undefined;
  }

  #crash(run: MemoryRun, error: ErrorInfo): void {
    if (!UNFINISHED.includes(run.row.state)) return;
    run.crash(this.#clock.now(), error);
    this.#claims.ended(run.row.id);
  }

  #known(id: string): MemoryRun {
    const run = this.#runs.get(id);
    if (run === undefined) throw runUnknown(id);
    return run;
  }

  #checkOpen(): void {
    if (this.#closed) throw recordClosed(this.location);
  }
}

/** As something of a removed run is looked for. */
function codeRef({ digest, bytes }: CodeContent): ArtifactRef {
  return { uri: `record:${digest}`, key: digest, contentDigest: digest, valueDigest: '', bytes: bytes.length, format: '' };
}
