import { resolve } from 'node:path';
import { createHasher, sha256 } from '../base/digest.js';
import { describe, MillraceError } from '../base/error.js';
import type { FileRef } from '../model/file-ref.js';
import { disk, hub } from './disk.js';
import { contentAtOnce, pieces, stateOf } from './file-digests.js';
import { CONTENT } from './question.js';

/**
 * A file as an argument or a result. In cache keys it counts by its path and its content, whoever reads it: also native code, whose reading is
 * not seen otherwise. A result that contains one is reused only while the file is as it was.
 *
 * The file is digested at once, which takes a second for some GB, unless this process has seen it since it was last changed.
 *
 * @param path relative to the working directory
 * @throws MillraceError `FILE_MISSING`, `FILE_UNREADABLE`; `FILE_INVALID` for what is no path
 */
export function file(path: string): FileRef {
  if (typeof path !== 'string' || path === '') throw new MillraceError('FILE_INVALID', `file() expected a path; got ${describe(path)}`);
  const absolute = resolve(path);
  const { bytes } = stateOf(absolute);
  const { answer, state } = contentAtOnce(absolute);
  if (state === undefined) throw unreadable(absolute, answer);
  hub.current()?.asked(absolute, CONTENT, answer);
  return new FileReference(absolute, answer, bytes);
}

/** Whether there are any in this process: else no result has to be searched for them. */
let areThereAny = false;

export class FileReference implements FileRef {
  readonly path: string;
  readonly digest: string;
  readonly bytes: number;

  constructor(path: string, digest: string, bytes: number) {
    this.path = path;
    this.digest = digest;
    this.bytes = bytes;
    areThereAny = true;
  }

  /** For people: whoever prints it wants to know which file, not how it is read. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `file '${this.path}' (${this.bytes} bytes, ${this.digest.slice(0, 16)}…)`;
  }

  async text(): Promise<string> {
    return Buffer.from(await this.read()).toString('utf8');
  }

  async read(): Promise<Uint8Array> {
    this.#tell();
    let bytes: Uint8Array;
    try {
      bytes = await disk().promises.readFile(this.path);
    } catch (error) {
      throw unreadable(this.path, (error as NodeJS.ErrnoException).code ?? 'error', error);
    }
    this.#check(sha256(bytes));
    return bytes;
  }

  stream(): ReadableStream<Uint8Array> {
    this.#tell();
    const hasher = createHasher();
    const source = pieces(this.path);
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await this.#next(source);
          if (done) {
            this.#check(hasher.sha256());
            controller.close();
          } else {
            hasher.update(value);
            // The next piece is read into the same memory.
            controller.enqueue(Uint8Array.from(value));
          }
        },
        cancel: async () => void (await source.return(undefined)),
      },
      { highWaterMark: 0 },
    );
  }

  async #next(source: AsyncGenerator<Uint8Array>): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await source.next();
    } catch (error) {
      throw unreadable(this.path, (error as NodeJS.ErrnoException).code ?? 'error', error);
    }
  }

  /** What is read is what was digested, or nothing: so the answer is known beforehand. */
  #tell(): void {
    hub.current()?.asked(this.path, CONTENT, this.digest);
  }

  #check(digest: string): void {
    if (digest === this.digest) return;
    throw new MillraceError('FILE_CHANGED', `the file '${this.path}' has changed since file() was called for it`, {
      hint: 'Let nothing write to it while a flow uses it, or call file() again.',
    });
  }
}

/** The references that a value contains, at any depth; each object is looked at once. */
export function fileReferences(value: unknown): readonly FileReference[] {
  if (!areThereAny) return [];
  const found: FileReference[] = [];
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next) || seen.has(next)) continue;
    seen.add(next);
    if (next instanceof FileReference) found.push(next);
    else if (next instanceof Map) open.push(...next.keys(), ...next.values());
    else if (Array.isArray(next) || next instanceof Set) for (const member of next) open.push(member);
    // Getters are left alone: the serializer refuses them.
    else for (const { value: member } of Object.values(Object.getOwnPropertyDescriptors(next))) open.push(member);
  }
  return found;
}

function unreadable(path: string, answer: string, cause?: unknown): MillraceError {
  const options = cause === undefined ? {} : { cause };
  if (answer === 'absent' || answer === 'ENOENT')
    return new MillraceError('FILE_MISSING', `expected a file at '${path}'; there is none`, {
      ...options,
      hint: `Relative paths are meant from the working directory, ${process.cwd()}.`,
    });
  const got = answer === 'folder' ? 'a folder' : answer === 'other' ? 'something else' : `an error (${answer})`;
  return new MillraceError('FILE_UNREADABLE', `expected a file at '${path}'; got ${got}`, options);
}
