import { stripVTControlCharacters } from 'node:util';

/** What would turn text around, hide it, or be refused by XML: shown as the replacement character. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * Text that comes from users, made fit for one line of a drawing: no terminal codes, no line breaks, no control characters and no marks that
 * reverse the reading direction. What the format itself gives a meaning (quotes, `<`, backslashes) is left to the format's own escape.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').trim().replace(UNPRINTABLE, '\ufffd');
}

/** At most `max` characters, the last one an ellipsis when some were left out; never cuts a surrogate pair in two. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const characters = Array.from(text);
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}

/** `12,345`: the same on every machine, whatever its language. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

export function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
