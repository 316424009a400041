import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { asError, MillraceError } from '../../base/error.js';

/** Where to look when the database says it is damaged: gives the findings of a check, or undefined when none could be made. */
export type Inspect = () => string | undefined;

/** Turns what the driver or the file system throws into an error of ours that says which file, and what to do. */
export function recordError(thrown: unknown, path: string, inspect?: Inspect): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const cause = asError(thrown);
  const code = sqliteCode(cause);
  const make = (name: string, message: string, hint: string): MillraceError => new MillraceError(name, message, { cause, hint });
  if (isBusy(code)) {
    return make(
      'RECORD_BUSY',
      `the record ${path} stayed locked by another process`,
      'Look for a process that holds it (`fuser`), or a backup in progress.',
    );
  }
  if (
    code.startsWith('SQLITE_READONLY') ||
    code === 'EROFS' ||
    code === 'EACCES' ||
    code === 'EPERM' ||
    (isCantOpen(cause) && !folderWritable(path))
  ) {
    return make(
      'RECORD_READ_ONLY',
      `the record ${path} cannot be written`,
      'Make the file and its folder writable, or choose another project folder with MILLRACE_HOME.',
    );
  }
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return make('RECORD_FULL', `no room is left for the record ${path}`, 'Free space and resume the run: everything recorded before is kept.');
  }
  if (code === 'SQLITE_NOTADB') {
    return make('RECORD_NOT_A_DATABASE', `${path} is not a record: it is no SQLite database`, moveAside(path));
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    const found = inspect?.();
    return make('RECORD_CORRUPTED', `the record ${path} is damaged${found === undefined ? '' : `: ${found}`}`, moveAside(path));
  }
  if (isCantOpen(cause)) {
    const what = isFolder(path) ? 'it is a folder' : cause.message;
    return make('RECORD_UNOPENABLE', `the record ${path} cannot be opened: ${what}`, 'Choose another path, or move what lies there aside.');
  }
  return make('RECORD_FAILED', `the record ${path} failed: ${cause.message}`, 'See the cause; a disk that reports I/O errors should be checked.');
}

export function isBusyError(thrown: unknown): boolean {
  return thrown instanceof Error && isBusy(sqliteCode(thrown));
}

function isBusy(code: string): boolean {
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}

/** SQLite's primary results, by number, as far as they are told apart here. */
const PRIMARY: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
};

/** The driver has no name for some extended results, such as a folder that cannot be written: the low byte of their number is the primary one. */
export function sqliteCode(error: Error): string {
  const { code, rawCode } = error as { code?: unknown; rawCode?: unknown };
  const name = String(code ?? '');
  if (!name.startsWith('UNKNOWN_SQLITE_ERROR') || typeof rawCode !== 'number') return name;
  return PRIMARY[rawCode & 0xff] ?? name;
}

/** A connection that cannot be opened has no code, only the driver's sentence, which ends with SQLite's number 14. */
function isCantOpen(error: Error): boolean {
  return sqliteCode(error).startsWith('SQLITE_CANTOPEN') || /ConnectionFailed\(.*: 14"/s.test(error.message);
}

function moveAside(path: string): string {
  return `Move it aside (\`mv ${path} ${path}.damaged\`) and start anew: results in the store are not lost, the history of runs and results kept inline are.`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function folderWritable(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
