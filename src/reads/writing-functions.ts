import { join } from 'node:path';
import type { ReadSink } from '../model/file-read.js';
import { fdOf, type Intent, intentOf, option, pathOf } from './call-arguments.js';
import { disk } from './disk.js';
import { stateOf } from './file-digests.js';
import type { Call, Notes } from './wrap.js';

/**
 * Functions of `node:fs` that make, replace or remove files: what a task wrote itself is no input of it. A file whose old content lives on
 * (what is appended to, moved or linked) stays one, unless that was its own work too.
 */
export const WRITING: Readonly<Record<string, Notes>> = {
  writeFile: { before: (call) => writeWhole(call, 'w') },
  appendFile: { before: (call) => writeWhole(call, 'a') },
  mkdtemp: { after: ({ sink }, made) => wroteFolder(sink, made) },
  mkdtempDisposable: { after: ({ sink }, made) => wroteFolder(sink, option(made, 'path')) },
  mkdir: { before: aboutToMakeFolder, after: haveMadeFolder },
  rm: { before: ({ sink, args }) => wroteFolder(sink, args[0]) },
  rmdir: { before: ({ sink, args }) => wroteFolder(sink, args[0]) },
  unlink: { before: ({ sink, args }) => wroteFile(sink, args[0]) },
  copyFile: { before: ({ sink, args }) => wroteFile(sink, args[1]) },
  cp: { before: aboutToCopyTree },
  rename: { before: (call) => handOn(call, 'folder') },
  link: { before: (call) => handOn(call, 'file') },
  symlink: { before: (call) => handOn(call, 'folder') },
};

export function wroteByOpening(sink: ReadSink, path: string, { empties }: Intent): void {
  if (empties || stateOf(path).answer === 'absent') sink.wrote(path, 'file');
}

function writeWhole({ sink, args }: Call, usual: string): void {
  const path = fdOf(args[0]) === undefined ? pathOf(args[0]) : undefined;
  if (path !== undefined) wroteByOpening(sink, path, intentOf(option(args[2], 'flag') ?? usual));
}

function wroteFile(sink: ReadSink, arg: unknown): void {
  const path = pathOf(arg);
  if (path !== undefined) sink.wrote(path, 'file');
}

function wroteFolder(sink: ReadSink, arg: unknown): void {
  const path = pathOf(arg);
  if (path !== undefined) sink.wrote(path, 'folder');
}

/** With `recursive` it is no error that the folder is there already: then it is not the task's own. */
function aboutToMakeFolder(call: Call): void {
  const path = pathOf(call.args[0]);
  call.kept = path !== undefined && stateOf(path).answer === 'absent';
}

/** The topmost of several comes back, if any was made. */
function haveMadeFolder({ sink, args, kept }: Call, made: unknown): void {
  if (kept) wroteFolder(sink, typeof made === 'string' ? made : args[0]);
}

/** A copy of a folder may come into one that was there before: then only what is copied is the task's own. */
function aboutToCopyTree({ sink, args }: Call): void {
  const [from, to] = [pathOf(args[0]), pathOf(args[1])];
  if (from === undefined || to === undefined) return;
  if (stateOf(to).answer !== 'folder') return sink.wrote(to, 'folder');
  for (const name of disk().readdirSync(from, { recursive: true })) {
    if (stateOf(join(from, String(name))).answer !== 'folder') sink.wrote(join(to, String(name)), 'file');
  }
}

/** What was somebody else's is so under its new name too. */
function handOn({ sink, args }: Call, what: 'file' | 'folder'): void {
  const [from, to] = [pathOf(args[0]), pathOf(args[1])];
  if (from !== undefined && to !== undefined && sink.owns(from)) sink.wrote(to, what);
}
