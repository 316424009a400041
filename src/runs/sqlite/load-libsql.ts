import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire, Module } from 'node:module';

const require = createRequire(import.meta.url);

/** By require: an import would first search the whole file for names it exports. */
export function loadLibSql(): typeof import('libsql') {
  const load = (): typeof import('libsql') => require('libsql') as typeof import('libsql');
  if (process.platform !== 'linux') return load();
  if (!['x64', 'arm64'].includes(process.arch) || !isForGlibc(process.execPath)) return withShortReport(load);
  try {
    return withKnownLibrary(load);
  } catch {
    // It asks something else, or its native part is missing: then it says so itself.
    return withShortReport(load);
  }
}

/**
 * To know which C library there is, libsql asks two packages, which look into files and load what starts programs; that takes longer than opening a
 * database. The program that Node is says it in its first bytes, so while libsql loads, others answer for the two.
 */
function withKnownLibrary<T>(load: () => T): T {
  const asked = createRequire(require.resolve('libsql'));
  const answers = {
    '@neon-rs/load': { currentTarget: () => `linux-${process.arch}-gnu` },
    'detect-libc': { familySync: () => 'glibc', GLIBC: 'glibc', MUSL: 'musl' },
  };
  const standIns: string[] = [];
  try {
    for (const [name, exports] of Object.entries(answers)) {
      const path = asked.resolve(name);
      if (asked.cache[path] !== undefined) continue;
      asked.cache[path] = Object.assign(new Module(path), { exports, loaded: true });
      standIns.push(path);
    }
    return load();
  } finally {
    for (const path of standIns) delete asked.cache[path];
  }
}

type Report = { getReport: () => object; excludeNetwork?: boolean };

/** Where the C library is not known, libsql has Node write a report of the whole process; at least without looking up the names of open connections. */
function withShortReport<T>(load: () => T): T {
  const report = process.report as unknown as Report;
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  try {
    return load();
  } finally {
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
