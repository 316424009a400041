import type { LogLevel, LogLine, MetricData, ProgressData, RunEvent, RunStateData, TaskStateData } from '../model/event.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import { eventText } from './event-text.js';
import { isAtLeast } from './level.js';
import type { Mask } from './mask.js';
import { maskData } from './mask-data.js';
import { RunTally } from './run-tally.js';

export interface JsonLogOptions {
  /** Id of the run. */
  readonly run: string;
  readonly flow: string;
  /** Nothing below is shown. @default 'info' */
  readonly level?: LogLevel;
  /** Keeps secrets out (S18), see `createMask`. @default none */
  readonly mask?: Mask;
}

export interface JsonLog {
  /**
   * The next events of the run, a line each: `level` (`debug` … `error`), `time` (ISO 8601, UTC), `run`, `flow`, `type` and `msg`, and where the event
   * has them `node`, `task`, `state`, `attempt`, `ms`, `reason`, `error`; the last line of a run has the `counts` of its task runs by state. Empty when
   * all of them are below the level.
   */
  text(events: readonly RunEvent[]): string;
}

/** The events of one run as JSON lines, for machines. */
export function createJsonLog({ run, flow, level: least = 'info', mask = (text) => text }: JsonLogOptions): JsonLog {
  const tally = new RunTally();
  const base = { run: mask(run), flow: mask(flow) };
  const timeOf = shownTimes();
  const printed = new PrintedLines(base, timeOf, mask);
  const told = (event: RunEvent): string => {
    tally.add(event);
    const { level, text } = eventText(event, { run, flow }, tally);
    if (!isAtLeast(level, least)) return '';
    return `${JSON.stringify({ level, time: timeOf(event.at), ...base, ...fieldsOf(event, tally, mask), msg: mask(text) })}\n`;
  };
  return {
    text(events) {
      let text = '';
      for (const event of events) {
        if (event.type !== 'log') text += printed.take() + told(event);
        else if (isAtLeast((event.data as LogLine).level, least)) text += printed.add(event);
      }
      return text + printed.take();
    },
  };
}

/** Times as ISO 8601, in UTC. A task that prints does so many times in a millisecond. */
function shownTimes(): (at: Date) => string {
  let shown = '';
  let shownMs = Number.NaN;
  return (at) => {
    const ms = at.getTime();
    if (ms !== shownMs) shown = at.toISOString();
    shownMs = ms;
    return shown;
  };
}

/** Texts that are the same as JSON, but for the quotes around them: most of what is printed. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has another spelling for them
const PLAIN = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;
/** Stands between two texts in a list of them as JSON, and nowhere inside one, where each quote has a backslash before it. */
const BETWEEN = '","';

/**
 * What tasks print: there may be a million lines, and those of one task in one millisecond differ by nothing but their text. All these texts are made
 * JSON at once, which costs a fraction of making it of each.
 */
class PrintedLines {
  readonly #run: string;
  readonly #timeOf: (at: Date) => string;
  readonly #mask: Mask;
  #ms = Number.NaN;
  #node: string | undefined;
  #attempt: number | undefined;
  #level: LogLevel | undefined;
  /** What all of them begin with, and what stands between two of their texts. */
  #head = '';
  #between = '';
  #texts: string[] = [];

  /** @param run whose lines they are; masked */
  constructor(run: { readonly run: string; readonly flow: string }, timeOf: (at: Date) => string, mask: Mask) {
    this.#run = JSON.stringify(run).slice(1, -1);
    this.#timeOf = timeOf;
    this.#mask = mask;
  }

  /** @returns those before it, when they are not like it */
  add({ at, node, data }: RunEvent): string {
    const { level, attempt, text } = data as LogLine;
    const isLike = at.getTime() === this.#ms && level === this.#level && node === this.#node && attempt === this.#attempt;
    const before = isLike ? '' : this.take();
    if (!isLike) this.#begin(at, node, level, attempt);
    this.#texts.push(this.#mask(text));
    return before;
  }

  /** Lines that were added and not yet taken. */
  take(): string {
    if (this.#texts.length === 0) return '';
    const texts = this.#texts;
    this.#texts = [];
    const spelled = PLAIN.test(texts.join(' ')) ? texts : JSON.stringify(texts).slice(2, -2).split(BETWEEN);
    // Beginning and end go with the texts: joined to all of them, they would have all copied once more.
    spelled[0] = `${this.#head}${spelled[0]}`;
    spelled[spelled.length - 1] += '"}\n';
    return spelled.join(this.#between);
  }

  #begin(at: Date, node: string | undefined, level: LogLevel, attempt: number | undefined): void {
    [this.#ms, this.#node, this.#level, this.#attempt] = [at.getTime(), node, level, attempt];
    const of = node === undefined ? '' : `,"node":${JSON.stringify(this.#mask(node))}`;
    const tried = attempt === undefined ? '' : `,"attempt":${attempt}`;
    this.#head = `{"level":"${level}","time":"${this.#timeOf(at)}",${this.#run},"type":"log"${of}${tried},"msg":"`;
    this.#between = `"}\n${this.#head}`;
  }
}

function fieldsOf(event: RunEvent, tally: RunTally, mask: Mask): Record<string, unknown> {
  const fields: Record<string, unknown> = { type: event.type };
  if (event.node !== undefined) fields.node = mask(event.node);
  if (event.type === 'task-state') addTaskFields(fields, event.data as TaskStateData, mask);
  else if (event.type === 'run-state') addRunFields(fields, event.data as RunStateData, tally, mask);
  else if (event.type === 'progress') addDefined(fields, { ...(event.data as ProgressData), message: undefined });
  else if (event.type === 'artifact') addDefined(fields, maskData(event.data as Readonly<Record<string, unknown>>, mask));
  else addMetricFields(fields, event.data as MetricData, mask);
  return fields;
}

function addTaskFields(fields: Record<string, unknown>, data: TaskStateData, mask: Mask): void {
  const { task, state, attempt, ms, reason, error, retry } = data;
  addDefined(fields, {
    task: mask(task),
    state,
    attempt,
    ms,
    reason: reason && maskData(reason, mask),
    error: error && maskData(error, mask),
    retry,
  });
}

/** JSON has no word for NaN. */
function addMetricFields(fields: Record<string, unknown>, { attempt, name, steps, values }: MetricData, mask: Mask): void {
  addDefined(fields, { attempt, name: mask(name), steps, values: values.map((value) => (Number.isFinite(value) ? value : String(value))) });
}

function addRunFields(fields: Record<string, unknown>, { state, error }: RunStateData, tally: RunTally, mask: Mask): void {
  addDefined(fields, { state, error: error && maskData(error, mask) });
  if (FINAL_RUN_STATES.has(state)) addDefined(fields, { ms: tally.ms, counts: tally.counts });
}

function addDefined(fields: Record<string, unknown>, more: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(more)) if (value !== undefined) fields[name] = value;
}
