import type { DestinationStream } from 'pino';
import { MillraceError } from '../base/error.js';
import type { LogLevel, LogLine, MetricData, ProgressData, RunEvent, RunStateData, TaskStateData } from '../model/event.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import { uncaptured } from './capture.js';
import { eventText } from './event-text.js';
import { isAtLeast } from './level.js';
import type { Mask } from './mask.js';
import { maskData } from './mask-data.js';
import { RunTally } from './run-tally.js';

export interface JsonLogOptions {
  /** A file descriptor, written to synchronously, or anything with a `write` that takes text, such as a stream. */
  readonly destination: number | DestinationStream;
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
   * Written to a file descriptor, it is out when this returns.
   */
  event(event: RunEvent): void;
  /** @throws MillraceError `LOG_WRITE_FAILED` when lines were lost, unless because nobody reads any more (EPIPE) */
  close(): void;
}

type MakeJsonLog = (options: JsonLogOptions) => JsonLog;

/** The events of one run as JSON lines, for machines: written by pino, which is loaded here and not before. */
export async function createJsonLog(options: JsonLogOptions): Promise<JsonLog> {
  return (await loadJsonLog())(options);
}

/** For who needs several logs, or one at once when the time has come. */
export async function loadJsonLog(): Promise<MakeJsonLog> {
  const { pino } = await import('pino');
  return (options) => jsonLog(pino, options);
}

function jsonLog(pino: typeof import('pino').pino, options: JsonLogOptions): JsonLog {
  const { run, flow, level: least = 'info', mask = (text: string) => text } = options;
  const { stream, failure, close } = openDestination(options.destination, pino.destination);
  const tally = new RunTally();
  // The time of a line is that of its event: pino asks for it while it writes.
  let at = new Date(0);
  let shownAt = '';
  let shownMs = Number.NaN;
  const timestamp = (): string => {
    // A task that prints does so many times in a millisecond.
    if (at.getTime() !== shownMs) shownAt = `,"time":"${at.toISOString()}"`;
    shownMs = at.getTime();
    return shownAt;
  };
  const logger = pino(
    {
      level: least,
      base: { run: mask(run), flow: mask(flow) },
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  const printed = new PrintedLines({ run: mask(run), flow: mask(flow) }, mask);
  return {
    event(event) {
      if (event.type === 'log') {
        const line = event.data as LogLine;
        if (failure() !== undefined || !isAtLeast(line.level, least)) return;
        at = event.at;
        const text = printed.of(event.node, line, timestamp());
        uncaptured(() => stream.write(text));
        return;
      }
      tally.add(event);
      const said = eventText(event, { run, flow }, tally);
      if (failure() !== undefined || !isAtLeast(said.level, least)) return;
      at = event.at;
      uncaptured(() => logger[said.level](fieldsOf(event, tally, mask), mask(said.text)));
    },
    close() {
      close();
      const error = failure();
      if (error === undefined || (error as NodeJS.ErrnoException).code === 'EPIPE') return;
      throw new MillraceError('LOG_WRITE_FAILED', `the log of run ${run} could not be written: ${error.message}`, { cause: error });
    },
  };
}

/**
 * What tasks print, as pino would write it: there may be a million lines, and of those of one task that follow one another nothing differs but
 * the time and the text.
 */
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

  /** @param time as pino has it, with the comma before it */
  of(node: string | undefined, { level, attempt, text }: LogLine, time: string): string {
    if (level !== this.#level || node !== this.#node || attempt !== this.#attempt) this.#begin(node, level, attempt);
    return `${this.#head}${time}${this.#middle}${JSON.stringify(this.#mask(text))}}\n`;
  }

  #begin(node: string | undefined, level: LogLevel, attempt: number | undefined): void {
    [this.#node, this.#level, this.#attempt] = [node, level, attempt];
    this.#head = `{"level":"${level}"`;
    const of = node === undefined ? '' : `,"node":${JSON.stringify(this.#mask(node))}`;
    this.#middle = `,${this.#run},"type":"log"${of}${attempt === undefined ? '' : `,"attempt":${attempt}`},"msg":`;
  }
}

interface Destination {
  readonly stream: DestinationStream;
  /** The error that ended writing. */
  failure(): Error | undefined;
  close(): void;
}

type OpenDescriptor = typeof import('pino').pino.destination;

function openDestination(destination: number | DestinationStream, openDescriptor: OpenDescriptor): Destination {
  if (typeof destination !== 'number') return { stream: destination, failure: () => undefined, close: () => {} };
  let failure: Error | undefined;
  const stream = openDescriptor({ fd: destination, sync: true });
  stream.on('error', (error: Error) => {
    failure ??= error;
  });
  return {
    stream,
    failure: () => failure,
    // The descriptor was given to us open, and stays so.
    close() {
      if (failure === undefined) stream.flushSync();
    },
  };
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
