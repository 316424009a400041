import type { ArtifactKind, ArtifactRef } from './artifact.js';
import type { CheckResult } from './check.js';
import type { RunCause } from './due-run.js';
import type { ErrorInfo, LogLine } from './event.js';
import type { FileRead } from './file-read.js';
import type { Reason } from './reason.js';
import type { ScheduledTime } from './schedule.js';
import type { RunState, TaskState } from './states.js';

/** Rows as the run record keeps them: frozen, dumb data. Times are milliseconds since the epoch; digests are lower-case hex. */

/** Who runs a run: enough to know whether that process still lives (S31). */
export interface Owner {
  readonly host: string;
  /** Changes at each boot; with `pidNamespace` it says whether `pid` can be looked up from here. */
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly pid: number;
  /** The process's own start time, in clock ticks or whatever the platform gives, so that a reused pid is not taken for it. */
  readonly pidStarted: string;
}

/** What somebody wrote down about a run. */
export interface RunNote {
  readonly at: number;
  readonly text: string;
}

export interface RunRow {
  readonly id: string;
  readonly flow: string;
  readonly name: string | undefined;
  readonly state: RunState;
  /** By parameter name: the value as JSON text of the faithful serializer, or `"***"` for a secret. */
  readonly params: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** What Millrace itself says of the run (`user:ana`, `node:22.4.0`): found as the others are, and never changed. */
  readonly systemTags?: readonly string[];
  /** What people wrote down about it, in order. */
  readonly notes?: readonly RunNote[];
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly error: ErrorInfo | undefined;
  /** The run that started this one as a child. */
  readonly parentRun: string | undefined;
  /** The run this one resumes (S30). */
  readonly originRun: string | undefined;
  readonly owner: Owner;
  /** Rises each time somebody takes the run from its owner; writes under an older epoch are refused. */
  readonly epoch: number;
  /** Sum of final task states, filled in when the run ends. */
  readonly counts: Readonly<Partial<Record<TaskState, number>>>;
  readonly result: ArtifactRef | undefined;
  /** What the run was told to execute whatever there is: who resumes it owes what it did not come to. */
  readonly forced?: ForcedTasks | undefined;
  /** Why it was started, where nobody did by hand. */
  readonly cause?: RunCause | undefined;
  /** The time it stands for, where it was given one: else its start (S35). */
  readonly scheduled?: ScheduledTime | undefined;
  /** The tasks, or patterns of their names, that it was limited to: everything else it took from earlier results. Absent: all. */
  readonly only?: readonly string[] | undefined;
  /** By task, marks of its code when the run executed it, parted by spaces: tells a resume that it has changed (S30). */
  readonly codes?: Readonly<Record<string, string>> | undefined;
  /** contentDigest of the list of the source files that it ran, which the record holds with the texts of these (M10). */
  readonly codePackage?: string | undefined;
}

/** The source files that a run ran: kept once, however many runs had the same. */
export interface CodeRow {
  /** contentDigest of the list, which is one of the contents. */
  readonly digest: string;
  /** The list, and the texts of the files. Absent: the record has them from an earlier run; where it has not, the run stays without. */
  readonly contents?: readonly CodeContent[];
}

