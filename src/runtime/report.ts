import type { ReportOptions } from '../flow/past.js';

/**
 * A report of a run that is over, or of one that is going on as it is now: one HTML page that needs no network, to be kept, sent and opened
 * anywhere.
 * @param run its id, or `<flow>/latest`
 * @returns the page
 * @throws MillraceError `RUN_UNKNOWN`, `RUN_ID_INVALID`, `REPORT_ASSETS_MISSING`; `DISK_FULL`, `READ_ONLY`, `WRITE_FAILED` where it is to be written
 */
export async function report(run: string, options: ReportOptions = {}): Promise<string> {
  // Loaded when first asked for: a run needs no page.
  const { reportOfOwn } = await import('./past/report.js');
  return await reportOfOwn(run, options);
}
