import type { TaskDurations } from '../runs/durations.js';

/** What the project's record knows of earlier runs of a flow; undefined when it cannot be asked, which is no reason to disturb the run. */
export async function pastDurations(flow: string): Promise<TaskDurations | undefined> {
  try {
    const { openProject } = await import('../runtime/project.js');
    await using project = await openProject({ look: true });
    return await project.record.durations(flow);
  } catch {
    return undefined;
  }
}
