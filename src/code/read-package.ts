import { sha256 } from '../base/digest.js';
import { type CodeFile, type CodePackage, readPackage } from './code-package.js';

/** Where kept code lies: a record. */
export interface ContentReader {
  inline(contentDigests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** The list of a run's files. Undefined: none is kept, or it is damaged. */
export async function readCodePackage(reader: ContentReader, digest: string | undefined): Promise<CodePackage | undefined> {
  if (digest === undefined) return undefined;
  const text = (await readTexts(reader, [digest])).get(digest);
  return text === undefined ? undefined : readPackage(text);
}

/** By path, those that are kept whole: what does not match its digest is left out. */
export async function readFileTexts(reader: ContentReader, files: readonly CodeFile[]): Promise<ReadonlyMap<string, string>> {
  const kept = files.filter(({ left }) => left === undefined);
  const texts = await readTexts(reader, [...new Set(kept.map(({ digest }) => digest))]);
  return new Map(kept.flatMap(({ path, digest }) => (texts.has(digest) ? [[path, texts.get(digest) as string] as const] : [])));
}

async function readTexts(reader: ContentReader, digests: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = await reader.inline(digests);
  return new Map(
    [...found].filter(([digest, bytes]) => sha256(bytes) === digest).map(([digest, bytes]) => [digest, Buffer.from(bytes).toString('utf8')]),
  );
}
