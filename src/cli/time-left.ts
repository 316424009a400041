import type { TaskDurations } from '../runs/durations.js';

/** What is left to do of a run, and what it has learnt about itself. */
export interface WorkLeft {
  /** By name of the task, as far as known now: children of maps, and of sub-flows, once they are there. */
  readonly tasks: ReadonlyMap<string, TaskTally>;
  /** Without what only waits for what is inside it. */
  readonly running: Iterable<{ readonly task: string; readonly since: number }>;
  readonly retrying: Iterable<{ readonly task: string; readonly at: number }>;
}

export interface TaskTally {
  /** Task runs that have not begun. */
  waiting: number;
  /** Attempts that succeeded, and the milliseconds they took together. */
  done: number;
  doneMs: number;
}

export interface TimeLeftOptions {
  /** Task runs at the same time. */
  readonly slots: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of earlier runs; undefined where nothing is known of any. */
  readonly past: TaskDurations | undefined;
}

/** The past counts like so many task runs of this run. */
const PAST_WEIGHT = 3;
/** Without a past, so many make a fair guess. */
const OWN_ENOUGH = 3;

/**
 * How long a run will go on, in milliseconds: the work that is left, shared among as many as went on at once in earlier runs or go on now,
 * and at least what any one task run has before it. Undefined when too little is known: of none, or of less than half of what is left.
 */
export function timeLeft({ tasks, running, retrying }: WorkLeft, { slots, now, past }: TimeLeftOptions): number | undefined {
  let [work, longest, known, unknown, active] = [0, 0, 0, 0, 0];
  const add = (task: string, count: number, left: (ms: number) => number): void => {
    const ms = usualMs(tasks.get(task), past?.byTask.get(task));
    if (ms === undefined) {
      unknown += count;
      return;
    }
    known += count;
    work += left(ms) * count;
    longest = Math.max(longest, left(ms));
  };
  for (const [task, { waiting }] of tasks) if (waiting > 0) add(task, waiting, (ms) => ms);
  for (const { task, at } of retrying) add(task, 1, (ms) => ms + Math.max(0, at - now));
  for (const { task, since } of running) {
    active++;
    add(task, 1, (ms) => Math.max(0, ms - (now - since)));
  }
  if (known === 0 || unknown > known || work === 0) return undefined;
  const width = Math.min(slots, Math.max(1, active, past?.parallelism ?? slots));
  return Math.max(work / width, longest);
}

function usualMs(own: TaskTally | undefined, past: number | undefined): number | undefined {
  const { done, doneMs } = own ?? { done: 0, doneMs: 0 };
  if (past !== undefined) return (past * PAST_WEIGHT + doneMs) / (PAST_WEIGHT + done);
  return done >= OWN_ENOUGH ? doneMs / done : undefined;
}

/** How slowly what is shown follows what is reckoned, in milliseconds. */
const INERTIA_MS = 4_000;
/** What is shown stays until it is wrong by so much of a step: no word comes and goes at its limit. */
const STUBBORNNESS = 0.75;

/** Estimates as people can read them: the end that is expected moves little by little, in words that stay. */
export class SteadyTimeLeft {
  #end: number | undefined;
  #at = 0;
  #shown: Rounded | undefined;

  /** @param left in milliseconds; undefined when nothing is known */
  words(left: number | undefined, now: number): string | undefined {
    if (left === undefined) {
      this.#end = undefined;
      this.#shown = undefined;
      return undefined;
    }
    const end = now + left;
    this.#end = this.#end === undefined ? end : this.#end + (end - this.#end) * (1 - Math.exp(-Math.max(0, now - this.#at) / INERTIA_MS));
    this.#at = now;
    const steady = Math.max(0, this.#end - now);
    if (this.#shown === undefined || Math.abs(steady - this.#shown.ms) > this.#shown.step * STUBBORNNESS) this.#shown = rounded(steady);
    return this.#shown.words;
  }
}

interface Rounded {
  readonly ms: number;
  readonly step: number;
  readonly words: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** No more exact than an estimate is. */
function rounded(left: number): Rounded {
  if (left < 8 * SECOND) return { ms: 4 * SECOND, step: 6 * SECOND, words: 'a few seconds left' };
  const step = left < 55 * SECOND ? 10 * SECOND : left < 55 * MINUTE ? MINUTE : left < 9.5 * HOUR ? 10 * MINUTE : HOUR;
  const ms = Math.max(1, Math.round(left / step)) * step;
  const [hours, minutes] = [Math.floor(ms / HOUR), Math.round((ms % HOUR) / MINUTE)];
  const parts = ms < MINUTE ? [`${ms / SECOND} s`] : [...(hours > 0 ? [`${hours} h`] : []), ...(minutes > 0 ? [`${minutes} m`] : [])];
  return { ms, step, words: `about ${parts.join(' ')} left` };
}
