import { describe, MillraceError } from '../base/error.js';
import type { Look } from '../model/sensor.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import { parameterNames } from './parameter-names.js';
import { type SensorOptions, sensorOf } from './sensor-settings.js';
import { checkName, makeTask } from './task.js';
import type { AnyArgs, Task } from './task-type.js';

/**
 * A condition as a task: a call asks `poke`, and asks again after a pause, until it says yes; what depends on the call waits for that. A poke that
 * throws is a failed attempt, as in every task (`retries`). A sensor is never cached: each run asks anew, but for one that resumes a run in which
 * the condition has held.
 *
 * @param poke true: it holds. It is called in the scope of the task (`ctx()`); when the time is up or the run is cancelled, nobody waits for it
 * @example const landed = sensor('landed', (path: string) => existsSync(path), { every: '30s', timeout: '6h' });
 * @throws MillraceError `TASK_NAME_INVALID`, `TASK_NOT_A_FUNCTION`, `TASK_OPTION_INVALID`, `DURATION_INVALID`. The task fails with a `TimedOutError`
 * (`SENSOR_TIMED_OUT`) when its time is up
 */
export function sensor<A extends AnyArgs = []>(
  name: string,
  poke: (...args: A) => boolean | Promise<boolean>,
  options: SensorOptions<A>,
): Task<A, void> {
  if (typeof poke !== 'function')
    throw new MillraceError('TASK_NOT_A_FUNCTION', `expected sensor('${String(name)}', poke, options) with a function; got ${describe(poke)}`);
  const called = checkName('task', name);
  return sensorTask(called, { kind: 'poke', poke }, `the condition of '${called}'`, options, parameterNames(poke)) as Task<A, void>;
}

/** @param names of the function's parameters */
export function sensorTask(
  name: string,
  look: Look,
  awaited: string,
  options: SensorOptions,
  names: readonly string[] = [],
  settings: Partial<TaskDefinition> = {},
): Task<AnyArgs, unknown> {
  const { sensor: made, rest } = sensorOf(name, look, awaited, options);
  return makeTask(
    Object.freeze({
      ...TASK_DEFAULTS,
      ...rest,
      kind: 'task',
      name: checkName('task', name),
      fn: neverCalled(name),
      parameterNames: Object.freeze([...names]),
      sensor: made,
      cache: false,
      // What bounds its time is the sensor's own time-out, whatever the flow's defaults.
      timeoutMs: Number.POSITIVE_INFINITY,
      ...settings,
    }),
    [],
  );
}

/** Inside a task nothing would wait. */
export function neverCalled(name: string): () => never {
  return () => {
    throw new MillraceError('SENSOR_NOT_CALLABLE', `'${name}' is a sensor: inside a task it cannot be called`, {
      hint: `Call it in the flow's body, and the task after it: work().after(${/^\w+$/.test(name) ? name : 'sensor'}()).`,
    });
  };
}
