import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import type { RunHandle, RunOptions } from './flow-runtime.js';
import { checkOptions, YES_OR_NO } from './option-kinds.js';
import type { ParameterSources } from './parameters.js';
import { scopes } from './scope.js';

/** A flow as far as starting a run of it goes. */
export interface Startable {
  readonly name: string;
  readonly description?: string | undefined;
  start(sources: ParameterSources, options: RunOptions): RunHandle<unknown> | Promise<RunHandle<unknown>>;
}

const made = new WeakMap<object, Record<'wait' | 'go', TaskDefinition>>();

export interface ChildOptions {
  /** Whether to wait for the child, and give its result. @default true */
  readonly wait?: boolean;
}

/**
 * Starts a run of its own. One definition for each `flow`, so that every `startChild()` of it is the same task to a run.
 * @throws MillraceError `RUN_OPTION_INVALID`
 */
export function childRunTask(flow: object, startable: Startable, options: ChildOptions): TaskDefinition {
  checkOptions({ wait: YES_OR_NO }, options, 'RUN_OPTION_INVALID', ' of startChild()');
  let tasks = made.get(flow);
  if (!tasks) {
    tasks = defineTasks(startable);
    made.set(flow, tasks);
  }
  return tasks[options.wait === false ? 'go' : 'wait'];
}

function defineTasks({ name, description, start }: Startable): Record<'wait' | 'go', TaskDefinition> {
  const define = (verb: string, fn: TaskDefinition['fn']): TaskDefinition =>
    Object.freeze({
      ...TASK_DEFAULTS,
      kind: 'task',
      name: `${verb} ${name}`,
      description,
      fn,
      parameterNames: ['params'],
      cache: false,
      slotless: true,
    });
  return {
    wait: define('run', async (params) => {
      // The handle itself is not awaited: what it comes to is.
      const handle = await start({ argument: params }, { ...withSignal(), ...ofParent() });
      return await handle.result();
    }),
    go: define('start', async (params) => started(await start({ argument: params }, ofParent()))),
  };
}

/** Who waits for a child takes it along when cancelled (S15). */
function withSignal(): RunOptions {
  const context = scopes.getStore()?.context;
  return context === undefined ? {} : { signal: context.signal };
}

/** A child stands for the time that its parent stands for. */
function ofParent(): RunOptions {
  const context = scopes.getStore()?.context;
  return context === undefined ? {} : { scheduledTime: context.scheduledTime, dataInterval: context.dataInterval };
}

/** The child goes on by itself; its failure is its own run's. */
function started(handle: RunHandle<unknown>): { runId: string } {
  handle.result().catch(() => {});
  return { runId: handle.id };
}
