import type { Clock } from '../base/clock.js';
import type { AssetRenewal } from '../model/asset.js';
import type { LogLine } from '../model/event.js';
import type {
  ArtifactRow,
  AttemptRow,
  CacheEntryRow,
  LogRow,
  MetricRow,
  ProgressRow,
  RunArtifactRow,
  RunChange,
  TaskRunRow,
} from '../model/records.js';
import { type GrowingReusedRuns, reusedRuns } from '../runs/reused-runs.js';
import type { RecordBatch, RunRecord } from '../runs/run-record.js';

/** One commit takes at most about so many rows, and rows wait at most so long for it. */
interface Patience {
  readonly rows: number;
  readonly waitMs: number;
}

/** What a kill would lose (S19). */
const WORK: Patience = { rows: 500, waitMs: 5 };
/** What is given point by point. A commit costs about a millisecond, whatever is in it. */
const POINTS: Patience = { rows: 2_000, waitMs: 25 };
/** What was reused: no work is lost with it, it would be found again. Where others use the disk too, a commit waits for it for thirty milliseconds. */
const REUSED: Patience = { rows: 5_000, waitMs: 200 };
/** Lines of logs are packed: so many of them cost what a row does. */
const LINES_PER_ROW = 16;
/**
 * So many lines, or characters of them, wait for a commit at most. A synchronous body that prints more is held up until they are committed, because nothing
 * asynchronous can run meanwhile: they would pile up.
 */
const MOST_LINES = 8_192;
const MOST_CHARACTERS = 4_194_304;
/** Also a body that prints a line now and then, and never gives way, is followed by others. */
const LONGEST_WAIT_MS = 1_000;

export interface JournalParts {
  readonly record: RunRecord;
  readonly run: string;
  readonly epoch: number;
  readonly clock: Clock;
  /** The record refused a batch: nothing more can be recorded, so the run must end. Told once. */
  readonly onError: (error: unknown) => void;
}

interface Pending {
  change: RunChange | undefined;
  taskRuns: TaskRunRow[];
  /** By task. */
  reused: Map<string, GrowingReusedRuns>;
  attempts: AttemptRow[];
  artifacts: ArtifactRow[];
  entries: CacheEntryRow[];
  logs: LogRow[];
  runArtifacts: RunArtifactRow[];
  /** By their series: what was given since the last commit goes together. */
  metrics: Map<MetricSource, OpenMetric>;
  /** By place: only the last word counts. */
  progress: Map<number, ProgressRow>;
  renewals: AssetRenewal[];
  released: string[];
  afterCommit: (() => void)[];
}

/** One series of numbers, as it grows. */
export interface MetricSource {
  readonly index: number;
  readonly attempt: number;
  readonly name: string;
  /** Points so far. */
  count: number;
  /** Of a point that says no step. */
  nextStep: number;
}

interface OpenMetric extends MetricRow {
  readonly steps: number[];
  readonly values: number[];
}

/** What one settled node has to say. */
export interface NodeRows {
  readonly taskRun: TaskRunRow;
  readonly attempt?: AttemptRow | undefined;
  readonly artifacts?: readonly ArtifactRow[];
  readonly entry?: CacheEntryRow | undefined;
  /** The key that the run had claimed for it (S24). */
  readonly released?: string | undefined;
  /** Assets that it has renewed. */
  readonly renewals?: readonly AssetRenewal[] | undefined;
}

/**
 * The one writer of a run: gathers rows and commits them in groups, one commit at a time, in order. What is said only after a row is
 * recorded (success lines, events) is handed over with the row.
 */
export class Journal {
  readonly #parts: JournalParts;
  #pending = emptyBatch();
  #rows = 0;
  /** The most patient of them all are waiting: nothing but what was reused. */
  #patience = REUSED;
  #logSeq = 0;
  /** Of the lines that wait. */
  #characters = 0;
  #mostLines = MOST_LINES;
  /** When the record could not take lines at once. */
  #triedAt = 0;
  #timer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  /** What is being written. */
  #underWay: RecordBatch | undefined;
  #failed = false;

  constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  node(rows: NodeRows, afterCommit?: () => void): void {
    const { taskRuns, attempts, artifacts, entries, released } = this.#pending;
    taskRuns.push(rows.taskRun);
    if (rows.attempt) attempts.push(rows.attempt);
    if (rows.artifacts) artifacts.push(...rows.artifacts);
    if (rows.entry) entries.push(rows.entry);
    if (rows.released !== undefined) released.push(rows.released);
    if (rows.renewals) this.#pending.renewals.push(...rows.renewals);
    this.#added(afterCommit, rows.taskRun.state === 'cached' && rows.entry === undefined ? REUSED : WORK);
  }

  /** Where one more reused task run of this task is to be added; then, before anything else is told, `reused` is. */
  columnsOf(task: string): GrowingReusedRuns {
    const { reused } = this.#pending;
    let columns = reused.get(task);
    if (columns === undefined) {
      columns = reusedRuns(task);
      reused.set(task, columns);
    }
    return columns;
  }

  /** One was added to its columns. @param released as of `NodeRows` */
  reused(released: string | undefined, afterCommit: (() => void) | undefined): void {
    if (released !== undefined) this.#pending.released.push(released);
    this.#added(afterCommit, REUSED);
  }

  artifacts(rows: readonly ArtifactRow[]): void {
    this.#pending.artifacts.push(...rows);
    this.#added(undefined);
  }

