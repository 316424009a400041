import { bootTime, type Clock, systemClock, wallTime } from '../base/clock.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ErrorInfo } from '../model/event.js';
import type { CacheEntryRow, CodeContent, CodeRow, LogRow, RunRow, TaskRunRow } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import { crashError, lossOf, UNFINISHED } from './crash.js';
import { checkDigest } from './digests.js';
import { durationsOf, ENDS_SAMPLED, RUNS_SAMPLED, type TaskDurations } from './durations.js';
import { checkEpoch, latestOf, recordClosed, runExists, runLimit, runUnknown } from './look.js';
import { MemoryClaims } from './memory/memory-claims.js';
import { MemoryRemoval } from './memory/memory-removal.js';
import { MemoryRun } from './memory/memory-run.js';
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
  /** By run and place: one per task run. */
  readonly #entries = new Map<string, CacheEntryRow>();
  /** Keys of `#entries` by task version. */
  readonly #versions = new Map<string, Set<string>>();
  readonly #inline = new Map<string, Uint8Array>();
  readonly #claims = new MemoryClaims();
  readonly #removal = new MemoryRemoval({
    runs: this.#runs,
    inline: this.#inline,
    entriesOf: (run) => [...this.#entries.values()].filter((entry) => entry.run === run),
    putEntry: (entry) => this.#putEntry(entry),
    dropEntry: ({ run, index }) => this.#dropEntry(`${this.#known(run).number}:${index}`),
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
    this.#checkBatch(batch);
    run.take(batch.taskRuns === undefined ? batch : { ...batch, taskRuns: batch.taskRuns.map((row) => this.#withMoved(row)) });
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
    const places = [...new Set(taskVersions)].flatMap((version) => [...(this.#versions.get(checkDigest('taskVersion', version)) ?? [])]);
    return this.#newestFirst(places.map((place) => this.#entries.get(place)).filter((entry) => entry !== undefined));
  }

  async entriesOfTask(task: string, atLeast?: number): Promise<readonly CacheEntryRow[]> {
    this.#checkOpen();
    return this.#newestFirst([...this.#entries.values()].filter((entry) => entry.task === task)).slice(0, atLeast);
  }

  async chosenAddresses(): Promise<readonly ChosenAddress[]> {
    this.#checkOpen();
    const all = [...this.#runs.values()].flatMap((run) => run.chosenAddresses());
    return [...new Map(all.map((address) => [address.uri, address])).values()];
  }

  async forget(entries: readonly Pick<CacheEntryRow, 'run' | 'index'>[]): Promise<void> {
    this.#checkOpen();
    for (const { run, index } of entries) if (this.#runs.has(run)) this.#dropEntry(`${this.#known(run).number}:${index}`);
  }

  async latestEntry(task: string): Promise<CacheEntryRow | undefined> {
    this.#checkOpen();
    return (await this.entriesOfTask(task))[0];
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
    for (const [place, entry] of this.#entries) {
      if (entry.artifacts.some(({ ref }) => lost.has(ref.contentDigest))) this.#dropEntry(place);
    }
  }

  async runs(filter: RunFilter = {}): Promise<readonly RunRow[]> {
    this.#checkOpen();
    this.#markGone();
    return this.#find(filter);
  }

  async flows(): Promise<readonly RunRow[]> {
    this.#checkOpen();
    this.#markGone();
    const names = [...new Set([...this.#runs.values()].map(({ row }) => row.flow))];
    return names.sort(byBytes).flatMap((flow) => this.#find({ flow, limit: 1 }));
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
    this.#versions.clear();
    this.#inline.clear();
    this.#claims.clear();
  }

  #find(filter: RunFilter): readonly RunRow[] {
    const before = filter.before === undefined ? undefined : this.#known(filter.before);
    const found = [...this.#runs.values()].filter((run) => matches(run.row, filter) && (before === undefined || newestRunFirst(before, run) < 0));
    return found
      .sort(newestRunFirst)
      .slice(0, runLimit(filter.limit))
      .map((run) => run.row);
  }

  #withMoved(row: TaskRunRow): TaskRunRow {
    return row.origin === undefined || this.#runs.has(row.origin.run) ? row : { ...row, origin: this.#removal.whereNow(row.origin) };
  }

  #putEntry(entry: CacheEntryRow): void {
    const place = `${this.#known(entry.run).number}:${entry.index}`;
    this.#dropEntry(place);
    this.#entries.set(place, entry);
    this.#claims.written(entry);
    const places = this.#versions.get(entry.taskVersion);
    if (places === undefined) this.#versions.set(entry.taskVersion, new Set([place]));
    else places.add(place);
  }

  #dropEntry(place: string): void {
    const entry = this.#entries.get(place);
    if (entry === undefined) return;
    this.#entries.delete(place);
    this.#versions.get(entry.taskVersion)?.delete(place);
  }

  /** Before anything is taken over: a batch is kept as a whole or not at all. */
  #checkBatch(batch: RecordBatch): void {
    for (const { nodeKey, cacheKey } of batch.taskRuns ?? []) {
      if (nodeKey !== undefined) checkDigest('nodeKey', nodeKey);
      if (cacheKey !== undefined) checkDigest('cacheKey', cacheKey);
    }
    for (const { ref } of [...(batch.artifacts ?? []), ...(batch.runArtifacts ?? [])]) {
      checkDigest('contentDigest', ref.contentDigest);
      checkDigest('valueDigest', ref.valueDigest);
    }
    for (const { digest } of [...(batch.code ? [batch.code] : []), ...(batch.code?.contents ?? [])]) checkDigest('contentDigest', digest);
    for (const entry of batch.entries ?? []) {
      checkDigest('taskVersion', entry.taskVersion);
      checkDigest('key', entry.key);
      for (const { ref } of entry.artifacts) checkDigest('contentDigest', ref.contentDigest);
      this.#known(entry.run);
    }
  }

  #newestFirst(entries: CacheEntryRow[]): readonly CacheEntryRow[] {
    const numberOf = (entry: CacheEntryRow): number => this.#known(entry.run).number;
    return entries.sort((a, b) => b.createdAt - a.createdAt || numberOf(b) - numberOf(a) || b.index - a.index);
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

function newestRunFirst(a: MemoryRun, b: MemoryRun): number {
  return b.row.createdAt - a.row.createdAt || b.number - a.number;
}

/** As a database orders text. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function matches(row: RunRow, { flow, state, tags, params, since, until, parentRun }: RunFilter): boolean {
  return (
    (flow === undefined || row.flow === flow) &&
    (state === undefined || row.state === state) &&
    (since === undefined || row.createdAt >= since) &&
    (until === undefined || row.createdAt < until) &&
    (parentRun === undefined || row.parentRun === parentRun) &&
    (tags ?? []).every((tag) => row.tags.includes(tag) || row.systemTags?.includes(tag)) &&
    Object.entries(params ?? {}).every(([name, texts]) => texts.some((text) => text === row.params[name]))
  );
}
