import { makeTempDir } from '../base/temp-dir.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { RunTrigger } from '../model/asset.js';
import { dataIntervalOf, type ScheduledTime } from '../model/schedule.js';
import type { TaskContext } from '../model/task-context.js';

/** The context of a flow's body, whether it runs or is traced: that of a run, with nothing of a task's. */
export function bodyContext(
  run: Pick<TaskContext, 'runId' | 'flowName' | 'params' | 'signal' | 'log' | 'tracing'> & {
    readonly scheduled: ScheduledTime;
    readonly triggers?: readonly RunTrigger[];
  },
  sideOutput: Pick<TaskContext, 'artifact' | 'metric'>,
): TaskContext {
  const { scheduled, triggers = [], ...rest } = run;
  const { runId } = rest;
  return Object.freeze({
    ...rest,
    scheduledTime: new Date(scheduled.at),
    dataInterval: dataIntervalOf(scheduled),
    triggers,
    taskRunId: runId,
    attempt: 0,
    idempotencyKey: runId,
    mapIndex: undefined,
    progress: () => {},
    artifact: (name, value, options) => sideOutput.artifact(name, value, options),
    metric: (name, value, step) => sideOutput.metric(name, value, step),
    tempDir: makeTempDir,
  } satisfies TaskContext);
}

/** While a body is traced nothing is kept: there is no run to keep it with (S29). */
export const KEEPS_NOTHING: Pick<TaskContext, 'artifact' | 'metric'> = {
  artifact: async (name) => nowhere(name),
  metric: () => {},
};

function nowhere(name: string): ArtifactRef {
  return Object.freeze({ uri: `preview:${name}`, key: name, contentDigest: '', valueDigest: '', bytes: 0, format: '' });
}
