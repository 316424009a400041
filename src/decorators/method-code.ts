import { SourceTokens, type Token } from '../flow/source-tokens.js';
import type { CodeMember } from '../model/code-site.js';
import { type Code, classOf, type Member, membersOf } from './class-chain.js';

/** What of its class a method depends on, as far as its text tells; what else it reaches is looked up in its source. When unsure, include (S22). */
export interface MethodCode {
  /** The method and every member of its classes that it may reach. */
  readonly members: readonly CodeMember[];
  /** Names of the fields that it may read; undefined: any. */
  readonly fields: ReadonlySet<string> | undefined;
  /** It uses what cannot be looked into (`#private` members, a bound function): its code and its fields say too little. */
  readonly isOpaque: boolean;
}

/**
 * Follows a method through its classes by names: whatever member bears a name that occurs in a text already reached is reached too,
 * on each level, because `super.clean()` and an override both count. A `this` that is handed on reaches everything.
 */
export function methodCode(method: Code, prototypes: readonly object[]): MethodCode {
  const members = membersOf(prototypes);
  const classes = new Set(prototypes.map((prototype) => classOf(prototype).name));
  const reached = new Reached(classes);
  const own = members.find(({ functions }) => functions.includes(method));
  reached.add(own === undefined ? { className: '', name: method.name, code: method } : memberOf(own, prototypes, method));
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const member of members) if (reached.mentions(member)) for (const code of member.functions) reached.add(memberOf(member, prototypes, code));
    if (reached.mentionsClass)
      for (const prototype of prototypes) reached.add({ className: classOf(prototype).name, name: undefined, code: prototype.constructor });
  }
  return { members: reached.members(), fields: reached.reachesAll ? undefined : reached.names, isOpaque: reached.isOpaque };
}

function memberOf({ key, level }: Member, prototypes: readonly object[], code: Code): CodeMember {
  return { className: classOf(prototypes[level] as object).name, name: typeof key === 'string' ? key : `[${key.description ?? ''}]`, code };
}

class Reached {
  readonly names = new Set<string>();
  reachesAll = false;
  isOpaque = false;
  readonly #classes: ReadonlySet<string>;
  /** A function may be reached as the method itself and as a member. */
  readonly #members = new Map<CodeMember['code'], CodeMember>();

  constructor(classes: ReadonlySet<string>) {
    this.#classes = classes;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Statics, and the class as a value: then all of it counts. */
  get mentionsClass(): boolean {
    if (this.names.has('constructor')) return true;
    for (const name of this.#classes) if (this.names.has(name)) return true;
    return false;
  }

  mentions({ key }: Member): boolean {
    return this.reachesAll || (typeof key === 'string' && this.names.has(key));
  }

  add(member: CodeMember): void {
    if (this.#members.has(member.code)) return;
    this.#members.set(member.code, member);
    const text = Function.prototype.toString.call(member.code);
    if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) this.isOpaque = true;
    // The text of a class counts, and its members are looked at one by one: of what else it mentions nothing is reached by this method.
    else if (!/^class\b/.test(text)) this.#read(text);
  }

  members(): readonly CodeMember[] {
    return [...this.#members.values()];
  }

  #read(text: string): void {
    const seen = readMentions(text);
    for (const name of seen.names) this.names.add(name);
    this.reachesAll ||= seen.handsOnThis;
    this.isOpaque ||= seen.isOpaque;
  }
}

interface Mentions {
  readonly names: ReadonlySet<string>;
  readonly handsOnThis: boolean;
  readonly isOpaque: boolean;
}

/** What compilers make of `#private` members for older targets: `__classPrivateFieldGet`, `__privateGet`, `_class_private_field_get`. */
const LOWERED_PRIVATE = /^_+(?:class_?)?private/i;

function readMentions(text: string): Mentions {
  const names = new Set<string>();
  let [handsOnThis, isOpaque] = [false, false];
  try {
    const tokens = [...tokensOf(text)];
    const hasRest = tokens.some((token) => token.text === '...');
    for (const [index, { kind, text: word }] of tokens.entries()) {
      if (kind === 'template') {
        // Texts and names inside are not told apart; one too many does no harm.
        for (const [name] of word.matchAll(/[$_\p{ID_Start}][$\p{ID_Continue}]*/gu)) names.add(name);
        if (/\bthis\b(?!\s*\??\.\s*[$_\p{ID_Start}])/u.test(word)) handsOnThis = true;
        if (/#[$_\p{ID_Start}]/u.test(word)) isOpaque = true;
      }
      if (kind !== 'name') continue;
      if (word.startsWith('#') || LOWERED_PRIVATE.test(word)) isOpaque = true;
      else if (word === 'this') handsOnThis ||= !isMemberAccess(tokens, index) && (hasRest || !isDestructured(tokens, index));
      else names.add(word);
    }
  } catch {
    isOpaque = true;
  }
  return { names, handsOnThis, isOpaque };
}

function* tokensOf(text: string): Generator<Token> {
  const tokens = new SourceTokens(text);
  for (let token = tokens.next(); token !== undefined; token = tokens.next()) yield token;
}

/** `this.rate`, `this?.rate`; not `this[name]`. */
function isMemberAccess(tokens: readonly Token[], at: number): boolean {
  const mark = tokens[at + 1]?.text;
  return (mark === '.' || mark === '?.') && tokens[at + 2]?.kind === 'name';
}

/** `const { rate, depth } = this;`: the names stand there. */
function isDestructured(tokens: readonly Token[], at: number): boolean {
  const next = tokens[at + 1];
  const isEnd = next === undefined || next.onNewLine || next.text === ';' || next.text === ',';
  return isEnd && tokens[at - 1]?.text === '=' && tokens[at - 2]?.text === '}';
}
