import type { BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import { systemClock } from '../base/clock.js';
import { createHasher, sha256 } from '../base/digest.js';
import { disk } from './disk.js';

/** What a file holds, and which state of the file that was. */
export interface FileContent {
  /** sha256, or what there is instead of a file's content: `absent`, `folder`, `other`, an error's code. */
  readonly answer: string;
  /** Size, times and number of the file; undefined where no file was read. */
  readonly state: string | undefined;
  /** False: it was changed so lately that another change would not show in its times. */
  readonly settled: boolean;
}

/** A file's state without its content: what has to be the same before and after it is read. */
export interface FileState {
  /** Undefined for what is no file: `answer` says it all. */
  readonly state: string | undefined;
  readonly answer: string | undefined;
  readonly bytes: number;
  /** When it last changed, in milliseconds since the epoch. */
  readonly changedAt: number;
  /** How far apart two changes must be to show, in milliseconds. */
  readonly grain: number;
}

/** Smaller files are read at once; that costs less than to be called back. */
const AT_ONCE = 1024 * 1024;
const PIECE = 1024 * 1024;
const TRIES = 3;
/** Kernels keep the time of a change in ticks of up to 10 ms; some file systems in whole seconds, FAT in two. */
const FINE_GRAIN_MS = 50;
const COARSE_GRAIN_MS = 2_500;
/** Beyond this many files the cache starts again: it saves time, and must not cost memory without end. */
const MOST_KEPT = 50_000;

/** Digests of files as they were last seen in this process, by path. */
const known = new Map<string, { readonly state: string; readonly answer: string }>();

/** What is there now, without reading it. Never throws. */
export function stateOf(path: string): FileState {
  let stats: BigIntStats;
  try {
    stats = disk().statSync(path, { bigint: true });
  } catch (error) {
    return { state: undefined, answer: answerOfError(error), bytes: 0, changedAt: 0, grain: 0 };
  }
  const { size, mtimeNs, ctimeNs, ino } = stats;
  if (!stats.isFile()) return { state: undefined, answer: stats.isDirectory() ? 'folder' : 'other', bytes: 0, changedAt: 0, grain: 0 };
  const isCoarse = mtimeNs % 1_000_000_000n === 0n && ctimeNs % 1_000_000_000n === 0n;
  return {
    state: `${size} ${mtimeNs} ${ctimeNs} ${ino}`,
    answer: undefined,
    bytes: Number(size),
    changedAt: Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n),
    grain: isCoarse ? COARSE_GRAIN_MS : FINE_GRAIN_MS,
  };
}

/**
 * The digest of a file as it is now; synchronous for what is small, or known since it was last changed. Never throws or rejects: what cannot
 * be read has an answer too.
 */
export function contentOf(path: string): FileContent | Promise<FileContent> {
  const now = stateOf(path);
  if (now.state === undefined) return { answer: now.answer as string, state: undefined, settled: true };
  return recall(path, now) ?? (now.bytes <= AT_ONCE ? contentAtOnce(path) : readLarge(path));
}

/** As `contentOf`, synchronous whatever the size. */
export function contentAtOnce(path: string): FileContent {
  for (let attempt = 0; ; attempt++) {
    const before = stateOf(path);
    if (before.state === undefined) return { answer: before.answer as string, state: undefined, settled: true };
    const recalled = recall(path, before);
    if (recalled) return recalled;
    const readAt = systemClock.now();
    let answer: string;
    try {
      answer = before.bytes <= AT_ONCE ? sha256(disk().readFileSync(path)) : digestInPieces(path);
    } catch (error) {
      return { answer: answerOfError(error), state: undefined, settled: true };
    }
    if (stateOf(path).state === before.state) return keep(path, before, readAt, answer);
    if (attempt === TRIES) return RESTLESS;
  }
}

/** The file kept changing while it was read: there is no content that anybody could have relied on. */
const RESTLESS: FileContent = Object.freeze({ answer: 'changing', state: undefined, settled: false });

function recall(path: string, { state }: FileState): FileContent | undefined {
  const kept = known.get(path);
  return kept !== undefined && kept.state === state ? { answer: kept.answer, state: kept.state, settled: true } : undefined;
}

/** A file that was changed just before it was read may change once more without a trace in its times, as git says "racily clean". */
function keep(path: string, { state, changedAt, grain }: FileState, readAt: number, answer: string): FileContent {
  const settled = readAt - changedAt > grain;
  if (settled) {
    if (known.size >= MOST_KEPT) known.clear();
    known.set(path, { state: state as string, answer });
  }
  return { answer, state, settled };
}

async function readLarge(path: string): Promise<FileContent> {
  for (let attempt = 0; ; attempt++) {
    const before = stateOf(path);
    if (before.state === undefined) return { answer: before.answer as string, state: undefined, settled: true };
    const readAt = systemClock.now();
    let answer: string;
    try {
      answer = await digestByAndBy(path);
    } catch (error) {
      return { answer: answerOfError(error), state: undefined, settled: true };
    }
    if (stateOf(path).state === before.state) return keep(path, before, readAt, answer);
    if (attempt === TRIES) return RESTLESS;
  }
}

function digestInPieces(path: string): string {
  const hasher = createHasher();
  const piece = Buffer.allocUnsafe(PIECE);
  const fd = disk().openSync(path, 'r');
  try {
    for (;;) {
      const bytes = disk().readSync(fd, piece, 0, PIECE, null);
      if (bytes === 0) return hasher.sha256();
      hasher.update(piece.subarray(0, bytes));
    }
  } finally {
    disk().closeSync(fd);
  }
}

async function digestByAndBy(path: string): Promise<string> {
  const hasher = createHasher();
  for await (const bytes of pieces(path)) hasher.update(bytes);
  return hasher.sha256();
}

/** A file piece by piece. Each piece is overwritten by the next one. */
export async function* pieces(path: string): AsyncGenerator<Uint8Array> {
  const piece = Buffer.allocUnsafe(PIECE);
  // Not by a FileHandle, whose methods are told of for every handle there is.
  const { open, read, close } = disk();
  const fd = await promisify(open)(path, 'r');
  try {
    for (;;) {
      const { bytesRead } = await promisify(read)(fd, piece, 0, PIECE, null);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await promisify(close)(fd);
  }
}

/** Other errors are told from each other: a task may do so too. */
export function answerOfError(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'error';
  return code === 'ENOENT' ? 'absent' : code;
}
