import { digest128 } from './digest.js';

/** Calls share settings, names and options: what was digested a moment ago need not be hashed again. */
const recent = new Map<string, string>();
const MOST_RECENT = 1024;
/** What is longer is hashed each time. */
export const LONGEST_RECENT = 256;

/** Of a canonical text. */
export function textDigest(text: string): string {
  if (text.length > LONGEST_RECENT) return digest128(text);
  let digest = recent.get(text);
  if (digest === undefined) {
    digest = digest128(text);
    if (recent.size === MOST_RECENT) recent.clear();
    recent.set(text, digest);
  }
  return digest;
}

/** So that what is shorter than a hash is no hash. */
const MAX_SHORT = 15;
const HEX_OF_ASCII = Array.from({ length: 128 }, (_, code) => code.toString(16).padStart(2, '0'));

/**
 * The encoding of a number, a boolean … is shorter than its hash, which costs more than all else about a small argument. Not of text: a short
 * secret must not be read from its digest.
 */
export function hexOfShort(text: string): string | undefined {
  if (text.length > MAX_SHORT) return undefined;
  let hex = '';
  for (let at = 0; at < text.length; at++) hex += HEX_OF_ASCII[text.charCodeAt(at)];
  return hex;
}
