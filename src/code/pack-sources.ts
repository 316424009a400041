import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { wallTime } from '../base/clock.js';
import { sha256 } from '../base/digest.js';
import { type CodeFile, type LeftFile, packageText } from './code-package.js';
import { projectFolder } from './project-folder.js';
import type { SourceList } from './source-list.js';

/** Code that people write is smaller; what is larger is data. */
const LARGEST_FILE = 524_288;
const LARGEST_PACKAGE = 16_777_216;

export interface PackOptions {
  /** The file that the flow is defined in. */
  readonly root: string;
  /** A folder that is the project's too. */
  readonly project?: string;
  /** Takes the secrets out of a text. */
  readonly mask: (text: string) => string;
  /** When the code was loaded, in milliseconds since the epoch. */
  readonly loadedAt: number;
}

export interface PackedSources {
  /** Of the description, which is one of the contents. */
  readonly digest: string;
  readonly contents: readonly { readonly digest: string; readonly bytes: Uint8Array }[];
  /** Some file was changed after it was loaded: the next process has other code. */
  readonly hasChanged: boolean;
}

/** Reads source files, as they are kept with a run. Those that have gone meanwhile are left out. */
export async function packSources({ files, packages }: SourceList, options: PackOptions): Promise<PackedSources> {
  const folder = projectFolder(options.root);
  const contents = new Map<string, Uint8Array>();
  const described: CodeFile[] = [];
  let room = LARGEST_PACKAGE;
  for (const file of files) {
    const read = await readSource(file);
    if (read === undefined) continue;
    const path = relative(folder, file).replaceAll('\\', '/');
    const isInside = [folder, options.project].some((one) => one !== undefined && file.startsWith(one.endsWith(sep) ? one : one + sep));
    const left = whyLeft(read.bytes, isInside, room);
    const changedAt = Math.floor(read.changedAt);
    const changed = changedAt > options.loadedAt && changedAt <= wallTime() ? ({ changed: true } as const) : {};
    if (left !== undefined) {
      described.push({ path, digest: sha256(read.bytes), bytes: read.bytes.length, left, ...changed });
      continue;
    }
    const bytes = masked(read.bytes, options.mask);
    const digest = sha256(bytes);
    room -= bytes.length;
    contents.set(digest, bytes);
    described.push({ path, digest, bytes: bytes.length, ...changed });
  }
  const all = Buffer.from(packageText({ files: described.sort(byPath), packages }));
  const digest = sha256(all);
  return {
    digest,
    contents: [...contents.set(digest, all)].map(([one, bytes]) => ({ digest: one, bytes })),
    hasChanged: described.some(({ changed }) => changed === true),
  };
}

async function readSource(file: string): Promise<{ readonly bytes: Uint8Array; readonly changedAt: number } | undefined> {
  try {
    const { mtimeMs } = await stat(file);
    return { bytes: await readFile(file), changedAt: mtimeMs };
  } catch {
    return undefined;
  }
}

function whyLeft(bytes: Uint8Array, isInside: boolean, room: number): LeftFile | undefined {
  if (!isInside) return 'outside';
  if (bytes.length > Math.min(LARGEST_FILE, room)) return 'large';
  return isUtf8(bytes) && !bytes.includes(0) ? undefined : 'binary';
}

function masked(bytes: Uint8Array, mask: PackOptions['mask']): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8');
  const without = mask(text);
  return without === text ? bytes : Buffer.from(without);
}

function byPath(a: CodeFile, b: CodeFile): number {
  return a.path < b.path ? -1 : Number(a.path > b.path);
}
