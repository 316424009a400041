import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { ReadSink } from '../model/file-read.js';
import { type Disk, hub } from './disk.js';
import { READING, READING_METHODS } from './reading-functions.js';
import { type AnyFunction, type Notes, type Style, wrap } from './wrap.js';
import { WRITING } from './writing-functions.js';

/**
 * From now on, for as long as the process lives, calls of `node:fs` and `node:fs/promises` are told to the sink that `current()` gives: also of
 * functions imported by name, which `syncBuiltinESMExports` replaces. Twice does nothing. Nothing is wrapped before, so that a program without
 * cached tasks has Node's own functions.
 *
 * Not seen: functions that a CommonJS module took out of `fs` before (`const { readFileSync } = require('fs')`), native code that opens
 * files by itself, and child processes.
 */
export function observeReads(current: () => ReadSink | undefined): void {
  if (hub.original !== undefined) return;
  hub.current = current;
  hub.original = { ...fs, promises: { ...fs.promises } } as Disk;
  const notes = notesByName();
  for (const [name, noted] of notes) {
    wrapMember(fs, `${name}Sync`, 'sync', noted);
    wrapMember(fs.promises, name, name === 'glob' ? 'sync' : 'promise', noted);
    wrapMember(fs, name, name === 'openAsBlob' ? 'promise' : 'callback', noted);
  }
  syncBuiltinESMExports();
  void wrapFileHandles(hub.original);
}

/** Some functions read one file and write another. */
function notesByName(): ReadonlyMap<string, Notes> {
  const notes = new Map<string, Notes>(Object.entries(READING));
  for (const [name, writing] of Object.entries(WRITING)) {
    const reading = notes.get(name);
    notes.set(name, reading === undefined ? writing : { ...reading, before: bothBefore(reading, writing) });
  }
  return notes;
}

function bothBefore(reading: Notes, writing: Notes): NonNullable<Notes['before']> {
  return (call) => {
    reading.before?.(call);
    writing.before?.(call);
  };
}

function wrapMember(object: object, name: string, style: Style, notes: Notes): void {
  const original: unknown = Reflect.get(object, name);
  if (typeof original !== 'function') return;
  const wrapper = wrap(original as AnyFunction, style, notes);
  const native: unknown = Reflect.get(original, 'native');
  if (typeof native === 'function')
    Object.defineProperty(wrapper, 'native', {
      value: wrap(native as AnyFunction, style, notes),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  Object.defineProperty(object, name, { ...Object.getOwnPropertyDescriptor(object, name), value: wrapper });
}

/** Their class is not exported: it takes a handle to get at it. */
async function wrapFileHandles({ promises }: Disk): Promise<void> {
  try {
    const handle = await promises.open(process.execPath, 'r');
    const methods: object = Object.getPrototypeOf(handle);
    for (const [name, notes] of Object.entries(READING_METHODS)) {
      wrapMember(methods, name, name === 'readLines' || name.endsWith('Stream') ? 'sync' : 'promise', notes);
    }
    await handle.close();
  } catch {
    // Where the program itself cannot be read, handles opened by a task are told of when they are opened.
  }
}
