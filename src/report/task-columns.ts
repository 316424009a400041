import type { ErrorInfo } from '../model/event.js';
import { reasonWords } from '../model/reason-text.js';
import type { EdgeRow } from '../model/records.js';
import { isFinalTaskState, TASK_STATE_CODE } from '../model/states.js';
import { decodeText } from '../results/json.js';
import { ESCAPE_MARK } from '../results/json-escape.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import { type AttemptColumns, EDGE_KINDS, type ReportError, type StoredValue, type TaskColumns, type ValueView } from './report-data.js';
import { TextPool } from './text-pool.js';
import { cut, inspected } from './value-view.js';

/** A stack is read from its top. */
const LONGEST_STACK = 6_000;
const LONGEST_MESSAGE = 20_000;
const LONGEST_INPUT = 400;
/** Of a task run with more edges than this, the first are told. */
const MOST_EDGES = 200;
const DIGEST = 12;

/** Turns rows of the record into the columns of a report. */
export class TaskPacker {
  readonly pool = new TextPool();
  readonly errors: ReportError[] = [];
  readonly #errorNumbers = new Map<string, number>();
  readonly #origin: number;
  /** Of row indexes. */
  readonly places: ReadonlyMap<number, number>;
  readonly #rows: readonly TaskRunDetails[];

  constructor(rows: readonly TaskRunDetails[], runCreatedAt: number) {
    this.#rows = rows;
    this.#origin = runCreatedAt;
    this.places = new Map(rows.map(({ index }, place) => [index, place]));
  }

  time(at: number): number;
  time(at: number | undefined): number | null;
  time(at: number | undefined): number | null {
    return at === undefined ? null : Math.round((at - this.#origin) * 100) / 100;
  }

  /** @param values by place, of what could be read */
  tasks(values: Readonly<Record<number, ValueView>>): TaskColumns {
    const rows = this.#rows;
    return {
      id: rows.map(({ id }) => id),
      task: rows.map(({ task }) => this.pool.add(task)),
      label: rows.map(({ label }) => this.pool.add(label)),
      parent: rows.map(({ parent }) => (parent === undefined ? -1 : (this.places.get(parent) ?? -1))),
      state: rows.map(({ state }) => TASK_STATE_CODE[state]),
      created: rows.map(({ createdAt }) => this.time(createdAt)),
      start: rows.map(({ startedAt }) => this.time(startedAt)),
      end: rows.map(({ finishedAt }) => this.time(finishedAt)),
      tries: rows.map(({ attempts }) => attempts),
      why: rows.map((row) => this.pool.add(whyOf(row))),
      error: rows.map(({ error }) => this.error(error)),
      bytes: rows.map(({ artifacts }) => artifacts.reduce((sum, { ref }) => sum + ref.bytes, 0)),
      upstream: rows.map(({ upstream }) => this.#edges(upstream)),
      inputs: rows.map(({ inputs }) => this.#inputs(inputs)),
      checks: byPlace(rows, ({ checks }) => (checks === undefined || checks.length === 0 ? undefined : checks)),
      cacheKey: byPlace(rows, ({ cacheKey }) => cacheKey?.slice(0, DIGEST)),
      stored: byPlace(rows, storedOf),
      value: values,
      progress: byPlace(rows, progressOf),
      maps: [...mapPlaces(rows, this.places)],
    };
  }

  attempts(): AttemptColumns {
    const columns = { task: [], number: [], state: [], queued: [], start: [], end: [], error: [] } as {
      -readonly [K in keyof AttemptColumns]: AttemptColumns[K][number][];
    };
    this.#rows.forEach(({ attemptRows }, place) => {
      for (const row of attemptRows) {
        columns.task.push(place);
        columns.number.push(row.attempt);
        columns.state.push(TASK_STATE_CODE[row.state]);
        columns.queued.push(this.time(row.startedAt + queuedAt(row.changes)));
        columns.start.push(this.time(row.startedAt));
        columns.end.push(this.time(row.finishedAt));
        columns.error.push(this.error(row.error));
      }
    });
    return columns;
  }

  /** The error's number; the same error of an attempt and of its task run is kept once. */
  error(error: ErrorInfo | undefined): number {
    if (error === undefined) return -1;
    const packed = packedError(error, 0);
    const key = JSON.stringify(packed);
    const known = this.#errorNumbers.get(key);
    if (known !== undefined) return known;
    this.#errorNumbers.set(key, this.errors.length);
    return this.errors.push(packed) - 1;
  }

  #edges(upstream: readonly EdgeRow[]): number[] {
    const packed: number[] = [];
    for (const { from, kind, label } of upstream) {
      const place = this.places.get(from);
      if (place === undefined || kind === 'control-as') continue;
      packed.push(place, EDGE_KINDS.indexOf(kind), this.pool.add(label));
      if (packed.length >= MOST_EDGES * 3) break;
    }
    return packed;
  }

  #inputs(inputs: TaskRunDetails['inputs']): number[] {
    return Object.entries(inputs ?? {}).flatMap(([name, { digest, shown }]) => [
      this.pool.add(name),
      this.pool.add(shown === undefined ? undefined : cut(recordedText(shown), LONGEST_INPUT)),
      this.pool.add(digest.slice(0, DIGEST)),
    ]);
  }
}

