import type { ArtifactRef } from '../model/artifact.js';
import type { AssetRenewal } from '../model/asset.js';
import type { LogLevel } from '../model/event.js';
import type {
  ArtifactRow,
  AttemptRow,
  CacheEntryRow,
  CodeRow,
  LogRow,
  MetricRow,
  ProgressRow,
  RunArtifactRow,
  RunChange,
  RunNote,
  RunRow,
  TaskRunRow,
} from '../model/records.js';
import type { RunState, TaskState } from '../model/states.js';
import type { TaskDurations } from './durations.js';
import type { ReusedRuns } from './reused-runs.js';

/** Everything one run has to say since the last batch; committed as a whole or not at all. */
export interface RecordBatch {
  readonly run: string;
  /** The writer's epoch: a batch of an owner that was fenced off is refused (S31). */
  readonly epoch: number;
  readonly change?: RunChange;
  /** Upserted by (run, index): a long task has its row early, in state running (S19). */
  readonly taskRuns?: readonly TaskRunRow[];
  /** By task, what would be final rows of `taskRuns`; no place is told of twice in a batch. */
  readonly reused?: readonly ReusedRuns[];
  readonly attempts?: readonly AttemptRow[];
  readonly artifacts?: readonly ArtifactRow[];
  readonly entries?: readonly CacheEntryRow[];
  readonly logs?: readonly LogRow[];
  /** Upserted by (run, index, attempt, name). */
  readonly runArtifacts?: readonly RunArtifactRow[];
  /** Points that are recorded already are passed over. */
  readonly metrics?: readonly MetricRow[];
  /** Upserted by (run, index). */
  readonly progress?: readonly ProgressRow[];
  /** What the run runs; its contents are read by `inline`. Also of a run that has ended. Alone in a batch, a power cut may undo it as it may lines. */
  readonly code?: CodeRow;
  /** Told to flows that wait for them. Those that are recorded already are passed over. */
  readonly renewals?: readonly AssetRenewal[];
  /** Keys that the run had claimed and is done with. Entries of those that were taken from it meanwhile are left out: somebody else's count. */
  readonly released?: readonly string[];
}

/** An address as an artifact has it. */
export type ChosenAddress = Pick<ArtifactRef, 'uri' | 'key'>;

/** A key that is about to be computed, by which task run. */
export interface Claim {
  readonly key: string;
  readonly index: number;
}

export interface ClaimRequest {
  readonly run: string;
  readonly epoch: number;
  readonly claims: readonly Claim[];
  /** How long the claims hold at most, in milliseconds. They end with their run, and when the run is taken from its owner. */
  readonly leaseMs: number;
}

/** A run, as its owner knows it. */
export interface OwnedRun {
  readonly run: string;
  readonly epoch: number;
}

/** How a thread of its own can renew leases in the same record: by a connection of its own, which it opens by kind and address. */
export interface HeartbeatTarget {
  readonly kind: 'sqlite' | 'postgres';
  /** A path; or the address of a server, with credentials. */
  readonly address: string;
}

export interface ClaimAnswer {
  /** By key, the run that is computing it at this moment; all other keys are claimed now. */
  readonly held: ReadonlyMap<string, string>;
  /** What other runs have written since this one was opened, or last asked: one of them may answer a key that was just claimed. */
  readonly entries: readonly CacheEntryRow[];
}

export interface RunFilter {
  readonly flow?: string;
  readonly state?: RunState;
  /** The run's own and those of the system; it has them all. */
  readonly tags?: readonly string[];
  /** By name of the parameter, texts as `RunRow.params` has them: it has one of these. */
  readonly params?: Readonly<Record<string, readonly string[]>>;
  /** Only runs that this one started. */
  readonly parentRun?: string;
  /** Created at or after, milliseconds since the epoch. */
  readonly since?: number;
  /** Created before, milliseconds since the epoch. */
  readonly until?: number;
  /** Only runs listed after this one: page by key. */
  readonly before?: string;
  /** @default 20 */
  readonly limit?: number;
}

/** Places of task runs from the first to the last, both included. */
export type PlaceRange = readonly [first: number, last: number];

export interface TaskRunFilter {
  readonly task?: string;
  readonly state?: TaskState;
  readonly id?: string;
  readonly indexes?: readonly number[];
  /** Only those at these places: page by key. */
  readonly within?: PlaceRange;
  /** At most so many, the first ones. @default all */
  readonly limit?: number;
}

