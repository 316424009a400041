import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError } from '../base/error.js';
import { findHome, IN_MEMORY } from './home.js';

/** Read, or written, by anybody but its owner. */
const OTHERS = 0o077;

interface SecretsFile {
  /** Which state of which file was read. */
  readonly state: string;
  readonly values: ReadonlyMap<string, string>;
}

let known: SecretsFile | undefined;

/**
 * A value of the file of secrets: `MILLRACE_SECRETS_FILE`, else `secrets` in the project folder. Lines of `NAME=value`; values may be quoted, then
 * `\n` in double quotes is a line end; `#` begins a line that says nothing.
 * @throws MillraceError `SECRETS_FILE_OPEN` when others may read it, `SECRETS_FILE_MISSING`, `SECRETS_FILE_UNREADABLE`, `SECRETS_FILE_INVALID`
 */
export function secretOfFile(name: string): string | undefined {
  const chosen = process.env.MILLRACE_SECRETS_FILE;
  const home = findHome();
  if (!chosen && home === IN_MEMORY) return undefined;
  const path = chosen ? resolve(chosen) : join(home, 'secrets');
  const state = stateOf(path);
  if (state === undefined) {
    if (!chosen) return undefined;
    throw new MillraceError('SECRETS_FILE_MISSING', `expected a file of secrets at ${path}, as MILLRACE_SECRETS_FILE says; there is none`);
  }
  if (known?.state !== state) known = { state, values: parse(read(path), path) };
  return known.values.get(name);
}

function stateOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isFile()) throw new MillraceError('SECRETS_FILE_UNREADABLE', `expected a file of secrets at ${path}; it is no file`);
  // Windows knows no such modes.
  if (process.platform !== 'win32') checkPrivate(path, stats.mode & 0o777, stats.uid);
  return `${path} ${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}

function checkPrivate(path: string, mode: number, owner: number): void {
  const own = process.getuid?.();
  if (own !== undefined && owner !== own && own !== 0)
    throw new MillraceError('SECRETS_FILE_OPEN', `expected the file of secrets ${path} to be your own; it belongs to user ${owner}`);
  if ((mode & OTHERS) === 0) return;
  const shown = mode.toString(8).padStart(4, '0');
  throw new MillraceError(
    'SECRETS_FILE_OPEN',
    `expected nobody else to have access to the file of secrets ${path} (mode 0600); it has mode ${shown}`,
    {
      hint: `chmod 600 ${path}; and change the secrets if others have an account here.`,
    },
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new MillraceError('SECRETS_FILE_UNREADABLE', `cannot read the file of secrets ${path}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;

/** What is wrong is told by its line alone: it may hold a secret. */
function parse(text: string, path: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new MillraceError('SECRETS_FILE_INVALID', `expected NAME=value in line ${at + 1} of the file of secrets ${path}; got something else`);
    values.set(name, unquoted(value));
  }
  return values;
}

function unquoted(value: string): string {
  const [, quote, inside] = /^(['"])(.*)\1$/.exec(value) ?? [];
  if (quote === undefined || inside === undefined) return value;
  return quote === "'" ? inside : inside.replace(/\\(n|r|t|"|\\)/g, (_, letter: string) => ESCAPED[letter] ?? letter);
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
