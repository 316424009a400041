import type { RunRecord, TaskRunDetails } from './run-record.js';

/** Reused results lie where the runs that made them left them: task runs with the artifacts of their origins filled in. */
export async function withOrigins(record: RunRecord, taskRuns: readonly TaskRunDetails[]): Promise<readonly TaskRunDetails[]> {
  const lacking = taskRuns.filter(({ artifacts, origin }) => artifacts.length === 0 && origin !== undefined);
  if (lacking.length === 0) return taskRuns;
  const makers = new Map<string, ReadonlyMap<number, TaskRunDetails>>();
  for (const run of new Set(lacking.map(({ origin }) => origin?.run as string))) {
    const indexes = [...new Set(lacking.flatMap(({ origin }) => (origin?.run === run ? [origin.index] : [])))];
    const made = await record.taskRuns(run, { indexes });
    makers.set(run, new Map(made.map((taskRun) => [taskRun.index, taskRun])));
  }
  return taskRuns.map((taskRun) => {
    const { artifacts, origin } = taskRun;
    const made = artifacts.length === 0 && origin !== undefined ? makers.get(origin.run)?.get(origin.index) : undefined;
    return made === undefined ? taskRun : { ...taskRun, artifacts: made.artifacts };
  });
}
