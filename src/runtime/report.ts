import type { ReportOptions } from '../flow/past.js';

/**
 * A report of a run that is over, or of one that is going on as it is now: one HTML page that needs no network, to be kept, sent and opened
 * anywhere.
 * @param run its id, or `<flow>/latest`
 * @returns the page
 * @throws MillraceError `RUN_UNKNOWN`, `REPORT_ASSETS_MISSING`; `DISK_FULL`, `READ_ONLY`, `WRITE_FAILED` where it is to be written
 */
export async function report(run: string, options: ReportOptions = {}): Promise<string> {
  const [{ reportFrom }, { openOwnProject }] = await Promise.all([import('./past/report.js'), import('./past/source.js')]);
  return await reportFrom(openOwnProject, run, options);
}