/** Why it ran, or where its result was taken from. */
export function whyOf({ reason, origin, state }: Pick<TaskRunDetails, 'reason' | 'origin' | 'state'>): string | undefined {
  if (reason) return reasonWords(reason) + (reason.detail === undefined ? '' : `: ${cut(reason.detail, LONGEST_INPUT)}`);
  if (origin) return `${state === 'cached' ? 'reused' : 'taken over'} from run ${origin.run}`;
  return undefined;
}

/** A value as the record has it: as it is where it is plain JSON, else as what it stands for (`undefined`, a date). */
export function recordedText(text: string): string {
  if (!text.includes(ESCAPE_MARK)) return text;
  try {
    return inspected(decodeText(text));
  } catch {
    // A class that only the flow file knows.
    return text;
  }
}

/** Children of maps are told by their ids (S9): the map's, and their place in brackets. */
function mapPlaces(rows: readonly TaskRunDetails[], places: ReadonlyMap<number, number>): ReadonlySet<number> {
  const maps = new Set<number>();
  for (const { id, parent } of rows) {
    const place = parent === undefined ? undefined : places.get(parent);
    if (place !== undefined && id.startsWith(`${rows[place]?.id}[`)) maps.add(place);
  }
  return maps;
}

/** `queued@-12.5 running@0 …`: milliseconds from the start of the attempt, which had a slot at once where nothing is said. */
function queuedAt(changes: string): number {
  const at = Number(/^queued@(-?[\d.]+)/.exec(changes)?.[1] ?? 0);
  return Number.isFinite(at) ? Math.min(at, 0) : 0;
}

function storedOf({ artifacts }: TaskRunDetails): readonly StoredValue[] | undefined {
  if (artifacts.length === 0) return undefined;
  return artifacts.map(({ name, ref }) => ({
    name,
    format: ref.format,
    bytes: ref.bytes,
    uri: cut(ref.uri, LONGEST_INPUT),
    digest: ref.contentDigest.slice(0, DIGEST),
  }));
}

function progressOf({ state, progress }: TaskRunDetails): TaskColumns['progress'][number] | undefined {
  if (progress === undefined || isFinalTaskState(state)) return undefined;
  const { fraction, message } = progress;
  return { fraction, ...(message === undefined ? {} : { message: cut(message, LONGEST_INPUT) }) };
}

/** Longer chains are loops or noise. */
const MOST_CAUSES = 6;

function packedError({ name, message, code, hint, stack, cause }: ErrorInfo, depth: number): ReportError {
  return {
    name,
    message: cut(message, LONGEST_MESSAGE),
    ...(code === undefined ? {} : { code }),
    ...(hint === undefined ? {} : { hint }),
    ...(stack === undefined ? {} : { stack: cut(stack, LONGEST_STACK) }),
    ...(cause === undefined || depth === MOST_CAUSES ? {} : { cause: packedError(cause, depth + 1) }),
  };
}

function byPlace<T>(rows: readonly TaskRunDetails[], pick: (row: TaskRunDetails) => T | undefined): Record<number, T> {
  const found: Record<number, T> = {};
  rows.forEach((row, place) => {
    const value = pick(row);
    if (value !== undefined) found[place] = value;
  });
  return found;
}
