import { type Duration, toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import type { Look, Sensor } from '../model/sensor.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { settingsOf } from './task-settings.js';
import type { AnyArgs, TaskOptions } from './task-type.js';

/** What sensors have of other tasks: all but what is about a result, or about one call of a function. */
type OfTasks<A extends AnyArgs> = Pick<
  TaskOptions<A, void>,
  'description' | 'tags' | 'retries' | 'trigger' | 'handles' | 'skipOnUpstreamSkip' | 'limit' | 'priority' | 'hooks'
>;

export interface SensorOptions<A extends AnyArgs = AnyArgs> extends OfTasks<A> {
  /** From the end of one look to the next. */
  every: Duration;
  /** How long it waits in all, from the start of its first attempt; then it ends as `timed-out`. @default none */
  timeout?: Duration;
  /** Out of time it ends as `skipped` instead, and what depends on it is skipped too. @default false */
  soft?: boolean;
  /**
   * - `reschedule`: takes a slot, and its limits, for each look, and has none in between
   * - `poll`: keeps them until it ends
   * @default 'reschedule'
   */
  mode?: 'poll' | 'reschedule';
  /** `exponential`: each pause is twice the one before, up to `maxDelay`. @default 'fixed' */
  backoff?: 'fixed' | 'exponential';
  /** The longest pause, with `backoff: 'exponential'`. @default '10m', or `every` where that is longer */
  maxDelay?: Duration;
}

const LONGEST_PAUSE = '10m';
const OWN = ['every', 'timeout', 'soft', 'mode', 'backoff', 'maxDelay'] as const;
const OF_TASKS: ReadonlySet<string> = new Set<keyof OfTasks<AnyArgs>>([
  'description',
  'tags',
  'retries',
  'trigger',
  'handles',
  'skipOnUpstreamSkip',
  'limit',
  'priority',
  'hooks',
]);

/**
 * A sensor of options as users write them, and what is left of these: options of a task.
 * @throws MillraceError `TASK_OPTION_INVALID`, `DURATION_INVALID`
 */
export function sensorOf(name: string, look: Look, awaited: string, options: SensorOptions): { sensor: Sensor; rest: Partial<TaskDefinition> } {
  const { every, timeout, soft = false, mode = 'reschedule', backoff = 'fixed', maxDelay, ...rest } = checked(name, options);
  const everyMs = toMs(every);
  if (!(everyMs > 0)) throw invalid(name, 'every', 'longer than nothing', every);
  const mostMs = backoff === 'fixed' ? everyMs : Math.max(everyMs, toMs(maxDelay ?? LONGEST_PAUSE));
  const sensor = { look, awaited, everyMs, mostMs, timeoutMs: timeoutOf(timeout), soft, holdsSlot: mode === 'poll' };
  return { sensor: Object.freeze(sensor), rest: settingsOf(rest as never) };
}

/** For `with()`: its `timeout` is that of the whole wait. @throws MillraceError `TASK_OPTION_INVALID` for what a sensor does not have */
export function sensorSettings(sensor: Sensor, { name: _, timeout, ...options }: TaskOptions<AnyArgs, unknown>): Partial<TaskDefinition> {
  for (const [option, value] of Object.entries(options))
    if (value !== undefined && !OF_TASKS.has(option))
      throw new MillraceError('TASK_OPTION_INVALID', `expected options that sensors have; got '${option}'`, { hint: hint() });
  const settings = settingsOf(options as never);
  return timeout === undefined ? settings : { ...settings, sensor: Object.freeze({ ...sensor, timeoutMs: timeoutOf(timeout) }) };
}

function timeoutOf(timeout: Duration | undefined): number | undefined {
  return timeout === undefined || timeout === Number.POSITIVE_INFINITY ? undefined : toMs(timeout);
}

function checked(name: string, options: SensorOptions): SensorOptions {
  const given = typeof options === 'object' && options !== null ? options : ({} as SensorOptions);
  for (const option of Object.keys(given))
    if (!OF_TASKS.has(option) && !(OWN as readonly string[]).includes(option))
      throw new MillraceError('TASK_OPTION_INVALID', `expected options of sensor '${name}' that there are; got '${option}'`, { hint: hint() });
  const { every, soft, mode, backoff, maxDelay } = given;
  if (every === undefined) throw invalid(name, 'every', "a duration such as '30s'", every);
  if (soft !== undefined && typeof soft !== 'boolean') throw invalid(name, 'soft', 'true or false', soft);
  if (mode !== undefined && mode !== 'poll' && mode !== 'reschedule') throw invalid(name, 'mode', "'poll' or 'reschedule'", mode);
  if (backoff !== undefined && backoff !== 'fixed' && backoff !== 'exponential') throw invalid(name, 'backoff', "'fixed' or 'exponential'", backoff);
  if (maxDelay !== undefined && backoff !== 'exponential') throw invalid(name, 'maxDelay', "left out, except with backoff: 'exponential'", maxDelay);
  return given;
}

function hint(): string {
  return `There are ${[...OWN, ...OF_TASKS].sort().join(', ')}.`;
}

function invalid(name: string, option: string, expected: string, got: unknown): MillraceError {
  return new MillraceError('TASK_OPTION_INVALID', `expected '${option}' of sensor '${name}' to be ${expected}; got ${describe(got)}`);
}
