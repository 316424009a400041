import type { LogLevel, LogLine, MetricData, ProgressData, RunEvent, RunStateData, TaskStateData } from '../model/event.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import type { TextSink } from './burst.js';
import { uncaptured } from './capture.js';
import { eventText } from './event-text.js';
import { isAtLeast } from './level.js';
import type { Mask } from './mask.js';
import { maskData } from './mask-data.js';
import { RunTally } from './run-tally.js';

export interface JsonLogOptions {
  /** Anything with a `write` that takes text, such as a stream. */
  readonly destination: TextSink;
  /** Id of the run. */
  readonly run: string;
  readonly flow: string;
  /** Nothing below is written. @default 'info' */
  readonly level?: LogLevel;
  /** Keeps secrets out (S18), see `createMask`. @default none */
  readonly mask?: Mask;
}

export interface JsonLog {
  /**
   * Writes one line: `level` (`debug` … `error`), `time` (ISO 8601, UTC), `run`, `flow`, `type` and `msg`, and where the event has them
   * `node`, `task`, `state`, `attempt`, `ms`, `reason`, `error`; the last line of a run has the `counts` of its task runs by state.
   */
  event(event: RunEvent): void;
}

/** The events of one run as JSON lines, for machines. */
export function createJsonLog({ destination, run, flow, level: least = 'info', mask = (text) => text }: JsonLogOptions): JsonLog {
  const tally = new RunTally();
  const base = { run: mask(run), flow: mask(flow) };
  const timeOf = shownTimes();
  const printed = new PrintedLines(base, mask);
  return {
    event(event) {
      if (event.type === 'log') {
        const line = event.data as LogLine;
        if (isAtLeast(line.level, least)) uncaptured(() => destination.write(printed.of(event.node, line, timeOf(event.at))));
        return;
      }
      tally.add(event);
      const { level, text } = eventText(event, { run, flow }, tally);
      if (!isAtLeast(level, least)) return;
      const line = JSON.stringify({ level, time: timeOf(event.at), ...base, ...fieldsOf(event, tally, mask), msg: mask(text) });
      uncaptured(() => destination.write(`${line}\n`));
    },
  };
}

/** Times as ISO 8601, in UTC. A task that prints does so many times in a millisecond. */
function shownTimes(): (at: Date) => string {
  let shown = '';
  let shownMs = Number.NaN;
  return (at) => {
    if (at.getTime() !== shownMs) shown = at.toISOString();
    shownMs = at.getTime();
    return shown;
  };
}

/** What tasks print: there may be a million lines, and of those of one task that follow one another nothing differs but the time and the text. */
class PrintedLines {
  readonly #run: string;
  readonly #mask: Mask;
  #node: string | undefined;
  #attempt: number | undefined;
  #level: LogLevel | undefined;
  #head = '';
  #middle = '';

  /** @param run whose lines they are; masked */
  constructor(run: { readonly run: string; readonly flow: string }, mask: Mask) {
    this.#run = JSON.stringify(run).slice(1, -1);
    this.#mask = mask;
  }

  of(node: string | undefined, { level, attempt, text }: LogLine, time: string): string {
    if (level !== this.#level || node !== this.#node || attempt !== this.#attempt) this.#begin(node, level, attempt);
    return `${this.#head}${time}${this.#middle}${JSON.stringify(this.#mask(text))}}\n`;
  }

  #begin(node: string | undefined, level: LogLevel, attempt: number | undefined): void {
    [this.#node, this.#level, this.#attempt] = [node, level, attempt];
    this.#head = `{"level":"${level}","time":"`;
    const of = node === undefined ? '' : `,"node":${JSON.stringify(this.#mask(node))}`;
    this.#middle = `",${this.#run},"type":"log"${of}${attempt === undefined ? '' : `,"attempt":${attempt}`},"msg":`;
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
