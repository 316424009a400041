import type { Graph } from '../graph/graph-view.js';
import type { ArtifactKind, ArtifactRef } from '../model/artifact.js';
import type { ErrorInfo, LogLevel } from '../model/event.js';
import type { RunState, TaskState } from '../model/states.js';
import type { Task, TaskRef } from './task-type.js';

/**
 * Runs of the past, and those that are going on, as people look them up: flow, run, step, task run, artifact. Each is a snapshot of what the
 * record said when it was asked; values are read, and verified in full, when they are asked for.
 */

/** What is listed, asked for page by page while it is gone through. */
export interface Listing<T> extends AsyncIterable<T> {
  /** All of it at once. */
  toArray(): Promise<readonly T[]>;
}

/** What cannot be meant (a state that there is not, a time that is no `Date`) throws MillraceError `RUN_QUERY_INVALID` when the runs are gone through. */
export interface RunQuery {
  readonly state?: RunState;
  /** It has them all; those of the system count too (`user:ana`). */
  readonly tags?: readonly string[];
  /** Created at this moment or later. */
  readonly since?: Date;
  /** Created before this moment. */
  readonly until?: Date;
  /** By name of the parameter, its value: scalars are found by an index, anything else is compared run by run. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** @default none */
  readonly limit?: number;
  /** Only runs that were created before this one: the id of the last of a page gives the next. */
  readonly before?: string;
}

/** A flow that has runs in the record. */
export interface FlowInfo {
  readonly name: string;
  /** Newest first. Going through them throws MillraceError `FLOW_UNKNOWN` where the record has no run of it, and suggests the nearest. */
  runs(query?: RunQuery): Listing<RunInfo>;
  /** The newest run, or the newest that succeeded. @throws MillraceError `FLOW_UNKNOWN` */
  latest(options?: { readonly successful?: boolean }): Promise<RunInfo | undefined>;
}

export interface NoteInfo {
  readonly at: Date;
  readonly text: string;
}

export interface ReportOptions {
  /** Also writes the page to this file. @default none */
  readonly file?: string;
  /** false: without the text of the source files, for whom it is not meant. @default true */
  readonly code?: boolean;
}

/** One run. All methods ask the record anew, so that a run that goes on tells more each time; `refresh` gives its newest state. */
export interface RunInfo {
  readonly id: string;
  readonly flow: string;
  /** For people, when it was given one. */
  readonly name?: string;
  readonly state: RunState;
  /** As they were resolved; secrets are `'***'`. */
  readonly params: Record<string, unknown>;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  /** Those that people gave it. */
  readonly tags: readonly string[];
  /** What Millrace says of it: `user:ana`, `host:lab3`, `node:22.4.0`, `millrace:0.1.0`. */
  readonly systemTags: readonly string[];
  readonly notes: readonly NoteInfo[];
  /** The tasks that it was limited to, or patterns of their names; absent when it was not. */
  readonly only?: readonly string[];
  /** Sum of final task states; empty before the run has ended. */
  readonly counts: Readonly<Partial<Record<TaskState, number>>>;
  readonly error?: ErrorInfo;
  /** The tasks that it ran, by name, in the order in which they were first called. */
  steps(): Listing<StepInfo>;
  /** Lazy: one that the run does not have is found out when it is looked into. */
  step(task: TaskRef): StepInfo;
  /** By its id (`clean#2`, `score#0[3]`), or by its task's name where that ran once; of a map, by that name the map. @throws MillraceError `TASK_RUN_UNKNOWN`, `TASK_RUN_AMBIGUOUS` */
  task(name: string): Promise<TaskInfo>;
  /** The stored value of a task's first task run. @throws MillraceError `TASK_RUN_UNKNOWN`, `RESULT_MISSING`, `RESULT_CORRUPTED` */
  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  output<T>(task: Task<any, T, any>): Promise<T>;
  readonly data: {
    /** A named output, or the result of the task of this name: of several, the one that was called last. @throws MillraceError `DATA_UNKNOWN` */
    get<T = unknown>(name: string): Promise<T>;
  };
  /** What the flow returned. @throws MillraceError `RUN_RESULT_MISSING` when the run did not succeed */
  result<T = unknown>(): Promise<T>;
  /** What was given beside the results: by `ctx().artifact` in the flow and its tasks, and the files among its parameters. */
  artifacts(): Listing<ArtifactInfo>;
  /** What was given by `ctx().metric`, in the flow and its tasks. */
  metrics(): Listing<MetricInfo>;
  /** The graph as it was recorded, with the state of each node. */
  graph(): Promise<Graph>;
  /** The source files that it ran, as they were. @throws MillraceError `RUN_CODE_MISSING` where none are kept */
  code(): Promise<CodeInfo>;
  /** The run as one HTML page that needs no network. @throws MillraceError `REPORT_ASSETS_MISSING`, and what writing the file throws */
  report(options?: ReportOptions): Promise<string>;
  /** Lines in the order in which they came. */
  logs(filter?: LogQuery): Listing<string>;
  refresh(): Promise<RunInfo>;
  /** @returns the run as it is now @throws MillraceError `TAG_INVALID`, `RECORD_READ_ONLY` */
  addTags(...tags: readonly string[]): Promise<RunInfo>;
  /** Those of the system stay. @returns the run as it is now */
  removeTags(...tags: readonly string[]): Promise<RunInfo>;
  /** @returns the run as it is now @throws MillraceError `NOTE_INVALID`, `RECORD_READ_ONLY` */
  note(text: string): Promise<RunInfo>;
}

