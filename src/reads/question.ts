import type { BigIntStats, Dirent } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { sha256 } from '../base/digest.js';
import { disk } from './disk.js';
import { answerOfError, contentAtOnce, contentOf, type FileContent } from './file-digests.js';
import type { Places } from './places.js';

/**
 * What can be asked of a path. Each question is a word and perhaps a rest:
 * - `content`: what it holds
 * - `access 4`: whether it is there, and may be read (4), written (2), executed (1)
 * - `names`, with `types` and `deep`: what a folder lists
 * - `stat`, `lstat`: kind, permissions and size; `time mtimeNs`, `ltime mtimeNs`: one of its times
 * - `link`: where a symbolic link points; `real`: which path it comes to
 * - `glob *.csv`: what matches in a folder
 */
export const CONTENT = 'content';

/** Of a file that changed while it was read: nobody knows what was, so that no answer is ever the same again. */
export const RESTLESS = 'restless';

/** The answer as it is now. Never throws or rejects: that there is none is an answer too. */
export function ask(places: Places, path: string, question: string): FileContent | Promise<FileContent> {
  return question === CONTENT ? contentOf(path) : plain(askNow(places, path, question));
}

/** As `ask`, at once, whatever it costs. */
export function askNow(places: Places, path: string, question: string): string {
  const [word = '', rest = ''] = splitOnce(question);
  try {
    return answer(places, path, word, rest);
  } catch (error) {
    return answerOfError(error);
  }
}

function plain(answer: string): FileContent {
  return { answer, state: undefined, settled: true };
}

function answer(places: Places, path: string, word: string, rest: string): string {
  const { accessSync, globSync, readlinkSync, realpathSync } = disk() as ReturnType<typeof disk> & { globSync?: GlobSync };
  switch (word) {
    case CONTENT:
      return contentAtOnce(path).answer;
    case 'access':
      accessSync(path, Number(rest));
      return 'yes';
    case 'names':
      return listing(path, rest.includes('types'), rest.includes('deep'));
    case 'stat':
      return statText(disk().statSync(path, { bigint: true }));
    case 'lstat':
      return statText(disk().lstatSync(path, { bigint: true }));
    case 'time':
      return String(disk().statSync(path, { bigint: true })[rest as 'mtimeNs']);
    case 'ltime':
      return String(disk().lstatSync(path, { bigint: true })[rest as 'mtimeNs']);
    case 'link':
      return places.nameOf(readlinkSync(path));
    case 'real':
      return places.nameOf(realpathSync.native(path));
    case 'glob':
      return digestOfNames([...(globSync?.(rest, { cwd: path }) ?? [])]);
    default:
      return 'unknown question';
  }
}

type GlobSync = (pattern: string, options: { cwd: string }) => string[];

/** Folders have sizes of their own making, and the times of a file are asked for by themselves. */
function statText(stats: BigIntStats): string {
  const permissions = (stats.mode & 0o7777n).toString(8);
  if (stats.isFile()) return `file ${permissions} ${stats.size}`;
  return `${stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other'} ${permissions}`;
}

function listing(path: string, types: boolean, deep: boolean): string {
  const { readdirSync } = disk();
  if (!types && !deep) return digestOfNames(readdirSync(path));
  const entries = readdirSync(path, { withFileTypes: true, recursive: deep });
  return digestOfNames(entries.map((entry) => (types ? `${kindOf(entry)} ` : '') + nameIn(path, entry)));
}

/** Folders list in no order, so that none is kept. */
function digestOfNames(names: readonly string[]): string {
  return sha256(JSON.stringify(names.map((name) => name.replaceAll(sep, '/')).sort()));
}

function nameIn(folder: string, entry: Dirent): string {
  return relative(folder, join(entry.parentPath ?? entry.path, entry.name));
}

function kindOf(entry: Dirent): string {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other';
}

function splitOnce(question: string): readonly string[] {
  const at = question.indexOf(' ');
  return at === -1 ? [question] : [question.slice(0, at), question.slice(at + 1)];
}
