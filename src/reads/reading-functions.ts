import { constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256 } from '../base/digest.js';
import { fdOf, intentOf, option, pathOf } from './call-arguments.js';
import { disk } from './disk.js';
import { stateOf } from './file-digests.js';
import { isLoadingCode } from './loading-code.js';
import { openPath, rememberOpen } from './open-files.js';
import { CONTENT } from './question.js';
import { tellOfTimes } from './stat-times.js';
import type { Call, Notes } from './wrap.js';
import { wroteByOpening } from './writing-functions.js';

/** Functions of `node:fs` that read, by their names without `Sync`; what is noted holds for each of their forms. */
export const READING: Readonly<Record<string, Notes>> = {
  readFile: { before: aboutToReadWhole, after: haveReadWhole, failed: haveFailedToRead },
  open: { before: aboutToOpen, after: haveOpened },
  openAsBlob: { before: (call) => ask(call, CONTENT) },
  read: { before: askOpen },
  readv: { before: askOpen },
  copyFile: { before: (call) => ask(call, CONTENT) },
  cp: { before: (call) => askTree(call, pathOf(call.args[0])), callsBack: true },
  access: { before: (call) => ask(call, `access ${typeof call.args[1] === 'number' ? call.args[1] : constants.F_OK}`) },
  exists: { before: (call) => ask(call, `access ${constants.F_OK}`) },
  readdir: { before: (call) => ask(call, namesQuestion(option(call.args[1], 'withFileTypes'), call)) },
  opendir: { before: (call) => ask(call, namesQuestion(true, call)) },
  stat: { before: (call) => ask(call, 'stat'), after: (call, stats) => askTimes(call, pathOf(call.args[0]), stats, 'time') },
  lstat: { before: (call) => ask(call, 'lstat'), after: (call, stats) => askTimes(call, pathOf(call.args[0]), stats, 'ltime') },
  fstat: { before: (call) => askStat(call, fdOf(call.args[0])), after: (call, stats) => askTimesOpen(call, fdOf(call.args[0]), stats) },
  readlink: { before: (call) => ask(call, 'link') },
  realpath: { before: (call) => ask(call, 'real') },
  glob: { before: askGlob, callsBack: true },
};

const METHODS = ['read', 'readv', 'readFile', 'readLines', 'readableWebStream', 'createReadStream'];

/** The same for the methods of a FileHandle. */
export const READING_METHODS: Readonly<Record<string, Notes>> = {
  ...Object.fromEntries(METHODS.map((name) => [name, { before: ({ sink, self }: Call) => askFd(sink, fdOf(self)) }])),
  stat: { before: (call) => askStat(call, fdOf(call.self)), after: (call, stats) => askTimesOpen(call, fdOf(call.self), stats) },
};

function ask({ sink, args }: Call, question: string): void {
  const path = pathOf(args[0]);
  if (path !== undefined && !isLoadingCode(path)) sink.asked(path, question);
}

function askFd(sink: Call['sink'], fd: number | undefined): void {
  if (fd !== undefined) sink.askedOpen(fd);
}

function askOpen({ sink, args }: Call): void {
  askFd(sink, fdOf(args[0]));
}

// ── whole files ──

/** Digesting more than this would hold up the others; a task that reads it synchronously does so anyway. */
const MOST_AT_ONCE = 1024 * 1024;

/** Keeps the path where what is read will be digested itself, with no second look at the disk. */
function aboutToReadWhole(call: Call): void {
  const { args, style, sink } = call;
  if (fdOf(args[0]) !== undefined) return askOpen(call);
  const path = pathOf(args[0]);
  if (path === undefined || isLoadingCode(path)) return;
  const intent = intentOf(option(args[1], 'flag'));
  if (intent.writes) return wroteByOpening(sink, path, intent);
  if (style === 'sync' || stateOf(path).bytes <= MOST_AT_ONCE) call.kept = path;
  else sink.asked(path, CONTENT);
}

function haveReadWhole(call: Call, result: unknown): void {
  if (call.kept === undefined) return;
  const encoding = typeof call.args[1] === 'string' ? call.args[1] : option(call.args[1], 'encoding');
  call.sink.asked(call.kept as string, CONTENT, digestOfRead(result, encoding));
}

function haveFailedToRead({ kept, sink }: Call): void {
  if (kept !== undefined) sink.asked(kept as string, CONTENT);
}

/** Undefined where a text does not tell the bytes it was made from. */
function digestOfRead(result: unknown, encoding: unknown): string | undefined {
  if (result instanceof Uint8Array) return sha256(result);
  if (typeof result !== 'string') return undefined;
  // What is no UTF-8 has become this character.
  if (encoding === 'utf8' || encoding === 'utf-8') return result.includes('\uFFFD') ? undefined : sha256(result);
  return encoding === 'latin1' || encoding === 'binary' ? sha256(Buffer.from(result, 'latin1')) : undefined;
}

// ── open files ──

function aboutToOpen(call: Call): void {
  const path = pathOf(call.args[0]);
  if (path === undefined || isLoadingCode(path)) return;
  const intent = intentOf(typeof call.args[1] === 'function' ? undefined : call.args[1]);
  if (intent.reads) call.sink.asked(path, CONTENT);
  if (intent.writes) wroteByOpening(call.sink, path, intent);
}

function haveOpened({ sink, args }: Call, result: unknown): void {
  const fd = fdOf(result);
  const path = pathOf(args[0]);
  if (fd === undefined || path === undefined) return;
  rememberOpen(fd, path);
  sink.opened(fd);
}

// ── what files and folders look like ──

function askStat({ sink }: Call, fd: number | undefined): void {
  const path = fd === undefined ? undefined : openPath(fd);
  if (path !== undefined) sink.asked(path, 'stat');
}

function askTimesOpen(call: Call, fd: number | undefined, stats: unknown): void {
  askTimes(call, fd === undefined ? undefined : openPath(fd), stats, 'time');
}

function askTimes({ sink }: Call, path: string | undefined, stats: unknown, word: string): void {
  if (path !== undefined) tellOfTimes(stats, (time) => sink.asked(path, `${word} ${time}`));
}

function namesQuestion(types: unknown, { args }: Call): string {
  return `names${types ? ' types' : ''}${option(args[1], 'recursive') ? ' deep' : ''}`;
}

/** A function that leaves some out cannot be asked again: what it may leave out counts too. */
function askGlob({ sink, args }: Call): void {
  const cwd = pathOf(option(args[1], 'cwd') ?? '.');
  const patterns = Array.isArray(args[0]) ? args[0] : [args[0]];
  for (const pattern of patterns) if (cwd !== undefined && typeof pattern === 'string') sink.asked(cwd, `glob ${pattern}`);
}

/** What is copied is read, at any depth. */
function askTree(call: Call, path: string | undefined): void {
  if (path === undefined) return;
  const { sink } = call;
  if (stateOf(path).answer !== 'folder') return sink.asked(path, CONTENT);
  sink.asked(path, 'names types deep');
  for (const entry of disk().readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (!entry.isDirectory()) sink.asked(resolve(join(entry.parentPath ?? entry.path, entry.name)), CONTENT);
  }
}
