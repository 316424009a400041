import { makeTempDir } from '../base/temp-dir.js';
import type { TaskContext } from '../model/task-context.js';

/** The context of a flow's body, whether it runs or is traced: that of a run, with nothing of a task's. */
export function bodyContext(run: Pick<TaskContext, 'runId' | 'flowName' | 'params' | 'signal' | 'log' | 'tracing'>): TaskContext {
  const { runId } = run;
  return Object.freeze({
    ...run,
    taskRunId: runId,
    attempt: 0,
    idempotencyKey: runId,
    mapIndex: undefined,
    progress: () => {},
    tempDir: makeTempDir,
  });
}
