import { open } from 'node:fs/promises';
import { createHasher } from '../base/digest.js';

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
