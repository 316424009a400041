import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { wallTime } from '../base/clock.js';
import { createHasher } from '../base/digest.js';
import { MillraceError } from '../base/error.js';

/** Reading goes through this much memory, whatever the file's size: fresh memory for each piece takes longer than hashing it. */
const PIECE = 1024 * 1024;

/** The digest of a file's bytes, and how many there are. @throws what the file system does */
export async function digestFile(path: string): Promise<{ readonly contentDigest: string; readonly length: number }> {
  const hasher = createHasher();
  const file = await open(path, 'r');
  try {
    const piece = Buffer.allocUnsafeSlow(PIECE);
    for (let length = 0; ; ) {
      const { bytesRead } = await file.read(piece, 0, PIECE);
      if (bytesRead === 0) return { contentDigest: hasher.sha256(), length };
      hasher.update(piece.subarray(0, bytesRead));
      length += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Kernels keep the time of a change in ticks of up to 10 ms, some file systems in whole seconds: a file younger than this may change without a trace. */
const FINE_GRAIN_MS = 50;
const COARSE_GRAIN_MS = 2_500;
/** Beyond this many files it starts again: it saves time, and must not cost memory without end. */
const MOST_KEPT = 10_000;

/** Digests of files as they were last read in this process, by path. */
const known = new Map<string, { readonly state: string; readonly digest: string }>();

/**
 * The digest of a file's bytes, read only when the file has changed since this process last did, in size, times or number.
 * @throws MillraceError `RESULT_MISSING`; what the file system does
 */
export async function digestOfFile(path: string): Promise<string> {
  try {
    const before = await stat(path, { bigint: true });
    const state = stateOf(before);
    const kept = known.get(path);
    if (kept?.state === state) return kept.digest;
    const readAt = wallTime();
    const { contentDigest } = await digestFile(path);
    if (readAt - changedAt(before) > grainOf(before) && stateOf(await stat(path, { bigint: true })) === state) {
      if (known.size >= MOST_KEPT) known.clear();
      known.set(path, { state, digest: contentDigest });
    }
    return contentDigest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new MillraceError('RESULT_MISSING', `expected a file at '${path}'; there is none`, { cause: error });
  }
}

function stateOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino}`;
}

function changedAt({ mtimeNs, ctimeNs }: BigIntStats): number {
  return Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
}

function grainOf({ mtimeNs, ctimeNs }: BigIntStats): number {
  return mtimeNs % 1_000_000_000n === 0n && ctimeNs % 1_000_000_000n === 0n ? COARSE_GRAIN_MS : FINE_GRAIN_MS;
}
