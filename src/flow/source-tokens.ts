import { latePattern } from '../base/late-pattern.js';

/** What a token is; comments and white space are none. A template literal, with all that is inside it, is one token. */
export type TokenKind = 'name' | 'number' | 'string' | 'template' | 'regex' | 'punctuator';

/** Keywords are of kind `name`. `>` and `<` always stand alone, because the reader cannot tell generics from shifts. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  /** Offset of the first character after it. */
  readonly end: number;
  /** A line break lies between the token before and this one. */
  readonly onNewLine: boolean;
}

const SPACE = /[\s\uFEFF]+/y;
const NAME = latePattern(
  String.raw`#?(?:[$_\p{ID_Start}]|\\u[\da-fA-F]{4}|\\u\{[\da-fA-F]+\})(?:[$\p{ID_Continue}]|\u200C|\u200D|\\u[\da-fA-F]{4}|\\u\{[\da-fA-F]+\})*`,
  'uy',
);
const NUMBER = /0[xXoObB][\da-fA-F_]+n?|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?n?/y;
const STRING = /'(?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*'|"(?:[^"\\\n\r]|\\(?:\r\n|[\s\S]))*"/y;
const REGEX = latePattern(String.raw`\/(?![*/])(?:[^\\/[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+\/[\p{ID_Continue}$]*`, 'uy');
const COMMENT = /\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\//y;
const PUNCTUATOR = /\.\.\.|=>|[=!]==?|\?\.(?!\d)|(?:\?\?|&&|\|\|)=?|\*\*=?|\+\+|--|[-+*/%&|^]=|<=|[\s\S]/uy;

/** Names after which an expression begins, so that a slash starts a regular expression. */
const BEFORE_EXPRESSION = new Set('return typeof instanceof in of new delete void throw case do else yield await default extends'.split(' '));
const BEFORE_CONDITION = new Set(['if', 'while', 'for', 'with']);

/**
 * Reads JavaScript and TypeScript token by token, on demand, so that a function's parameters can be read without its body.
 * It is no parser: it knows strings, templates, comments and regular expressions well enough not to be fooled by what is inside them.
 */
export class SourceTokens {
  readonly #source: string;
  #at = 0;
  #previous: Token | undefined;
  /** For each open parenthesis, whether it is the condition of a statement: a slash after its end starts a regular expression. */
  readonly #parentheses: boolean[] = [];
  #closedCondition = false;

  constructor(source: string, start = 0) {
    this.#source = source;
    this.#at = start === 0 && source.startsWith('#!') ? endOfLine(source) : start;
  }

  /**
   * The next token, or undefined at the end.
   * @throws SyntaxError when a string, template or comment does not end
   */
  next(): Token | undefined {
    const onNewLine = this.#skipBlank();
    const start = this.#at;
    if (start >= this.#source.length) return undefined;
    const kind = this.#read();
    const token: Token = { kind, text: this.#source.slice(start, this.#at), start, end: this.#at, onNewLine };
    if (kind === 'punctuator') this.#noteParenthesis(token.text);
    this.#previous = token;
    return token;
  }

  /** Moves over one token and says what it is. */
  #read(): TokenKind {
    const first = this.#source.charCodeAt(this.#at);
    if (first === 0x60) {
      this.#readTemplate();
      return 'template';
    }
    if (first === 0x22 || first === 0x27) {
      if (!this.#match(STRING)) throw new SyntaxError('a string does not end');
      return 'string';
    }
    // Most tokens are names and marks: what cannot begin a name or a number is not tried as one.
    if (mayBeginName(first) && this.#readName()) return 'name';
    if ((isDigit(first) || first === 0x2e) && this.#match(NUMBER)) return 'number';
    if (first === 0x2f && this.#expressionMayStart() && this.#match(REGEX())) return 'regex';
    this.#match(PUNCTUATOR);
    return 'punctuator';
  }

  #skipBlank(): boolean {
    let onNewLine = false;
    for (;;) {
      let from = this.#at;
      let first = this.#source.charCodeAt(from);
      while (first === 0x20) first = this.#source.charCodeAt(++from);
      this.#at = from;
      if (first > 0x20 && first < 0x80 && first !== 0x2f) return onNewLine;
      if (!this.#match(SPACE) && !this.#match(COMMENT)) {
        if (this.#source.startsWith('/*', this.#at)) throw new SyntaxError('a comment does not end');
        return onNewLine;
      }
      onNewLine ||= /[\n\r\u2028\u2029]/.test(this.#source.slice(from, this.#at));
    }
  }

  /** Nearly all names are plain ASCII, for which a loop is several times faster than the pattern. */
  #readName(): boolean {
    let at = this.#at;
    while (isPlainNamePart(this.#source.charCodeAt(at))) at++;
    const stop = this.#source.charCodeAt(at);
    if (at === this.#at || stop >= 0x80 || stop === 0x5c) return this.#match(NAME());
    this.#at = at;
    return true;
  }

  #readTemplate(): void {
    this.#at++;
    while (this.#at < this.#source.length) {
      const character = this.#source[this.#at];
      if (character === '\\') this.#at += 2;
      else if (character === '`') {
        this.#at++;
        return;
      } else if (character === '$' && this.#source[this.#at + 1] === '{') this.#at = endOfSubstitution(this.#source, this.#at + 2);
      else this.#at++;
    }
    throw new SyntaxError('a template does not end');
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#source)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #noteParenthesis(text: string): void {
    if (text === '(') this.#parentheses.push(this.#previous?.kind === 'name' && BEFORE_CONDITION.has(this.#previous.text));
    else if (text === ')') this.#closedCondition = this.#parentheses.pop() ?? false;
  }

  /** Whether a slash here starts a regular expression; else it divides. */
  #expressionMayStart(): boolean {
    const previous = this.#previous;
    if (previous === undefined) return true;
    if (previous.kind === 'name') return BEFORE_EXPRESSION.has(previous.text);
    if (previous.kind !== 'punctuator') return false;
    if (previous.text === ')') return this.#closedCondition;
    // After a block comes a statement, after an object an operator; nobody writes a division by starting a new line with it.
    if (previous.text === '}') return /[\n\r]/.test(this.#source.slice(previous.end, this.#at));
    return previous.text !== ']' && previous.text !== '++' && previous.text !== '--';
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isPlainNamePart(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || isDigit(code) || code === 0x24 || code === 0x5f;
}

/** Letters, `$ _ # \` and everything outside ASCII. */
function mayBeginName(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x24 || code === 0x5f || code === 0x23 || code === 0x5c || code >= 0x80;
}

/** The offset after the brace that closes a template's `${`. */
function endOfSubstitution(source: string, start: number): number {
  const tokens = new SourceTokens(source, start);
  let depth = 1;
  for (let token = tokens.next(); token !== undefined; token = tokens.next()) {
    if (token.kind !== 'punctuator') continue;
    if (token.text === '{') depth++;
    else if (token.text === '}' && --depth === 0) return token.end;
  }
  throw new SyntaxError('a template does not end');
}

function endOfLine(source: string): number {
  const end = source.indexOf('\n');
  return end === -1 ? source.length : end;
}
