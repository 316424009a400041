import { stripVTControlCharacters } from 'node:util';

/**
 * What text from outside may do harm with on a terminal: control characters of both sets but the tab, line and paragraph separators,
 * and the marks that turn the direction of writing, with which a line can be made to read as another one.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const EVERY_UNSAFE = new RegExp(UNSAFE, 'g');

/**
 * Text that a terminal prints and does not obey: escape sequences are taken out, the control characters that are left are shown as
 * `\x1b`, `\n`, `\u202e`. The result is always one line. What user code prints, names and error messages all pass through here.
 */
export function terminalText(text: string): string {
  if (!UNSAFE.test(text)) return text;
  return stripVTControlCharacters(text).replace(EVERY_UNSAFE, escaped);
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
