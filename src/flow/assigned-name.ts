import { callAt, chainStart, endsExpression, type Span } from './call-expression.js';
import { type SourceFile, textAt } from './source-file.js';
import type { Token } from './source-tokens.js';

/**
 * The variable, property or class field that the call of `callee` at a line and column is assigned to. Lines and columns count from 1;
 * a column that is missing or off is made up for when the line holds one such call only. Undefined wherever the name is not certain:
 * a name that is missing is asked for, a wrong one would be believed.
 */
export function assignedName(file: SourceFile, callee: string, line: number, column: number | undefined): string | undefined {
  const call = callAt(file, callee, line, column);
  if (call === undefined) return undefined;
  const { first, last } = withoutParentheses(file, call);
  return endsExpression(file, last + 1) ? nameBefore(file, first) : undefined;
}

// ── what follows it ──

function withoutParentheses(file: SourceFile, call: Span): Span {
  let { first, last } = { first: call.first, last: afterChain(file, call.last) };
  while (textAt(file, first - 1) === '(' && file.partner[first - 1] === last + 1 && isAssignment(textAt(file, first - 2))) {
    first--;
    last = afterChain(file, last + 1);
  }
  return { first, last };
}

/** A task's own methods that give a task again; the result of any other is another thing than the task. */
const SAME_TASK = new Set(['with', 'after', 'external']);

function afterChain(file: SourceFile, end: number): number {
  let last = end;
  for (;;) {
    if (textAt(file, last + 1) === '!' && file.tokens[last + 1]?.onNewLine === false) last++;
    else if (textAt(file, last + 1) === '.' && SAME_TASK.has(textAt(file, last + 2)) && textAt(file, last + 3) === '(')
      last = file.partner[last + 3] as number;
    else return last;
  }
}

// ── what stands before it ──

function isAssignment(mark: string): boolean {
  return mark === '=' || mark === '??=' || mark === '||=' || mark === '&&=' || mark === ':';
}

function nameBefore(file: SourceFile, first: number): string | undefined {
  const mark = textAt(file, first - 1);
  if (mark === ':') return propertyName(file, first - 2);
  return isAssignment(mark) ? targetName(file, first - 2) : undefined;
}

/** `{ load: task(…) }`. What else has a colon, such as a conditional or a label, has something else before the name. */
function propertyName(file: SourceFile, place: number): string | undefined {
  const before = textAt(file, keyStart(file, place) - 1);
  const around = file.parent[place] as number;
  if (textAt(file, around) !== '{' || (before !== '{' && before !== ',')) return undefined;
  return textAt(file, place) === 'default' ? undefined : keyName(file, place);
}

/** A property's key: a name, a string, or a string in brackets. */
function keyName(file: SourceFile, place: number): string | undefined {
  const token = file.tokens[textAt(file, place) === ']' ? place - 1 : place];
  if (textAt(file, place) === ']' && file.partner[place] !== place - 2) return undefined;
  if (token?.kind === 'name' && textAt(file, place) !== ']') return usable(token.text);
  return token?.kind === 'string' && !token.text.includes('\\') ? usable(token.text.slice(1, -1)) : undefined;
}

function keyStart(file: SourceFile, place: number): number {
  return textAt(file, place) === ']' ? (file.partner[place] as number) : place;
}

const MODIFIERS = new Set('const let var export static readonly accessor public private protected override declare'.split(' '));
/** Tokens before a name that is assigned to, other than modifiers; all else before it means that it is the end of something longer. */
const BEFORE_TARGET = new Set(['', ';', '{', '}', ',', '(', '=', '??=', '||=', '&&=']);
/** A name after one of these is the end of a type, also on a new line. */
const IN_TYPE = new Set(['keyof', 'typeof', 'unique', 'infer', 'is', 'extends', 'asserts']);

/** What stands before the `=`: a variable, a property, a field, with or without its type. */
function targetName(file: SourceFile, place: number): string | undefined {
  const token = file.tokens[place];
  if (token === undefined) return undefined;
  if (token.kind === 'name' || token.text === ']' || token.kind === 'string') {
    const plain = plainTarget(file, place);
    if (plain !== undefined) return plain;
  }
  return annotatedTarget(file, place);
}

function plainTarget(file: SourceFile, place: number): string | undefined {
  const start = keyStart(file, place);
  const before = file.tokens[start - 1];
  if (file.tokens[place]?.kind === 'name' && before?.text === '.') return memberTarget(file, place);
  const isIndexed = textAt(file, place) === ']' && before !== undefined && isValueEnd(before) && !MODIFIERS.has(before.text);
  if (isIndexed) return startsStatement(file, chainStart(file, start - 1)) ? keyName(file, place) : undefined;
  return startsStatement(file, start) ? keyName(file, place) : undefined;
}

