import { firstTokenFrom, type SourceFile, textAt } from './source-file.js';
import type { Token } from './source-tokens.js';

/** Places of the first and the last token of an expression. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** Source maps place a call at its name, or at what stands before the dot; further away than this it is another one. */
const TOLERANCE = 24;

/** The call of `callee` at a line and column, from the start of its callee to its closing parenthesis. */
export function callAt(file: SourceFile, callee: string, line: number, column: number | undefined): Span | undefined {
  const start = file.lineStarts[line - 1];
  if (start === undefined) return undefined;
  const end = file.lineStarts[line] ?? Number.POSITIVE_INFINITY;
  const names = calleeNames(file, callee);
  const calls: Span[] = [];
  for (let place = firstTokenFrom(file, start); (file.tokens[place]?.start ?? end) < end; place++) {
    if (file.tokens[place]?.kind !== 'name' || !names.has(textAt(file, place))) continue;
    const close = closeOfCall(file, place);
    if (close !== undefined) calls.push({ first: chainStart(file, place), last: close });
  }
  return nearestCall(file, calls, column === undefined ? undefined : start + column - 1);
}

const knownNames = new WeakMap<SourceFile, Map<string, ReadonlySet<string>>>();

function calleeNames(file: SourceFile, callee: string): ReadonlySet<string> {
  const known = knownNames.get(file) ?? new Map<string, ReadonlySet<string>>();
  const names = known.get(callee) ?? findCalleeNames(file, callee);
  knownNames.set(file, known.set(callee, names));
  return names;
}

/** The name itself and what this file calls it: `import { task as step }`, `const { task: step } =`, `const step = task;`. */
function findCalleeNames(file: SourceFile, callee: string): ReadonlySet<string> {
  const names = new Set([callee]);
  const { tokens } = file;
  for (const [place, token] of tokens.entries()) {
    if (token.text !== callee || token.kind !== 'name') continue;
    const next = tokens[place + 1];
    const after = tokens[place + 2];
    if ((next?.text === 'as' || next?.text === ':') && after?.kind === 'name') names.add(after.text);
    if (textAt(file, place - 1) === '=' && tokens[place - 2]?.kind === 'name' && endsExpression(file, place + 1)) names.add(textAt(file, place - 2));
  }
  return names;
}

/** The closing parenthesis of the call whose callee ends at `place`; type arguments may stand between. */
function closeOfCall(file: SourceFile, place: number): number | undefined {
  let at = place + 1;
  if (textAt(file, at) === ')' && textAt(file, at + 1) === '(') at++;
  if (textAt(file, at) === '?.') at++;
  if (textAt(file, at) === '<') {
    const end = endOfTypeArguments(file, at);
    if (end === undefined) return undefined;
    at = end + 1;
  }
  return textAt(file, at) === '(' ? file.partner[at] : undefined;
}

function endOfTypeArguments(file: SourceFile, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < file.tokens.length; at++) {
    const mark = textAt(file, at);
    if (mark === '<') depth++;
    else if (mark === '>' && --depth === 0) return at;
    else if (mark === ';' || mark === ')' || mark === ']' || mark === '}') return undefined;
    else if (mark === '(' || mark === '[' || mark === '{') at = file.partner[at] as number;
  }
  return undefined;
}

/** `millrace.task` begins at `millrace`, and `(0, millrace.task)`, as compilers write it, at its parenthesis. */
export function chainStart(file: SourceFile, place: number): number {
  let first = place;
  while (textAt(file, first - 1) === '.' && file.tokens[first - 2]?.kind === 'name') first -= 2;
  const wrapped =
    textAt(file, place + 1) === ')' && textAt(file, first - 1) === ',' && textAt(file, first - 2) === '0' && textAt(file, first - 3) === '(';
  return wrapped ? first - 3 : first;
}

function nearestCall(file: SourceFile, calls: readonly Span[], offset: number | undefined): Span | undefined {
  if (offset === undefined) return calls.length === 1 ? calls[0] : undefined;
  const covering = calls.filter(({ first }) => offset >= startOf(file, first) && offset <= calleeEnd(file, first));
  if (covering.length === 1) return covering[0];
  const only = calls.length === 1 ? calls[0] : undefined;
  return only !== undefined && Math.abs(startOf(file, only.first) - offset) <= TOLERANCE ? only : undefined;
}

/** The offset where the callee's name ends, so that any column on it counts. */
function calleeEnd(file: SourceFile, first: number): number {
  let at = textAt(file, first) === '(' ? (file.partner[first] as number) : first;
  while (textAt(file, at + 1) === '.' && file.tokens[at + 2]?.kind === 'name') at += 2;
  return (file.tokens[at] as Token).end;
}

function startOf(file: SourceFile, place: number): number {
  return (file.tokens[place] as Token).start;
}

/** Whether the expression is over before `place`, or only its type follows. */
export function endsExpression(file: SourceFile, place: number): boolean {
  const token = file.tokens[place];
  if (token === undefined) return true;
  if (token.kind === 'name')
    return token.text === 'as' || token.text === 'satisfies' || (token.onNewLine && token.text !== 'in' && token.text !== 'instanceof');
  if (token.kind !== 'punctuator') return token.onNewLine && token.kind !== 'template' && token.kind !== 'regex';
  return token.text === ';' || token.text === ',' || token.text === '}' || (token.onNewLine && (token.text === '@' || token.text === '{'));
}