/** What may change of a run at any time, whoever owns it. */
export interface RunAmendment {
  readonly addTags?: readonly string[];
  /** Those it does not have are passed over; those of the system stay. */
  readonly removeTags?: readonly string[];
  readonly addNote?: RunNote;
  /** The place of the note, from 0. One that is not there is passed over. */
  readonly removeNote?: number;
}

export interface RemovalRequest {
  /** Those that are not in the record any more are passed over. */
  readonly runs: readonly string[];
  /** Everything is worked out, and nothing is changed. @default false */
  readonly dryRun?: boolean;
  /** Leaves the bytes for a later removal: they are looked for once, after many. @default false */
  readonly keepBytes?: boolean;
  /**
   * Deletes a file of the project's own store, and says whether it was there. Synchronous: while it works, no run can begin. Where machines share the record,
   * another may have the file: then it is asked about again by later removals, for 30 days.
   * @param again an earlier removal did not find it
   */
  deleteFile(key: string, again?: boolean): boolean;
}

/** Runs that were not removed: they are going on, or one that is, `by`, resumes them, takes what it is not to execute from them, or may be using results they keep for others. */
export interface RunLeft {
  readonly run: string;
  readonly why: 'unfinished' | 'in-use';
  readonly by?: string;
}

/** So many results, and their bytes. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

export interface Removal {
  readonly removed: readonly string[];
  readonly left: readonly RunLeft[];
  /** Small results that the record held, which no run has any more. */
  readonly freed: Amount;
  /** Files of the project's store, likewise. */
  readonly freedFiles: Amount;
  /** Files that will go by a later removal, since a run is going on that may be about to keep the same result. */
  readonly pendingFiles: Amount;
}

export interface LogFilter {
  /** Id of a task run (`clean#2`) or name of a task; without one, the whole run. */
  readonly node?: string;
  readonly level?: LogLevel;
  /** Only lines of this attempt of the task run, from 1. */
  readonly attempt?: number;
  /** Only lines with a greater `seq`. */
  readonly after?: number;
  /** At most so many, the first ones. @default 10000 */
  readonly limit?: number;
  /** Instead of `limit`: at most so many, the last ones; in order all the same. */
  readonly last?: number;
}

/** What is kept of one task run, together. */
export interface TaskRunDetails extends TaskRunRow {
  readonly attemptRows: readonly AttemptRow[];
  /** The parts of its result. */
  readonly artifacts: readonly Omit<ArtifactRow, 'inline'>[];
  /** The last it said; absent when it said nothing. */
  readonly progress?: Omit<ProgressRow, 'index'>;
}

/** An artifact that somebody gave, without its bytes. */
export type RunArtifact = Omit<RunArtifactRow, 'inline'>;

/** One metric of one attempt. */
export interface MetricSeries {
  readonly index: number;
  readonly attempt: number;
  readonly name: string;
  /** How many points it has. */
  readonly count: number;
  readonly last: { readonly step: number; readonly value: number };
  /** Of the finite values; undefined when there are none. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Where they were asked for: all, in the order in which they came. */
  readonly points?: { readonly steps: readonly number[]; readonly values: readonly number[] };
}

export interface MetricFilter {
  /** Of a task run, or `BODY_PLACE`. */
  readonly index?: number;
  readonly name?: string;
  /** @default false */
  readonly points?: boolean;
}

/**
 * The memory of all runs: who ran what, when, with which inputs and results. A port, asynchronous and batched, so that an embedded and
 * a server database can both serve it. Contract suite in `millrace/testing`.
 */
