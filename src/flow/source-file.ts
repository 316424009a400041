import { SourceTokens, type Token } from './source-tokens.js';

/** A source text as tokens, with what is needed to look around a place in it. */
export interface SourceFile {
  readonly tokens: readonly Token[];
  /** For each bracket, the place in `tokens` of the one it belongs to; -1 for all other tokens. */
  readonly partner: Int32Array;
  /** For each token, the place of the bracket that is open around it; -1 at the top. */
  readonly parent: Int32Array;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
}

const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Undefined when brackets do not match or a string does not end: then nothing in it can be trusted. */
export function readSource(text: string): SourceFile | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const partner = new Int32Array(tokens.length).fill(-1);
  const parent = new Int32Array(tokens.length).fill(-1);
  const open: number[] = [];
  for (const [place, token] of tokens.entries()) {
    const mark = token.kind === 'punctuator' ? token.text : '';
    const opening = CLOSING[mark];
    if (opening !== undefined) {
      const partnerPlace = open.pop();
      if (partnerPlace === undefined || tokens[partnerPlace]?.text !== opening) return undefined;
      partner[place] = partnerPlace;
      partner[partnerPlace] = place;
    }
    parent[place] = open.at(-1) ?? -1;
    if (mark === '(' || mark === '[' || mark === '{') open.push(place);
  }
  return open.length > 0 ? undefined : { tokens, partner, parent, lineStarts: lineStartsOf(text) };
}

function tokensOf(text: string): readonly Token[] | undefined {
  try {
    const reader = new SourceTokens(text);
    const tokens: Token[] = [];
    for (let token = reader.next(); token !== undefined; token = reader.next()) tokens.push(token);
    return tokens;
  } catch {
    return undefined;
  }
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

/** The place of the first token that starts at `offset` or after it. */
export function firstTokenFrom({ tokens }: SourceFile, offset: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tokens[middle] as Token).start < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The text of a token; of a string or template nothing, so that it cannot be taken for a keyword or a mark. */
export function textAt(file: SourceFile, place: number): string {
  const token = file.tokens[place];
  return token === undefined || token.kind === 'string' || token.kind === 'template' || token.kind === 'regex' ? '' : token.text;
}
