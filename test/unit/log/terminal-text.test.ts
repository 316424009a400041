import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { terminalText } from '../../../src/log/terminal-text.js';

describe('terminalText', () => {
  it.each([
    ['plain, tab\tand 😀 é stay', 'plain, tab\tand 😀 é stay'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b]8;;https://x.test\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['a\nb\rc', 'a\\nb\\rc'],
    ['bell\u0007 null\u0000 del\u007f', 'bell\\x07 null\\x00 del\\x7f'],
    ['right\u202eleft', 'right\\u202eleft'],
  ])('%j becomes %j', (text, expected) => {
    expect(terminalText(text)).toBe(expected);
  });

  it('law: nothing is left that a terminal would obey', () => {
    const unit = fc.constantFrom('\u001b', '[', ']', '0', ';', 'm', '\u0007', '\u009b', '\\', 'P', '\n', 'a');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        expect(terminalText(text)).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
