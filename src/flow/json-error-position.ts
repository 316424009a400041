import { SourceTokens, type Token } from './source-tokens.js';

/**
 * Where a text stops being JSON, as `line 3, column 7`. The engine's own message is not used: it may lack the position, and it quotes
 * the text, which may hold a secret.
 */
export function jsonErrorPosition(text: string): string {
  const offset = errorOffset(text);
  const before = text.slice(0, offset);
  return `line ${before.split('\n').length}, column ${offset - before.lastIndexOf('\n')}`;
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'end';

function errorOffset(text: string): number {
  const tokens = new SourceTokens(text);
  const open: string[] = [];
  let expected: Expected = 'value';
  let reached = 0;
  try {
    for (let token = tokens.next(); token !== undefined; token = tokens.next()) {
      // Blank to the reader may be a comment, which JSON has not.
      const blank = blankLength(text, reached);
      if (reached + blank !== token.start) return reached + blank;
      let scalar = isScalar(token);
      // JSON has no unary minus; it belongs to the number.
      if (token.text === '-' && token.kind === 'punctuator') {
        const number = tokens.next();
        if (number?.kind !== 'number' || number.start !== token.end) return token.start;
        scalar = isScalar(number);
      }
      const next = step(expected, token, scalar, open);
      if (next === undefined) return token.start;
      expected = next;
      reached = token.end;
    }
  } catch {
    // A string that does not end: the error is where it starts, after what was read.
    return reached + blankLength(text, reached);
  }
  return reached + blankLength(text, reached) === text.length ? text.trimEnd().length : reached + blankLength(text, reached);
}

function blankLength(text: string, from: number): number {
  const blank = /[ \t\n\r]*/y;
  blank.lastIndex = from;
  return blank.exec(text)?.[0].length ?? 0;
}

function step(expected: Expected, token: Token, scalar: boolean, open: string[]): Expected | undefined {
  const afterValue = (): Expected => (open.length === 0 ? 'end' : ', or end');
  const mark = token.kind === 'punctuator' ? token.text : '';
  if (expected === ':') return mark === ':' ? 'value' : undefined;
  if (expected === ', or end' && mark === ',') return open.at(-1) === '{' ? 'key' : 'value';
  const closes =
    (mark === '}' && (expected === ', or end' || expected === 'key or }')) ||
    (mark === ']' && (expected === ', or end' || expected === 'value or ]'));
  if (closes) return open.pop() === (mark === '}' ? '{' : '[') ? afterValue() : undefined;
  if (expected === 'key' || expected === 'key or }') return token.kind === 'string' && scalar ? ':' : undefined;
  if (expected === 'end' || expected === ', or end') return undefined;
  if (mark === '{' || mark === '[') {
    open.push(mark);
    return mark === '{' ? 'key or }' : 'value or ]';
  }
  return scalar ? afterValue() : undefined;
}

function isScalar(token: Token): boolean {
  if (token.kind !== 'string' && token.kind !== 'number' && token.kind !== 'name') return false;
  try {
    JSON.parse(token.text);
    return true;
  } catch {
    return false;
  }
}