export interface RunRecord extends AsyncDisposable {
  /** For people: a path, or `memory`. */
  readonly location: string;
  /** Absent where the record goes with the process, or cannot be written: then no heartbeats are sent. */
  readonly heartbeat?: HeartbeatTarget | undefined;
  /**
   * Commits the run's row. With `leaseMs`, whoever cannot look its process up believes it alive for so long at first (S31); without, for ever.
   * @throws MillraceError `RUN_EXISTS`
   */
  open(run: RunRow, leaseMs?: number): Promise<void>;
  /**
   * Resolves when committed; what is only log lines, or code, may be undone by a power cut.
   * @throws MillraceError `OWNER_FENCED`, `RUN_UNKNOWN`, `RECORD_READ_ONLY`, `RECORD_FULL`, `RECORD_BUSY`
   */
  append(batch: RecordBatch): Promise<void>;
  /**
   * As `append`, but synchronous: for lines that a synchronous body prints faster than anything asynchronous can be done. It may hold the
   * process up for a second, and a power cut may undo it. False where it cannot be done, or others are writing: nothing is written, and the
   * batch is still the caller's.
   * @throws MillraceError as `append`, but for `RECORD_BUSY`
   */
  appendNow(batch: RecordBatch): boolean;
  /** Of these runs, those that somebody has asked to end, with the reason: their owner looks now and then. */
  cancelAsked(runs: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** All entries of these task versions, newest first, in one scan. */
  entries(taskVersions: readonly string[]): Promise<readonly CacheEntryRow[]>;
  /**
   * All entries of a task, of whatever code and inputs, newest first. With `atLeast`, about the newest that many where there are more: what a
   * miss is explained by (S27).
   */
  entriesOfTask(task: string, atLeast?: number): Promise<readonly CacheEntryRow[]>;
  /** Where results lie whose addresses users chose (S26): in one scan of all artifacts. */
  chosenAddresses(): Promise<readonly ChosenAddress[]>;
  /** These entries are no answers any more. The rows and results of the runs that made them stay (S28). */
  forget(entries: readonly Pick<CacheEntryRow, 'run' | 'index'>[]): Promise<void>;
  /** The newest entry of a task, of whatever code and inputs. */
  latestEntry(task: string): Promise<CacheEntryRow | undefined>;
  /**
   * Claims keys for a run, so that no other computes them meanwhile (S24). What a run holds already it is given again; a claim is anybody's when its
   * owner is gone or has let the lease of its run run out, and when its own lease is over.
   * @throws MillraceError `OWNER_FENCED`, `RUN_UNKNOWN`, `RECORD_READ_ONLY`, `RECORD_BUSY`
   */
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /**
   * A sign of life of these runs' owner: they have a new lease, from now on, by the record's own clock (S31).
   * @returns the ids of those that are its own no more: taken by somebody, ended or unknown
   */
  renewLeases(runs: readonly OwnedRun[], leaseMs: number): Promise<readonly string[]>;
  /** Bytes of small results by contentDigest; missing ones are absent. */
  inline(contentDigests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** A result was found missing or corrupted: its cache entries and inline bytes go away, rows of task runs stay (S25). */
  discard(contentDigests: readonly string[]): Promise<void>;
  /** Newest first. Runs whose owner is gone, or has let its lease run out, are first marked crashed (S31). */
  runs(filter?: RunFilter): Promise<readonly RunRow[]>;
  /** The newest run of each flow, in order of their names, as `runs` gives them. */
  flows(): Promise<readonly RunRow[]>;
  /** By id, or the newest of a flow by `<flow>/latest`, as `runs` gives them. */
  run(id: string): Promise<RunRow | undefined>;
  /** @returns the run as it is now @throws MillraceError `RUN_UNKNOWN`, `RECORD_READ_ONLY`, `RECORD_BUSY` */
  amend(run: string, amendment: RunAmendment): Promise<RunRow>;
  /**
   * Removes runs that have ended, all or none of them in one transaction; then, in a second one, the bytes that no run has any more. What other
   * runs took from them is handed on to those: results, and the cache entries that offer them. With no runs given, only the bytes are looked for.
   * @throws MillraceError `RECORD_READ_ONLY`, `RECORD_BUSY`, and what `deleteFile` throws: then the file stays for a later removal
   */
  remove(request: RemovalRequest): Promise<Removal>;
  /** In order of `index`; none of a run that there is not, and so below. */
  taskRuns(run: string, filter?: TaskRunFilter): Promise<readonly TaskRunDetails[]>;
  /** How many task runs are in which state, of a task or of all; states that none is in are absent. Counted where they lie: none of them is read. */
  countTaskRuns(run: string, task?: string): Promise<ReadonlyMap<TaskState, number>>;
  /** In order of `seq`. */
  logs(run: string, filter?: LogFilter): Promise<readonly LogRow[]>;
  /**
   * What was given by `ctx().artifact`, by whatever attempt: in order of index, attempt and name. `runs/side-results.ts` knows which are to
   * be shown.
   */
  runArtifacts(run: string, filter?: { readonly index?: number }): Promise<readonly RunArtifact[]>;
  /** What was given by `ctx().metric`, likewise. */
  metrics(run: string, filter?: MetricFilter): Promise<readonly MetricSeries[]>;
  /** How long the tasks of a flow took in its newest runs; of large runs, a sample. */
  durations(flow: string): Promise<TaskDurations>;
  /**
   * Synchronous, for `process.on('exit')` only, when nothing asynchronous can run any more: commits what the run still had to say, and marks
   * it crashed unless that has ended it. What cannot be written is left out.
   */
  crashNow(run: string, epoch: number, message: string, unwritten?: readonly RecordBatch[]): void;
}
