import { resolve } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { systemClock } from '../../base/clock.js';
import type { ReportOptions } from '../../flow/past.js';
import { findRun } from './look-up.js';
import type { OpenRecord } from './source.js';

/** A run as one HTML page, and into a file where one is named. */
export async function reportFrom(open: OpenRecord, run: string, options: ReportOptions): Promise<string> {
  await using project = await open();
  const row = await findRun(project.record, run);
  // Loaded when first asked for: looking a run up needs no page.
  const { makeReport } = await import('../../report/make-report.js');
  const page = await makeReport(project, row, systemClock.now());
  if (options.file !== undefined) await writeFileAtomic(resolve(options.file), page, { durable: false });
  return page;
}
