import { stat } from 'node:fs/promises';
import type { FileFormat } from './formats/file-format.js';

/**
 * Lets a library read a file by itself. The file is verified first: a damaged one could bring native code down. What is read must be what
 * was verified, so a file that was touched meanwhile is not taken.
 * @param verify throws when the file is not what it should be
 * @returns undefined where the file is to be read as bytes: another library's, touched meanwhile, or gone
 * @throws what `verify` and the library do
 */
export async function readByPath(
  format: Pick<FileFormat, 'knows' | 'read'>,
  path: string,
  verify: () => Promise<void>,
): Promise<{ readonly value: unknown } | undefined> {
  const before = await stateOf(path);
  if (before === undefined || !(await format.knows(path).catch(() => false))) return undefined;
  await verify();
  const read = await format.read(path).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ((await stateOf(path)) !== before) return undefined;
  if ('error' in read) throw read.error;
  return read;
}

/** Whoever writes to a file, or puts another one in its place, changes this. Verifying takes longer than the clock of a file system ticks. */
async function stateOf(path: string): Promise<string | undefined> {
  return await stat(path, { bigint: true }).then(
    ({ dev, ino, size, mtimeNs, ctimeNs }) => `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`,
    () => undefined,
  );
}
