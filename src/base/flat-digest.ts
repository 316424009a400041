import { areSame, orderOf, scalarText } from './canonical-text.js';
import { LONGEST_RECENT, textDigest } from './text-digest.js';

/** Few, and short, so that an object that is not flat has not cost much when that shows. */
const MAX_FLAT = 16;

/**
 * As `valueDigest`, of a plain object of few members that are short and no objects themselves, as the settings of a call are; undefined for any
 * other object. Written without a writer: there are very many of them. @throws what a getter throws
 */
export function flatDigest(value: object): string | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return undefined;
  const keys = Object.keys(value);
  if (keys.length > MAX_FLAT) return undefined;
  const members = Object.values(value);
  if (areSame(members, lastFlat.members) && areSame(keys, lastFlat.keys)) return lastFlat.digest;
  const { sorted, texts } = orderOf(keys);
  let text = `o${sorted.length}:`;
  for (let at = 0; at < sorted.length; at++) {
    const member = (value as Readonly<Record<string, unknown>>)[sorted[at] as string];
    const written = typeof member === 'string' && member.length > LONGEST_RECENT ? undefined : scalarText(member);
    if (written === undefined) return undefined;
    text += texts[at] as string;
    text += written;
  }
  lastFlat = { keys, members, digest: textDigest(text) };
  return lastFlat.digest;
}

/** Calls that follow each other often have the same settings: then not even their text is put together. */
let lastFlat: { readonly keys: readonly string[]; readonly members: readonly unknown[]; readonly digest: string | undefined } = {
  keys: [],
  members: [],
  digest: undefined,
};