export interface CodeContent {
  /** contentDigest. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Names of tasks, or patterns of names. */
export interface ForcedTasks {
  readonly all: boolean;
  /** With everything downstream of them. */
  readonly downstream: readonly string[];
  readonly only: readonly string[];
}

/**
 * An edge into a task run: from the node at place `from` of the same run. `control-as`: what that node came after by what the body had
 * awaited, this one came after too; that way a body that awaits n results one by one leaves n edges, not n²/2.
 */
export interface EdgeRow {
  readonly from: number;
  readonly kind: 'data' | 'order' | 'control' | 'control-as';
  readonly label?: string;
}

export interface TaskRunRow {
  /** The node's place in its run, from 0 in order of registration. */
  readonly index: number;
  /** For people: `clean#2` (S9). */
  readonly id: string;
  readonly task: string;
  /** A readable name for this one task run, when the task has a naming function. */
  readonly label: string | undefined;
  /** Index of the sub-flow node that this one belongs to. */
  readonly parent: number | undefined;
  readonly state: TaskState;
  readonly nodeKey: string | undefined;
  readonly cacheKey: string | undefined;
  readonly attempts: number;
  readonly reason: Reason | undefined;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly error: ErrorInfo | undefined;
  readonly upstream: readonly EdgeRow[];
  /** Digest of each argument by parameter name (S21). */
  readonly inputs: Readonly<Record<string, InputDigest>> | undefined;
  /** What its checks said (A10). */
  readonly checks: readonly CheckResult[] | undefined;
  /** Where a reused result comes from. */
  readonly origin: { readonly run: string; readonly index: number } | undefined;
}

/** `shown` is the value itself where it is small enough to print; absent for secrets. */
export interface InputDigest {
  readonly digest: string;
  readonly shown?: string;
}

export interface AttemptRow {
  readonly index: number;
  /** From 1. */
  readonly attempt: number;
  readonly state: TaskState;
  /** Every change of state of this attempt, packed: `queued@-12.5 running@0 success@67.75`, in milliseconds from `startedAt`. */
  readonly changes: string;
  readonly startedAt: number;
  readonly finishedAt: number | undefined;
  readonly error: ErrorInfo | undefined;
}

/** A stored value of a task run. `name` is empty for the whole result, else the output's name. */
export interface ArtifactRow {
  readonly index: number;
  readonly name: string;
  readonly ref: ArtifactRef;
  /** The bytes, when they are small enough to live in the record. */
  readonly inline: Uint8Array | undefined;
}

/** One way to answer a cache key (S23, S24): a task run of the past. */
export interface CacheEntryRow {
  /** task + code part: what one scan loads (16 bytes, hex). */
  readonly taskVersion: string;
  readonly key: string;
  readonly task: string;
  readonly run: string;
  readonly index: number;
  readonly createdAt: number;
  readonly code: string;
  /** What the code was made of, as JSON text: tells which declaration changed when it does. */
  readonly codeParts?: string | undefined;
  readonly version: string | undefined;
  readonly inputs: Readonly<Record<string, InputDigest>>;
  readonly artifacts: readonly { readonly name: string; readonly ref: ArtifactRef }[];
  /** What it asked the file system: the entry answers its key only while the answers are the same (S22b). Absent where it asked nothing. */
  readonly reads?: readonly FileRead[] | undefined;
  /** True: all artifacts are known to lie in the record itself, so that nobody has to look for them elsewhere. */
  readonly inRecord?: boolean;
}

export interface LogRow extends LogLine {
  /** Order within the run, from 0. */
  readonly seq: number;
}

/** What changes of a run's own row. */
export type RunChange = Partial<Pick<RunRow, 'state' | 'startedAt' | 'finishedAt' | 'error' | 'counts' | 'result' | 'codes'>>;

/** The place of a flow's body beside its task runs. */
export const BODY_PLACE = -1;
/** The place of the files among a run's parameters (S18): each is an artifact with the parameter's name. */
export const PARAMETERS_PLACE = -2;

/** What an attempt, or a body, gave by `ctx().artifact`. Of two with one name from one attempt, the last counts. */
export interface RunArtifactRow {
  /** Of the task run; `BODY_PLACE` or `PARAMETERS_PLACE`. */
  readonly index: number;
  /** From 1; 0 where there are no attempts. */
  readonly attempt: number;
  readonly name: string;
  readonly kind: ArtifactKind;
  /** A media type, such as `text/markdown`. */
  readonly contentType: string;
  readonly at: number;
  readonly ref: ArtifactRef;
  /** The bytes, when they are small enough to live in the record. */
  readonly inline: Uint8Array | undefined;
}

/** Points of one metric, in the order in which they came. Values may be NaN and infinite; steps are finite. */
export interface MetricRow {
  readonly index: number;
  readonly attempt: number;
  readonly name: string;
  /** How many points of this metric came before, from the same attempt. */
  readonly first: number;
  /** When the first of these came. */
  readonly at: number;
  readonly steps: readonly number[];
  /** As many. */
  readonly values: readonly number[];
}

/** How far a task run says it is: the last it said. */
export interface ProgressRow {
  readonly index: number;
  readonly attempt: number;
  /** 0 to 1. */
  readonly fraction: number;
  readonly message: string | undefined;
  readonly at: number;
}
