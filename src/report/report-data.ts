import type { LogLevel } from '../model/event.js';
import type { RunState } from '../model/states.js';

/**
 * What a report's page is given: plain data, shared by who gathers it and by the script in the page. Times of what happened in the run are in
 * milliseconds from `run.createdAt`, rounded to hundredths. Texts that repeat are told by their place in `texts`, -1 for none.
 */
export interface ReportData {
  /** Milliseconds since the epoch: until when a run that goes on is told. */
  readonly madeAt: number;
  readonly run: ReportRun;
  readonly texts: readonly string[];
  readonly errors: readonly ReportError[];
  readonly tasks: TaskColumns;
  readonly attempts: AttemptColumns;
  readonly logs: LogColumns;
  /** What of each task's code counted, by the task's place in `texts`. */
  readonly code: Readonly<Record<number, TaskCode>>;
  /** The source files of the run; absent where none are kept. */
  readonly sources?: RunSources;
  /** Code that results were made with which the run took from others, where it was another then. */
  readonly formerCode: readonly FormerCode[];
  /** By place of the task run, the place in `formerCode`; -1: nobody knows, since the run that made the result has been removed. */
  readonly madeWith: Readonly<Record<number, number>>;
  readonly metrics: readonly MetricSeries[];
  readonly artifacts: readonly ReportArtifact[];
}

export interface ReportRun {
  readonly id: string;
  readonly flow: string;
  readonly state: RunState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly start: number | null;
  readonly end: number | null;
}

export interface ReportError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly hint?: string;
  readonly stack?: string;
  readonly cause?: ReportError;
}

/** A column each, a task run's values at its place in all of them; `place` and not `index`, since a run may lack some. */
export interface TaskColumns {
  readonly id: readonly string[];
  readonly task: readonly TextNumber[];
  readonly label: readonly TextNumber[];
  /** Place of the map or sub-flow it belongs to, or -1. */
  readonly parent: readonly number[];
  /** Places in `TASK_STATES`. */
  readonly state: readonly number[];
  readonly created: readonly number[];
  readonly start: readonly (number | null)[];
  readonly end: readonly (number | null)[];
  readonly tries: readonly number[];
  /** Why it ran, or what it was reused from. */
  readonly why: readonly TextNumber[];
  /** Place in `errors`, or -1. */
  readonly error: readonly number[];
  /** Bytes of its result. */
  readonly bytes: readonly number[];
  /** `from, kind, label` for each edge, kind as place in `EDGE_KINDS`. */
  readonly upstream: readonly (readonly number[])[];
  /** `name, value, digest` for each input: places in `texts`. */
  readonly inputs: readonly (readonly TextNumber[])[];
  /** What only some have, by place. */
  readonly checks: Readonly<Record<number, readonly ReportCheck[]>>;
  readonly cacheKey: Readonly<Record<number, string>>;
  readonly stored: Readonly<Record<number, readonly StoredValue[]>>;
  readonly value: Readonly<Record<number, ValueView>>;
  /** How far those say they are that are not over. */
  readonly progress: Readonly<Record<number, { readonly fraction: number; readonly message?: string }>>;
  /** Places of maps. */
  readonly maps: readonly number[];
}

export type TextNumber = number;

/** In the order of their numbers. */
export const EDGE_KINDS = ['data', 'order', 'control'] as const;

/** Where a result, or a named output, lies. */
export interface StoredValue {
  readonly name: string;
  readonly format: string;
  readonly bytes: number;
  readonly uri: string;
  readonly digest: string;
}

/** A value as it is shown: as a table where it is a list of records, else as text; or why it is not. */
export type ValueView =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'table'; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[]; readonly total: number }
  | { readonly kind: 'none'; readonly why: string; readonly command?: string }
  /** An object of tables, named outputs say, one by one. */
  | { readonly kind: 'parts'; readonly parts: readonly (readonly [name: string, view: ValueView])[] };

/** What a check said. */
export interface ReportCheck {
  readonly name: string;
  readonly severity: 'warn' | 'fail';
  readonly passed: boolean;
  readonly message?: string;
}

/** Each attempt of each task run, in order. */
export interface AttemptColumns {
  /** Place of the task run. */
  readonly task: readonly number[];
  readonly number: readonly number[];
  readonly state: readonly number[];
  /** When it began to wait for a slot, or for its next try. */
  readonly queued: readonly number[];
  readonly start: readonly number[];
  readonly end: readonly (number | null)[];
  readonly error: readonly number[];
}

export interface LogColumns {
  readonly at: readonly number[];
  /** Places in `LOG_LEVELS`. */
  readonly level: readonly number[];
  /** Place of the task run, -1 for lines of the run itself. */
  readonly task: readonly number[];
  readonly attempt: readonly number[];
  readonly text: readonly string[];
  /** How many lines the run has. */
  readonly total: number;
  /** After which line of these some were left out; -1: none were. */
  readonly gap: number;
}

/** By rising weight. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export interface TaskCode {
  /** The first characters of the code's digest; absent where its code did not count. */
  readonly digest?: string;
  readonly version?: string;
  /** Declarations that the task reaches, by file. */
  readonly files: readonly (readonly [file: string, names: readonly string[]])[];
  readonly packages: readonly (readonly [name: string, version: string])[];
}

export interface FormerCode {
  /** The run that had it. */
  readonly run: string;
  /** What of each file was the task's, as it stood there; absent: the page has no room for it. */
  readonly files?: readonly { readonly path: string; readonly names: readonly string[]; readonly text: string }[];
}

/** What code the run had. */
export interface RunSources {
  readonly files: readonly SourceFile[];
  readonly packages: readonly (readonly [name: string, version: string])[];
}

export interface SourceFile {
  /** As `TaskCode.files` has it. */
  readonly path: string;
  readonly bytes: number;
  /** Absent: the page does not have it, for this reason. */
  readonly text?: string;
  readonly why?: string;
  /** What shows it. */
  readonly command?: string;
  /** It was changed after it was loaded. */
  readonly changed?: true;
  /** Top-level declarations, by their offsets in the text. */
  readonly declarations?: readonly (readonly [name: string, start: number, end: number])[];
}

/** Values that a task told under one name, in order. */
export interface MetricSeries {
  /** Place of the task run, -1 for those of the run itself. */
  readonly task: number;
  readonly name: string;
  readonly steps: readonly number[];
  /** null for NaN and infinities. */
  readonly values: readonly (number | null)[];
  /** How many values there are: of many, the least and the greatest of each stretch are here. */
  readonly total: number;
  /** The last one, as text. */
  readonly last: string;
}

/** What a task handed in to be looked at. */
export interface ReportArtifact {
  /** Place of the task run, -1 for those of the run itself. */
  readonly task: number;
  readonly name: string;
  readonly view: ArtifactView;
}

export type ArtifactView =
  | ValueView
  /** Rendered and sanitised when the report was made: the page holds it in the template of this id. */
  | { readonly kind: 'markup'; readonly template: string }
  /** A `data:` address. */
  | { readonly kind: 'image'; readonly source: string; readonly alt: string };

export type { LogLevel, RunState };
