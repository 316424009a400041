import { digest128 } from '../base/digest.js';
import { plainData } from '../base/json-value.js';
import type { Mask } from '../log/mask.js';
import { maskData } from '../log/mask-data.js';
import type { ErrorInfo } from '../model/event.js';
import type { NotificationEvent, NotificationOccasion, NotifiedError, NotifiedTask } from '../model/notification.js';
import type { RunState, TaskState } from '../model/states.js';
import { decodeText } from '../results/json.js';

/** What an event is made of, whoever knows it: the process of the run, or the record. Times in milliseconds since the epoch. */
export interface RunFacts {
  readonly occasion: NotificationOccasion;
  readonly at: number;
  readonly flow: string;
  readonly run: string;
  readonly name: string | undefined;
  readonly state: RunState;
  /** As `RunRow.params` has them. */
  readonly params: Readonly<Record<string, string>>;
  readonly error: ErrorInfo | undefined;
  readonly scheduledAt?: number | undefined;
  readonly deadline?: number | undefined;
  readonly dueAt?: number | undefined;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly counts: Readonly<Partial<Record<TaskState, number>>>;
  readonly failed: readonly TaskFacts[];
  readonly task?: TaskFacts | undefined;
}

export interface TaskFacts {
  readonly id: string;
  readonly attempts: number;
  readonly state?: TaskState;
  readonly error: ErrorInfo | undefined;
}

/** Messages of errors may list thousands of tasks, or quote a file. */
const LONGEST_MESSAGE = 4_000;
const LONGEST_PARAMETER = 16_000;
const MOST_FAILED = 50;

/** Masked before anything is cut: half a secret is one too. */
export function eventOf(known: RunFacts, mask: Mask): NotificationEvent {
  // Names that are ours hold no secret, and a short one might be found in them by chance.
  const facts: RunFacts = { ...maskData(known, mask), occasion: known.occasion, state: known.state, counts: known.counts };
  const { occasion, at, flow, run, name, state, params, error, scheduledAt, deadline, dueAt, startedAt, finishedAt, counts, failed, task } = facts;
  return Object.freeze({
    id: `evt_${digest128(JSON.stringify([run, occasion, task?.id ?? null, task?.attempts ?? null]))}`,
    event: occasion,
    at: timeText(at),
    text: sentence(facts),
    flow,
    run,
    ...(name === undefined ? {} : { name }),
    state,
    params: Object.fromEntries(Object.entries(params).flatMap(([parameter, text]) => given(parameter, parameterValue(text), mask))),
    ...(error === undefined ? {} : { error: shortError(error) }),
    ...(scheduledAt === undefined ? {} : { scheduledTime: timeText(scheduledAt) }),
    ...(deadline === undefined ? {} : { deadline: timeText(deadline) }),
    ...(dueAt === undefined ? {} : { dueAt: timeText(dueAt) }),
    ...(startedAt === undefined ? {} : { startedAt: timeText(startedAt) }),
    ...(finishedAt === undefined ? {} : { finishedAt: timeText(finishedAt) }),
    counts,
    failed: failed.slice(0, MOST_FAILED).map(shortTask),
    ...(task === undefined ? {} : { task: shortTask(task) }),
  });
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

/** One that was not given, and has no default, is left out. */
function given(parameter: string, value: unknown, mask: Mask): readonly (readonly [string, unknown])[] {
  return value === undefined ? [] : [[parameter, maskData(plainData(value), mask)]];
}

/** What is too large to be sent is cut, and is a text then; so is what is of a class that only the flow's file knows. */
function parameterValue(text: string): unknown {
  if (text.length > LONGEST_PARAMETER) return `${text.slice(0, LONGEST_PARAMETER)}…`;
  try {
    return decodeText(text);
  } catch {
    return text;
  }
}

function shortError({ name, message, code, hint }: ErrorInfo): NotifiedError {
  return { name, message: shortened(message), ...(code === undefined ? {} : { code }), ...(hint === undefined ? {} : { hint }) };
}

function shortTask({ id, attempts, state, error }: TaskFacts): NotifiedTask {
  return { id, attempts, ...(state === undefined ? {} : { state }), ...(error === undefined ? {} : { error: shortError(error) }) };
}

function shortened(text: string): string {
  return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text;
}

const HAPPENED: Readonly<Record<NotificationOccasion, string>> = {
  success: 'succeeded',
  failure: 'failed',
  cancel: 'was cancelled',
  retry: 'failed, and is tried again',
  deadline: 'goes on past its deadline',
  late: 'started late',
  crash: 'crashed',
};

/** For people. */
function sentence({ occasion, flow, run, error, task, deadline, dueAt }: RunFacts): string {
  const who = task === undefined ? `flow '${flow}'` : `task '${task.id}' of flow '${flow}'`;
  const when =
    occasion === 'late' && dueAt !== undefined ? `: it was due at ${timeText(dueAt)}` : deadline === undefined ? '' : `, ${timeText(deadline)}`;
  const cause = task?.error ?? error;
  return shortened(`${who} ${HAPPENED[occasion]}${when}${cause === undefined ? '' : `: ${reasonIn(cause.message)}`} (run ${run})`);
}

/** Who failed is said already. An error of a run lists its tasks, one on a line: the first is as good a reason as any. */
function reasonIn(message: string): string {
  const [head = '', first = ''] = message.split('\n', 2);
  const reason = head.replace(/^(?:run \S+ of flow|task) '.*?' (?:failed|timed out|was cancelled|could not go on): /, '');
  return first.startsWith('  - ') ? `${reason}: ${first.slice('  - '.length)}` : reason;
}
