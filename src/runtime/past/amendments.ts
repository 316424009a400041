import { systemClock } from '../../base/clock.js';
import { describe, MillraceError } from '../../base/error.js';
import { isWellFormed } from '../../base/well-formed.js';
import type { RunNote } from '../../model/records.js';

const LONGEST_TAG = 200;
const LONGEST_NOTE = 100_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** @throws MillraceError `TAG_INVALID` */
export function checkTags(tags: readonly unknown[]): readonly string[] {
  return tags.map((tag) => {
    if (typeof tag === 'string' && tag.trim() === tag && tag !== '' && tag.length <= LONGEST_TAG && !CONTROL.test(tag) && isWellFormed(tag))
      return tag;
    throw new MillraceError(
      'TAG_INVALID',
      `expected a tag of 1 to ${LONGEST_TAG} characters, without control characters and without blanks around it; got ${describe(tag)}`,
    );
  });
}

/** @throws MillraceError `NOTE_INVALID` */
export function checkNote(text: unknown): RunNote {
  if (typeof text === 'string' && text.trim() !== '' && text.length <= LONGEST_NOTE && isKeepable(text))
    return { at: systemClock.now(), text: text.trim() };
  throw new MillraceError('NOTE_INVALID', `expected a note of 1 to ${LONGEST_NOTE} characters, without NUL among them; got ${describe(text)}`);
}

/** Whether every database can keep a text, and gives it back as it was. */
export function isKeepable(text: string): boolean {
  return !text.includes('\u0000') && isWellFormed(text);
}
