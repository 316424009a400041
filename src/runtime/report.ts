import { resolve } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { systemClock } from '../base/clock.js';
import type { ReportOptions } from '../flow/past.js';
import { findRun } from './past/look-up.js';
import { type OpenRecord, openOwnProject } from './past/source.js';

/**
 * A report of a run that is over, or of one that is going on as it is now: one HTML page that needs no network, to be kept, sent and opened
 * anywhere.
 * @param run its id, or `<flow>/latest`
 * @returns the page
 * @throws MillraceError `RUN_UNKNOWN`, `REPORT_ASSETS_MISSING`; `DISK_FULL`, `READ_ONLY`, `WRITE_FAILED` where it is to be written
 */
export async function report(run: string, options: ReportOptions = {}): Promise<string> {
  return await reportFrom(openOwnProject, run, options);
}

/** The same, from the record of another project. */
export async function reportFrom(open: OpenRecord, run: string, options: ReportOptions): Promise<string> {
  await using project = await open();
  const row = await findRun(project.record, run);
  // Loaded when first asked for: a run needs no page.
  const { makeReport } = await import('../report/make-report.js');
  const page = await makeReport(project, row, systemClock.now());
  if (options.file !== undefined) await writeFileAtomic(resolve(options.file), page, { durable: false });
  return page;
}