/** `this.load = task(…)`, `exports.load = …`; but the end of a type, `let x: ns.Type = …`, is no member. */
function memberTarget(file: SourceFile, place: number): string | undefined {
  const start = chainStart(file, place);
  const whole = file.tokens.slice(start, place + 1).map((token) => token.text);
  if (!startsStatement(file, start) || whole.join('') === 'module.exports') return undefined;
  return keyName(file, place);
}

/** Whether a target may begin here: after a modifier, a separator, or on a new line after something complete. */
function startsStatement(file: SourceFile, place: number): boolean {
  const before = file.tokens[place - 1];
  if (before === undefined) return true;
  if (before.kind === 'name' && IN_TYPE.has(before.text)) return false;
  if (before.kind === 'name' && MODIFIERS.has(before.text)) return true;
  if (before.kind === 'punctuator' && BEFORE_TARGET.has(before.text)) return true;
  return file.tokens[place]?.onNewLine === true && isValueEnd(before);
}

function isValueEnd(token: Token): boolean {
  return token.kind !== 'punctuator' || token.text === ')' || token.text === ']' || token.text === '}' || token.text === '>' || token.text === '!';
}

const TYPE_MARKS = new Set(['<', '>', '|', '&', '.', '?', ':', '=>', '[', ']', '(', ')', '{', '}', ',', '-', '+', '!']);

/** `let load: Task<[a: string], Rows> = task(…)`: walks back over the type to its colon, and says the name before that. */
function annotatedTarget(file: SourceFile, typeEnd: number): string | undefined {
  let angles = 0;
  for (let place = typeEnd; place > 0; place--) {
    const token = file.tokens[place] as Token;
    if (token.kind === 'regex' || (token.kind === 'punctuator' && !TYPE_MARKS.has(token.text))) return undefined;
    if (token.text === ')' || token.text === ']' || token.text === '}') place = file.partner[place] as number;
    if (beginsLineOfItsOwn(file, place)) return undefined;
    if (token.text === '>') angles++;
    else if (token.text === '<') angles--;
    else if (isOpening(token.text) || (angles === 0 && token.text === ',')) return undefined;
    else if (angles === 0 && token.text === ':') {
      const name = declaredName(file, place);
      if (name !== undefined) return name;
    }
  }
  return undefined;
}

/** A type goes on over a line break only before or after a mark, so this is where a statement begins. */
function beginsLineOfItsOwn(file: SourceFile, place: number): boolean {
  const token = file.tokens[place] as Token;
  const before = file.tokens[place - 1];
  if (!token.onNewLine || before === undefined || !isValueEnd(before) || IN_TYPE.has(before.text) || IN_TYPE.has(token.text)) return false;
  return token.kind !== 'punctuator' || isOpening(token.text);
}

function isOpening(mark: string): boolean {
  return mark === '(' || mark === '[' || mark === '{';
}

/** The name that is declared with a type whose colon stands at `colon`: of a variable, or of a class field. Labels and `case` have colons, too. */
function declaredName(file: SourceFile, colon: number): string | undefined {
  const mark = textAt(file, colon - 1);
  const place = mark === '?' || mark === '!' ? colon - 2 : colon - 1;
  if (file.tokens[place]?.kind !== 'name' && textAt(file, place) !== ']' && file.tokens[place]?.kind !== 'string') return undefined;
  const before = textAt(file, keyStart(file, place) - 1);
  if (before === 'const' || before === 'let' || before === 'var') return keyName(file, place);
  const around = file.parent[place] as number;
  if (around >= 0 && isClassBody(file, around))
    return startsStatement(file, keyStart(file, place)) && before !== '=' ? keyName(file, place) : undefined;
  return before === ',' && isInDeclaration(file, place - 1) ? keyName(file, place) : undefined;
}

/** `const a = 1, b: Type = …`: whether the list that the comma belongs to was begun by a keyword. */
function isInDeclaration(file: SourceFile, comma: number): boolean {
  for (let place = comma; place >= 0; place--) {
    const mark = textAt(file, place);
    if (mark === 'const' || mark === 'let' || mark === 'var') return true;
    if (mark === ';' || isOpening(mark)) return false;
    if (mark === ')' || mark === ']' || mark === '}') place = file.partner[place] as number;
  }
  return false;
}

function isClassBody(file: SourceFile, brace: number): boolean {
  if (textAt(file, brace) !== '{') return false;
  for (let place = brace - 1; place >= 0; place--) {
    const mark = textAt(file, place);
    if (mark === 'class') return textAt(file, place - 1) !== '.';
    if (mark === ';' || isOpening(mark) || mark === '=>' || mark === '=') return false;
    if (mark === ')' || mark === ']' || mark === '}') place = file.partner[place] as number;
  }
  return false;
}

/** Words that stand where a name might, but are none. */
const NOT_NAMES = new Set('case default return yield await throw else do new in of typeof void delete this super null true false'.split(' '));

function usable(name: string): string | undefined {
  return name === '' || name.includes('\\') || NOT_NAMES.has(name) ? undefined : name.replace(/^#/, '');
}
