import type { RunRecord } from '../runs/run-record.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import { openExistingProject } from './open-record.js';

/** The project's memory of its runs, and what services share in it. */
export interface ServicePlace extends AsyncDisposable {
  readonly record: RunRecord;
  readonly service: ServiceRecord;
  /** The project's root folder: paths in the record begin there. */
  readonly root: string;
}

/** Of the working directory's project. @throws MillraceError `NO_PROJECT`, `SERVICE_NEEDS_RECORD` */
export async function openServicePlace(): Promise<ServicePlace> {
  const [project, { ServiceRecord }] = await Promise.all([openExistingProject(), import('../runs/service/service-record.js')]);
  try {
    const service = await ServiceRecord.open(project.record.heartbeat);
    return {
      record: project.record,
      service,
      root: project.places.root,
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]();
        await project[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await project[Symbol.asyncDispose]();
    throw error;
  }
}
