import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { MillraceError } from './error.js';
import { faultPoint } from './fault-point.js';

export interface AtomicWriteOptions {
  /**
   * Survives a power cut: file and folder are synced before the promise resolves (about a millisecond on a disk).
   * Without it a reader still never sees half a file while the machine stays up.
   * @default true
   */
  readonly durable?: boolean;
  /** The first writer wins: what is there already stays. @default false */
  readonly ifAbsent?: boolean;
  /** Permission bits of the new file, before the umask. @default 0o666 */
  readonly mode?: number;
}

export type FileContent = string | Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that whoever opens `path`, at any moment and after any crash, finds the old content, the new content or nothing.
 * Missing folders are made.
 * @returns `created: false` when `ifAbsent` found a file there
 * @throws MillraceError `DISK_FULL`, `READ_ONLY`, `WRITE_FAILED`; no temporary file is left then
 */
export async function writeFileAtomic(path: string, content: FileContent, options: AtomicWriteOptions = {}): Promise<{ created: boolean }> {
  const { durable = true, ifAbsent = false, mode = 0o666 } = options;
  const temporary = temporaryPath(dirname(path));
  if (ifAbsent && (await exists(path))) return { created: false };
  try {
    await makeFolder(dirname(path), durable);
    await writeTemporary(temporary, content, durable, mode);
    return await moveIntoPlace(temporary, path, durable, ifAbsent);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw asWriteError(error, path);
  }
}

/**
 * As `writeFileAtomic`, for content that lies in a file of the same file system already: that file is moved, or removed when `ifAbsent`
 * found one in its place.
 * @throws MillraceError `DISK_FULL`, `READ_ONLY`, `WRITE_FAILED`
 */
export async function moveFileAtomic(from: string, path: string, options: Omit<AtomicWriteOptions, 'mode'> = {}): Promise<{ created: boolean }> {
  const { durable = true, ifAbsent = false } = options;
  try {
    await makeFolder(dirname(path), durable);
    if (durable) await syncFile(from);
    return await moveIntoPlace(from, path, durable, ifAbsent);
  } catch (error) {
    throw asWriteError(error, path);
  }
}

async function moveIntoPlace(temporary: string, path: string, durable: boolean, ifAbsent: boolean): Promise<{ created: boolean }> {
  faultPoint('file.rename');
  const created = ifAbsent ? await moveIfAbsent(temporary, path) : await moveOver(temporary, path);
  if (created && durable) await syncFolder(dirname(path));
  return { created };
}

/** A failed write as an error that says what to do. Errors that are not the file system's pass as they are. */
export function asWriteError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof MillraceError || typeof code !== 'string' || typeof (error as NodeJS.ErrnoException).syscall !== 'string') return error;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new MillraceError('DISK_FULL', `no space is left to write '${path}'`, {
        cause: error,
        hint: 'Free some space, then resume the run: what was recorded is kept.',
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new MillraceError(
        'READ_ONLY',
        `'${path}' cannot be written: ${code === 'EROFS' ? 'the file system is read-only' : 'permission is denied'}`,
        {
          cause: error,
          hint: 'Give this user the right to write there, or choose another folder.',
        },
      );
    default:
      return new MillraceError('WRITE_FAILED', `'${path}' could not be written (${code})`, { cause: error });
  }
}

const TEMPORARY = /^\.millrace-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/;

/** Process ids mean something on one host only; containers that share a folder have host names of their own. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** True for the names that `writeFileAtomic` gives to files in the making. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

export interface SweepOptions {
  /** Temporary files of other hosts, whose processes cannot be looked up, are leftovers after this many milliseconds. @default 86400000 (a day) */
  readonly foreignAfterMs?: number;
  /** Milliseconds since the epoch. @default now */
  readonly now?: number;
}

/**
 * Removes the temporary files that dead processes left in a folder and its subfolders. Those of living ones stay.
 * @returns the paths removed
 */
export async function sweepTemporaryFiles(folder: string, options: SweepOptions = {}): Promise<readonly string[]> {
  const { foreignAfterMs = 86_400_000, now = Date.now() } = options;
  const removed: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    const match = entry.isFile() ? TEMPORARY.exec(entry.name) : null;
    if (match === null) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const written = await stat(path).then(
      (stats) => stats.mtimeMs,
      () => undefined,
    );
    if (written === undefined || !isLeftover(match[1] === HOST, Number(match[2]), written, now, foreignAfterMs)) continue;
    await unlink(path).then(
      () => removed.push(path),
      () => undefined,
    );
  }
  return removed;
}

function isLeftover(ofThisHost: boolean, pid: number, written: number, now: number, foreignAfterMs: number): boolean {
  if (!ofThisHost) return now - written > foreignAfterMs;
  // In a container every start may get the same pid: then it is ours only if it is younger than this process.
  if (pid === process.pid) return written < performance.timeOrigin;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** A new name for a file in the making; when this process dies, the file is swept away. */
export function temporaryPath(folder: string): string {
  return join(folder, `.millrace-${HOST}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
}

async function writeTemporary(path: string, content: FileContent, durable: boolean, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    faultPoint('file.write');
    await writeContent(file, content);
    if (durable) {
      faultPoint('file.sync');
      await file.sync();
    }
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    faultPoint('file.sync');
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeContent(file: FileHandle, content: FileContent): Promise<void> {
  if (typeof content === 'string' || content instanceof Uint8Array) return await file.writeFile(content);
  for await (const piece of content) await file.writeFile(piece);
}

async function moveOver(temporary: string, path: string): Promise<boolean> {
  await rename(temporary, path);
  return true;
}

/** A hard link is the one move that refuses to replace. Where a file system has none, a look before the rename must do. */
async function moveIfAbsent(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EEXIST') {
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS' && code !== 'EMLINK') throw error;
      if (!(await exists(path))) return await moveOver(temporary, path);
    }
    await unlink(temporary);
    return false;
  }
  faultPoint('file.unlink');
  await unlink(temporary);
  return true;
}

/** A new folder is durable once the folder that lists it is synced. */
async function makeFolder(folder: string, durable: boolean): Promise<void> {
  faultPoint('file.make-folder');
  const topmost = await mkdir(folder, { recursive: true });
  if (topmost === undefined || !durable) return;
  for (let made = folder; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === topmost || made === dirname(made)) return;
  }
}

async function syncFolder(folder: string): Promise<void> {
  faultPoint('file.sync-folder');
  // Windows cannot open a folder to sync it; its file systems journal renames.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
