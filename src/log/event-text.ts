import type {
  ArtifactData,
  ErrorInfo,
  LogLevel,
  LogLine,
  MetricData,
  ProgressData,
  RetryNotice,
  RunEvent,
  RunStateData,
  TaskStateData,
} from '../model/event.js';
import type { Reason } from '../model/reason.js';
import { reasonWords } from '../model/reason-text.js';
import { FINAL_RUN_STATES, isFinalTaskState, type RunState, type TaskState } from '../model/states.js';
import { formatMs } from './format-ms.js';
import type { RunTally } from './run-tally.js';

/** An event in words, as lines and JSON lines both show it. Raw: user text in it is neither masked nor made safe for terminals. */
export interface EventText {
  readonly level: LogLevel;
  /** Whom it is about: `Task 'clean#0'`, `Flow 'penguins'`. */
  readonly subject: string;
  /** May have several lines, where an error message has. */
  readonly text: string;
  readonly state?: TaskState | RunState;
}

/** The run that the events belong to. */
export interface RunNames {
  readonly flow: string;
  /** Id of the run. */
  readonly run: string;
}

/** @param tally must have seen this event */
export function eventText(event: RunEvent, names: RunNames, tally: RunTally): EventText {
  if (event.type === 'task-state') return taskText(event.node, event.data as TaskStateData);
  if (event.type === 'run-state') return runText(event.data as RunStateData, names, tally);
  if (event.type === 'progress') return { level: 'info', subject: `Task '${event.node}'`, text: progressText(event.data as ProgressData) };
  if (event.type === 'artifact' || event.type === 'metric') return { ...sideText(event), subject: subjectOf(event, names) };
  return lineText(event, event.data as LogLine, names);
}

/** Of which attempt, where there was one before. */
function lineText(event: RunEvent, { level, text, attempt = 1 }: LogLine, names: RunNames): EventText {
  const subject = `${subjectOf(event, names)}${event.node !== undefined && attempt > 1 ? `, attempt ${attempt}` : ''}`;
  return { level, subject, text };
}

const progressText = ({ fraction, message }: ProgressData): string => `${Math.round(fraction * 100)} %${message === undefined ? '' : ` ${message}`}`;

/** A curve is no news, line by line: its points are in the record. */
function sideText(event: RunEvent): Pick<EventText, 'level' | 'text'> {
  if (event.type === 'metric') {
    const { name, steps, values } = event.data as MetricData;
    const count = values.length > 1 ? ` (${values.length} points)` : '';
    return { level: 'debug', text: `metric ${name} = ${values.at(-1)} at step ${steps.at(-1)}${count}` };
  }
  const { name, kind, ref } = event.data as ArtifactData;
  return { level: 'info', text: `artifact '${name}' kept (${kind}, ${ref.bytes} bytes)` };
}

const subjectOf = (event: RunEvent, names: RunNames): string => (event.node === undefined ? flowSubject(names) : `Task '${event.node}'`);

const flowSubject = ({ flow }: RunNames): string => `Flow '${flow}'`;

const TASK_LEVEL: Readonly<Record<TaskState, LogLevel>> = {
  pending: 'debug',
  queued: 'debug',
  running: 'info',
  retrying: 'warn',
  paused: 'info',
  success: 'info',
  cached: 'info',
  skipped: 'info',
  failed: 'error',
  'upstream-failed': 'warn',
  cancelled: 'warn',
  'timed-out': 'error',
  crashed: 'error',
};

function taskText(node: string | undefined, data: TaskStateData): EventText {
  const { state } = data;
  return { level: TASK_LEVEL[state], subject: `Task '${node ?? data.task}'`, text: taskSentence(data), state };
}

function taskSentence({ state, attempt, ms, reason, error, retry, takenOver }: TaskStateData): string {
  if (takenOver !== undefined) return `taken over from run ${takenOver}`;
  const took = ms === undefined ? '' : ` in ${formatMs(ms)}`;
  const failure = error === undefined ? '' : `: ${errorText(error)}`;
  if (state === 'running') return attempt > 1 ? `starting attempt ${attempt}` : `starting${because(reason)}`;
  if (state === 'retrying') return `attempt ${attempt}${retry ? ` of ${retry.most}` : ''} failed${took}, ${nextTry(retry)}${failure}`;
  if (isFinalTaskState(state)) return `finished task run${took} with final state '${state}'${failure}`;
  return `is now '${state}'${failure}`;
}

function nextTry(retry: RetryNotice | undefined): string {
  if (retry === undefined) return 'will be tried again';
  return retry.delayMs < 1 ? 'trying again' : `trying again in ${formatMs(retry.delayMs)}`;
}

/** Why a task runs that might have been reused (S27). That it never ran before, or is not cached, needs no words. */
function because(reason: Reason | undefined): string {
  if (reason === undefined || reason.kind === 'no-result' || reason.kind === 'not-cached') return '';
  return ` (${reasonWords(reason)}${reason.detail === undefined ? '' : `: ${reason.detail}`})`;
}

const RUN_LEVEL: Readonly<Record<RunState, LogLevel>> = {
  pending: 'debug',
  running: 'info',
  paused: 'info',
  success: 'info',
  failed: 'error',
  cancelled: 'warn',
  'timed-out': 'error',
  crashed: 'error',
};

function runText({ state, error }: RunStateData, names: RunNames, tally: RunTally): EventText {
  const text = `run ${names.run} ${runSentence(state, tally)}${error === undefined ? '' : `: ${errorText(error)}`}`;
  return { level: RUN_LEVEL[state], subject: flowSubject(names), text, state };
}

function runSentence(state: RunState, tally: RunTally): string {
  if (state === 'running') return 'started';
  if (!FINAL_RUN_STATES.has(state)) return `is now '${state}'`;
  const sum = tally.toString();
  return `finished with state '${state}'${sum === '' ? '' : ` (${sum})`}${tally.ms === undefined ? '' : ` in ${formatMs(tally.ms)}`}`;
}

/** Enough to see what is wrong; a chain of causes longer than this is a loop or noise. */
const MAX_CAUSES = 5;

/** `TypeError: x is not a function [CODE]`, and a line for each cause. */
function errorText(outermost: ErrorInfo): string {
  const error = withoutTask(outermost);
  // Another task's, which kept this one from running: it says itself what it failed of, and its own line says it in full.
  if (withoutTask(error) !== error) return error.message;
  const lines = [errorLine(error)];
  for (let cause = error.cause; cause !== undefined && lines.length <= MAX_CAUSES; cause = cause.cause) lines.push(`caused by ${errorLine(cause)}`);
  return lines.join('\n');
}

/** A task's error says again which task failed, and why: the line it is in begins with the one, the cause says the other. */
export function withoutTask(error: ErrorInfo): ErrorInfo {
  return error.code?.startsWith('TASK_') && error.cause && error.message.endsWith(error.cause.message) ? error.cause : error;
}

function errorLine({ name, message, code }: ErrorInfo): string {
  // Names that say no more than that it is an error only stand in the way of the message.
  const kind = name === 'Error' || name === 'MillraceError' || name === '' ? '' : `${name}: `;
  return `${kind}${message}${code === undefined ? '' : ` [${code}]`}`;
}
