import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { lstat, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asWriteError, isTemporaryName, moveFileAtomic, writeFileAtomic } from '../base/atomic-file.js';
import { MillraceError } from '../base/error.js';
import { faultPoint } from '../base/fault-point.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { ResultStore } from '../model/result-store.js';
import { nothingAt } from './store-address.js';
import { checkStoreKey, checkStorePrefix, invalidKey } from './store-key.js';

export interface LocalStoreOptions {
  /** Sync each file and its folder, so that a power cut takes nothing that was acknowledged. @default true */
  readonly durable?: boolean;
}

/**
 * Results as files in a folder, made when first needed. The path of a result is its key, so that other programs find it.
 * Symbolic links are followed inside the folder only.
 *
 * Throws MillraceError `STORE_KEY_INVALID`, `RESULT_MISSING`, `DISK_FULL`, `READ_ONLY`, `WRITE_FAILED`, `READ_FAILED`.
 */
export function localStore(dir: string, options: LocalStoreOptions = {}): ResultStore {
  refuseOtherOptions(options, ['durable'], 'OPTION_INVALID', ' of localStore()');
  return new LocalStore(resolve(dir), options.durable ?? true);
}

/** Up to this size a file is read at once: handing it to a thread and back costs five times the reading. */
const READ_AT_ONCE = 256 * 1024;

class LocalStore implements ResultStore {
  readonly scheme = 'file';
  readonly #root: string;
  readonly #durable: boolean;

  constructor(root: string, durable: boolean) {
    this.#root = root;
    this.#durable = durable;
  }

  get location(): string {
    return pathToFileURL(join(this.#root, sep)).href;
  }

  localPath(key: string): string {
    checkStoreKey(key);
    if (key.split('/').some(isTemporaryName)) throw invalidKey(key, 'is a name kept for files in the making');
    return join(this.#root, key);
  }

  async head(key: string): Promise<{ bytes: number; modified: Date } | undefined> {
    const path = this.localPath(key);
    this.#checkInside(path, key);
    try {
      const stats = await lstat(path);
      const file = stats.isSymbolicLink() ? await lstat(realpathSync.native(path)) : stats;
      return file.isFile() ? { bytes: file.size, modified: file.mtime } : undefined;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw asReadError(error, path);
    }
  }

  async read(key: string, options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const path = this.localPath(key);
    this.#checkInside(path, key);
    try {
      return readSmall(path) ?? (await readFile(path, options));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isAbsence(error)) throw nothingAt(this, key, error);
      throw asReadError(error, path);
    }
  }

  async write(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, options: { ifAbsent?: boolean } = {}): Promise<{ created: boolean }> {
    const path = this.localPath(key);
    // The file itself is moved into place and so replaces a link; only the folders on the way must not lead out.
    this.#checkInside(dirname(path), key);
    return await writeFileAtomic(path, bytes, { durable: this.#durable, ifAbsent: options.ifAbsent ?? false });
  }

  get spoolFolder(): string {
    return this.#root;
  }

  async adopt(path: string, key: string, options: { ifAbsent?: boolean } = {}): Promise<{ created: boolean }> {
    const target = this.localPath(key);
    this.#checkInside(dirname(target), key);
    return await moveFileAtomic(path, target, { durable: this.#durable, ifAbsent: options.ifAbsent ?? false });
  }

  async delete(key: string): Promise<void> {
    const path = this.localPath(key);
    this.#checkInside(dirname(path), key);
    try {
      faultPoint('file.delete');
      await unlink(path);
    } catch (error) {
      if (!isAbsence(error)) throw asWriteError(error, path);
    }
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkStorePrefix(prefix);
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') this.#checkInside(join(this.#root, folder), prefix);
    yield* this.#listFolder(folder, prefix);
  }

  /** In ascending order of names; links and files in the making are not listed. */
  async *#listFolder(folder: string, prefix: string): AsyncIterable<string> {
    const path = join(this.#root, folder);
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if (isAbsence(error)) return [];
      throw asReadError(error, path);
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const key = folder + entry.name;
      if (entry.isDirectory()) {
        if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) yield* this.#listFolder(`${key}/`, prefix);
      } else if (entry.isFile() && key.startsWith(prefix) && !isTemporaryName(entry.name)) yield key;
    }
  }

  /** Follows every link on the way to what exists of `path`. @throws MillraceError `STORE_KEY_INVALID` when that lies outside the folder */
  #checkInside(path: string, key: string): void {
    const root = realPath(this.#root);
    if (root === undefined) return;
    for (let existing = path; existing.length >= this.#root.length; existing = dirname(existing)) {
      const real = realPath(existing);
      if (real === undefined) continue;
      if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep))
        throw invalidKey(key, 'leads out of its store through a symbolic link');
      return;
    }
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw asReadError(error, path);
  }
}

/** The whole file, or undefined when it is too large to be read at once. */
function readSmall(path: string): Uint8Array | undefined {
  // Without O_NONBLOCK, opening a pipe that somebody put here would wait for a writer, for ever.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw Object.assign(new Error(`EISDIR: '${path}' is no file`), { code: 'EISDIR', syscall: 'read' });
    return stats.size > READ_AT_ONCE ? undefined : readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** No file lies there: also when a folder does, or when a file is where a folder should be. */
function isAbsence(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}

function asReadError(error: unknown, path: string): unknown {
  if (error instanceof MillraceError) return error;
  return new MillraceError('READ_FAILED', `'${path}' could not be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`, {
    cause: error,
  });
}