  log(line: LogLine): void {
    if (this.#failed) return;
    const { at, level, text, node, attempt } = line;
    // Written out: to spread an object costs a microsecond.
    const seq = this.#logSeq++;
    this.#pending.logs.push(node === undefined || attempt === undefined ? { seq, ...line } : { seq, at, level, text, node, attempt });
    this.#characters += line.text.length;
    this.#addedLine();
    // Those that are being written by now wait no more.
    const { logs } = this.#pending;
    const isOverdue = at - Math.max(logs[0]?.at ?? at, this.#triedAt) >= LONGEST_WAIT_MS;
    if (isOverdue || logs.length >= this.#mostLines || this.#characters >= MOST_CHARACTERS) this.#writeLogsNow();
  }

  runArtifact(row: RunArtifactRow, afterCommit?: () => void): void {
    this.#pending.runArtifacts.push(row);
    this.#added(afterCommit);
  }

  /** @param tell is told, after the commit, of all the points that went with it */
  point(source: MetricSource, step: number, value: number, tell?: (row: MetricRow) => void): void {
    const { metrics } = this.#pending;
    let row = metrics.get(source);
    if (row === undefined) {
      const { index, attempt, name, count: first } = source;
      row = { index, attempt, name, first, at: this.#parts.clock.now(), steps: [], values: [] };
      metrics.set(source, row);
      const opened = row;
      if (tell) this.#pending.afterCommit.push(() => tell(opened));
    }
    row.steps.push(step);
    row.values.push(value);
    source.count++;
    this.#added(undefined, POINTS);
  }

  progress(row: ProgressRow): void {
    const { progress } = this.#pending;
    const isNew = !progress.has(row.index);
    progress.set(row.index, row);
    if (isNew) this.#added(undefined, POINTS);
  }

  change(change: RunChange): void {
    this.#pending.change = { ...this.#pending.change, ...change };
    this.#added(undefined);
  }

  /** The record refused a batch: what was said since is lost. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Resolves when everything said so far is committed, or could not be (then `onError` was told). */
  async flush(): Promise<void> {
    while (this.#writing || this.#rows > 0) await (this.#writing ?? this.#write());
  }

  /** What is not committed, for the process's last words. Part of it may be committed all the same: writing it again changes nothing. */
  unwritten(): readonly RecordBatch[] {
    if (this.#failed) return [];
    const waiting = this.#batchOf(this.#pending);
    return this.#underWay === undefined ? [waiting] : [this.#underWay, waiting];
  }

  #batchOf({ afterCommit: _, change, reused, runArtifacts, metrics, progress, renewals, ...rows }: Pending): RecordBatch {
    return {
      run: this.#parts.run,
      epoch: this.#parts.epoch,
      ...rows,
      // Most batches have none of these.
      ...(reused.size > 0 ? { reused: [...reused.values()] } : {}),
      ...(runArtifacts.length > 0 ? { runArtifacts } : {}),
      ...(metrics.size > 0 ? { metrics: [...metrics.values()] } : {}),
      ...(progress.size > 0 ? { progress: [...progress.values()] } : {}),
      ...(renewals.length > 0 ? { renewals } : {}),
      ...(change ? { change } : {}),
    };
  }

  #added(afterCommit: (() => void) | undefined, patience: Patience = WORK): void {
    if (afterCommit) this.#pending.afterCommit.push(afterCommit);
    this.#count(patience, 1);
    if (this.#failed || this.#writing) return;
    if (this.#rows >= this.#patience.rows) void this.#write();
    else this.#timer ??= this.#writeIn(this.#patience.waitMs);
  }

  /** However many, they are written when the loop turns: what is begun while it stands still is not ended before the body is. */
  #addedLine(): void {
    this.#count(WORK, 1 / LINES_PER_ROW);
    if (!this.#writing) this.#timer ??= this.#writeIn(this.#patience.waitMs);
  }

  #count(patience: Patience, rows: number): void {
    this.#rows += rows;
    if (patience.waitMs >= this.#patience.waitMs) return;
    this.#patience = patience;
    this.#stopTimer();
  }

  /** Where the record cannot do it now, another process holds it or it lies elsewhere, they wait; it is tried again after as many more. */
  #writeLogsNow(): void {
    const { run, epoch, record } = this.#parts;
    const { logs } = this.#pending;
    try {
      if (!record.appendNow({ run, epoch, logs })) {
        this.#mostLines = logs.length + MOST_LINES;
        this.#characters = 0;
        this.#triedAt = (logs.at(-1) as LogRow).at;
        return;
      }
      this.#rows -= logs.length / LINES_PER_ROW;
    } catch (error) {
      this.#failed = true;
      // Not from within the line that somebody prints.
      queueMicrotask(() => this.#parts.onError(error));
    }
    this.#pending.logs = [];
    this.#characters = 0;
    this.#mostLines = MOST_LINES;
  }

  #writeIn(ms: number): () => void {
    return this.#parts.clock.schedule(ms, () => void this.#write());
  }

  #stopTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #write(): Promise<void> {
    this.#stopTimer();
    const taken = this.#pending;
    this.#pending = emptyBatch();
    this.#rows = 0;
    this.#characters = 0;
    this.#mostLines = MOST_LINES;
    this.#patience = REUSED;
    this.#writing = this.#commit(this.#batchOf(taken), taken.afterCommit).finally(() => {
      this.#writing = undefined;
      if (this.#rows > 0) this.#timer ??= this.#writeIn(this.#rows >= this.#patience.rows ? 0 : this.#patience.waitMs);
    });
    return this.#writing;
  }

  async #commit(batch: RecordBatch, afterCommit: readonly (() => void)[]): Promise<void> {
    if (this.#failed) return;
    this.#underWay = batch;
    try {
      await this.#parts.record.append(batch);
    } catch (error) {
      this.#failed = true;
      this.#parts.onError(error);
      return;
    } finally {
      this.#underWay = undefined;
    }
    for (const tell of afterCommit) tell();
  }
}

function emptyBatch(): Pending {
  return {
    change: undefined,
    taskRuns: [],
    reused: new Map(),
    attempts: [],
    artifacts: [],
    entries: [],
    logs: [],
    runArtifacts: [],
    metrics: new Map(),
    progress: new Map(),
    renewals: [],
    released: [],
    afterCommit: [],
  };
}
