import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { canonicalText } from '../../src/code/canonical-text.js';
import { loadParser, type Parser } from '../../src/code/sources.js';
import { SourceTokens, type Token } from '../../src/flow/source-tokens.js';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/** Our own sources: as good as any to be formatted. */
const FILES = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join(SOURCES, file))
  .sort();

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser();
});

function textOf(source: string): string {
  const { program, problem } = parser.parse('a.ts', source);
  expect(problem, source).toBeUndefined();
  return canonicalText(program);
}

function tokensOf(source: string): readonly Token[] {
  const reader = new SourceTokens(source);
  const tokens: Token[] = [];
  for (let token = reader.next(); token !== undefined; token = reader.next()) tokens.push(token);
  return tokens;
}

const BLANKS = [' ', '  ', '\t', ' /* a comment */ ', '\n', '\n// a line\n', ''];

/** Writes the tokens anew. A line break stays one, and none is added where there was none: elsewhere they may mean a semicolon. */
function formatAnew(source: string, choose: (count: number) => number): string {
  let text = '';
  let end = 0;
  for (const token of tokensOf(source)) {
    const between = source.slice(end, token.start);
    if (between !== '' || end === 0) text += token.onNewLine ? `${BLANKS[choose(4)]}\n${BLANKS[choose(7)]}` : BLANKS[choose(4)];
    text += token.text;
    end = token.end;
  }
  return text;
}

it('law: formatting a file anew, with other comments, never changes the text of its code', () => {
  fc.assert(
    fc.property(fc.constantFrom(...FILES), fc.infiniteStream(fc.nat()), (file, numbers) => {
      const source = readFileSync(file, 'utf8');
      const formatted = formatAnew(source, (count) => (numbers.next().value as number) % count);
      expect(formatted).not.toBe(source);
      expect(textOf(formatted)).toBe(textOf(source));
    }),
    { numRuns: 25 },
  );
});
