import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** More of what a process prints is not kept. */
const KEPT = 4_096;

/** Listens to the end of what a process prints. @returns gives it, without colours */
export function lastWordsOf(...streams: readonly (Readable | null)[]): () => string {
  let text = '';
  for (const stream of streams) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-KEPT);
    });
    // Whoever wrote has gone: that is told otherwise.
    stream?.on('error', () => {});
  }
  return () => stripVTControlCharacters(text).trim();
}
