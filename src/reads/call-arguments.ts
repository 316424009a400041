import { constants } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The absolute path that an argument of a file function means; undefined for what is none. */
export function pathOf(arg: unknown): string | undefined {
  if (typeof arg === 'string') return resolve(arg);
  if (arg instanceof URL) return resolve(fileURLToPath(arg));
  if (arg instanceof Uint8Array) return resolve(Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength).toString());
  return undefined;
}

/** The number of an open file, given as such or as a FileHandle. */
export function fdOf(arg: unknown): number | undefined {
  if (typeof arg === 'number') return arg;
  const fd = typeof arg === 'object' && arg !== null && 'fd' in arg ? arg.fd : undefined;
  return typeof fd === 'number' ? fd : undefined;
}

/** The property of an options object; undefined where there is none. */
export function option(options: unknown, name: string): unknown {
  return typeof options === 'object' && options !== null ? Reflect.get(options, name) : undefined;
}

/** What a file is opened for. */
export interface Intent {
  readonly reads: boolean;
  /** What it held before plays no part. */
  readonly empties: boolean;
  /** It is written, or made where it is not there yet. */
  readonly writes: boolean;
}

const { O_RDWR, O_WRONLY, O_TRUNC, O_CREAT, O_EXCL, O_APPEND } = constants;
const FLAGS: Readonly<Record<string, number>> = {
  r: 0,
  rs: 0,
  sr: 0,
  'r+': O_RDWR,
  'rs+': O_RDWR,
  'sr+': O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  a: O_WRONLY | O_CREAT | O_APPEND,
  as: O_WRONLY | O_CREAT | O_APPEND,
  sa: O_WRONLY | O_CREAT | O_APPEND,
  'a+': O_RDWR | O_CREAT | O_APPEND,
  'as+': O_RDWR | O_CREAT | O_APPEND,
  'sa+': O_RDWR | O_CREAT | O_APPEND,
};

/** @param flags as `open` takes them: a text, a number, or nothing for reading */
export function intentOf(flags: unknown): Intent {
  const bits = typeof flags === 'number' ? flags : typeof flags === 'string' ? flagBits(flags) : 0;
  const empties = (bits & O_TRUNC) !== 0 || (bits & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
  return { reads: (bits & O_WRONLY) === 0 && !empties, empties, writes: (bits & (O_WRONLY | O_RDWR | O_CREAT)) !== 0 };
}

/** `x`: the file must not be there yet. */
function flagBits(flags: string): number {
  return (FLAGS[flags.replace('x', '')] ?? 0) | (flags.includes('x') ? O_EXCL : 0);
}
