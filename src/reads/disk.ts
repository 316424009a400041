import fs from 'node:fs';
import type { ReadSink } from '../model/file-read.js';

/** The file system as Node gave it to us, whatever has been wrapped since: for Millrace's own looks, which count for no task. */
export type Disk = typeof fs;

/** What the copies of the package in one process share: functions are wrapped once, by whoever comes first. */
export interface ReadHub {
  /** As they were before they were wrapped; undefined until then. */
  original: Disk | undefined;
  /** Who is asking, from an AsyncLocalStorage. */
  current: () => ReadSink | undefined;
  /** Above 0 while one of the wrapped functions works: what it calls in its turn has been told already. */
  quiet: number;
}

/** The number rises when the shape of the hub changes: copies that differ then observe side by side. */
const HUB = Symbol.for('millrace.reads.1');
const shared = globalThis as { [HUB]?: ReadHub };
shared[HUB] ??= { original: undefined, current: () => undefined, quiet: 0 };
export const hub: ReadHub = shared[HUB];

export function disk(): Disk {
  return hub.original ?? fs;
}
