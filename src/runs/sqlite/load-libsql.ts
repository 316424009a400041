import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';

/** By require: an import would first search the whole file for names it exports. */
export function loadLibSql(): typeof import('libsql') {
  const load = (): typeof import('libsql') => createRequire(import.meta.url)('libsql') as typeof import('libsql');
  return process.platform === 'linux' ? withShortReport(load) : load();
}

type Report = { getReport: () => object; excludeNetwork?: boolean };

/**
 * To know which C library there is, libsql has Node write a report of the whole process, which takes longer than opening a database. The program
 * that Node is says it in its first bytes. Where it does not, Node writes its report, at least without looking up the names of open connections.
 */
function withShortReport<T>(load: () => T): T {
  const report = process.report as unknown as Report;
  const { getReport, excludeNetwork } = report;
  if (isForGlibc(process.execPath)) report.getReport = () => ({ header: { glibcVersionRuntime: 'known to be there' } });
  report.excludeNetwork = true;
  try {
    return load();
  } finally {
    report.getReport = getReport;
    report.excludeNetwork = excludeNetwork ?? false;
  }
}

/** Whether a program names the GNU loader as its interpreter: in the first page, as linkers put it. False where it cannot be read. */
function isForGlibc(program: string): boolean {
  const page = Buffer.alloc(4_096);
  try {
    const descriptor = openSync(program, 'r');
    try {
      return page.toString('latin1', 0, readSync(descriptor, page)).includes('/ld-linux');
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}
