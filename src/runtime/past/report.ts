import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { systemClock } from '../../base/clock.js';
import type { ReportOptions } from '../../flow/past.js';
import { findRun } from './look-up.js';
import { type OpenRecord, openOwnProject } from './source.js';

/** The page of a run in the record of the process's own project. */
export async function reportOfOwn(run: string, options: ReportOptions): Promise<string> {
  return await reportFrom(openOwnProject, run, options);
}

/** The same, from the record of another project. */
export async function reportFrom(open: OpenRecord, run: string, options: ReportOptions): Promise<string> {
  await using project = await open();
  const row = await findRun(project.record, run);
  // Looking back mostly needs no page.
  const { makeReport } = await import('../../report/make-report.js');
  const page = await makeReport(project, row, systemClock.now(), options.code);
  if (options.file !== undefined) await writeFileAtomic(resolve(options.file), page, { durable: false });
  return page;
}