/** What code a run had: the file its flow is defined in, and all that this one loads. */
export interface CodeInfo {
  /** In the order of their paths. */
  readonly files: readonly CodeFileInfo[];
  /** Installed versions of the packages that the files use, by name. */
  readonly packages: Readonly<Record<string, string>>;
}

export interface CodeFileInfo {
  /** Relative to the folder of the project's package.json, with forward slashes. */
  readonly path: string;
  /** sha256, as hex. */
  readonly digest: string;
  readonly bytes: number;
  /** It was changed after it was loaded and before it was kept: what ran was something else. */
  readonly changed?: true;
  /**
   * Secrets are `***`. Files outside of the project, files of more than 512 KB and those that are no text are not kept.
   * @throws MillraceError `CODE_NOT_KEPT`, `CODE_MISSING`
   */
  text(): Promise<string>;
}

export interface LogQuery {
  /** Of this level and above. @default 'debug' */
  readonly level?: LogLevel;
  /** Of the task run with this id, or of the task with this name. */
  readonly task?: string;
  /** Of this attempt of its task run, from 1. @default all */
  readonly attempt?: number;
}

/** One task of a run, with all its task runs. */
export interface StepInfo {
  readonly name: string;
  /** In the order in which they were called; of a map, its children. Throws MillraceError `TASK_UNKNOWN` where the run has none. */
  tasks(): Listing<TaskInfo>;
}

/** One task run. */
export interface TaskInfo {
  readonly id: string;
  /** The name of its task. */
  readonly task: string;
  readonly run: string;
  readonly state: TaskState;
  readonly attempts: number;
  readonly cacheKey?: string;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly error?: ErrorInfo;
  /** Where a reused result comes from. */
  readonly origin?: { readonly run: string; readonly index: number };
  /** Of one that is running, what it said last by `ctx().progress`. */
  readonly progress?: { readonly fraction: number; readonly message?: string; readonly at: Date };
  /** The parts of its result, one called `result` or the named outputs; then what it gave by `ctx().artifact`. */
  artifacts(): Listing<ArtifactInfo>;
  /** What it gave by `ctx().metric`. */
  metrics(): Listing<MetricInfo>;
  /** @throws MillraceError `ARTIFACT_UNKNOWN` */
  artifact(name: string): Promise<ArtifactInfo>;
  /** Its result; of a map, the list of its children's. @throws MillraceError `VALUE_MISSING`, `RESULT_MISSING`, `RESULT_ELSEWHERE`, `RESULT_CORRUPTED`, `STORE_UNKNOWN`, `FORMAT_UNKNOWN` */
  value<T = unknown>(): Promise<T>;
  /** The source files of the run that made its result, which is another where it was taken over. @throws MillraceError `RUN_CODE_MISSING` */
  code(): Promise<CodeInfo>;
  /** The task runs whose results it took, or that it came after. */
  upstream(): Promise<readonly TaskInfo[]>;
  logs(filter?: Pick<LogQuery, 'level' | 'attempt'>): Listing<string>;
}

/** A stored value: where it lies, and how to know it again. */
export interface ArtifactInfo extends ArtifactRef {
  /** `result`, or the name of an output, or the one that `ctx().artifact` was told. */
  readonly name: string;
  /** How a viewer is to show it, where it was given by `ctx().artifact`. */
  readonly kind?: ArtifactKind;
  /** Its media type, where it was given by `ctx().artifact`. */
  readonly contentType?: string;
  /** Reads it, verified in full. @throws MillraceError `RESULT_MISSING`, `RESULT_ELSEWHERE`, `RESULT_CORRUPTED`, `STORE_UNKNOWN`, `FORMAT_UNKNOWN` */
  load<T = unknown>(): Promise<T>;
  /** The task run it belongs to. @throws MillraceError `TASK_RUN_UNKNOWN` when the flow itself gave it, or it is a parameter */
  producer(): Promise<TaskInfo>;
  /** The task runs of the same run that took it. */
  consumers(): Listing<TaskInfo>;
}

/** A series of numbers, as `ctx().metric` gave them. */
export interface MetricInfo {
  readonly name: string;
  readonly run: string;
  /** The id of the task run that gave it; undefined for the flow itself. */
  readonly task?: string;
  /** How many points it has. */
  readonly count: number;
  readonly last: { readonly step: number; readonly value: number };
  /** Of the finite values; undefined when there are none. */
  readonly min?: number;
  readonly max?: number;
  /** All of them, in the order in which they came. */
  points(): Promise<{ readonly steps: readonly number[]; readonly values: readonly number[] }>;
}
