import { SourceTokens, type Token } from './source-tokens.js';

/**
 * The names of a function's parameters, read from its source text, in order. A destructured parameter is called by its place, `arg0`;
 * a rest parameter by its name. All names differ, since inputs are kept by name. A function whose text says nothing (native, bound,
 * a class) gets `arg0`, `arg1` … by its `length`. Never throws.
 */
// biome-ignore lint/complexity/noBannedTypes: functions of every signature are read
export function parameterNames(fn: Function): readonly string[] {
  try {
    const names = namesIn(Function.prototype.toString.call(fn));
    if (names !== undefined) return Object.freeze(distinct(names));
  } catch {
    // A text the reader does not understand, or a function that is none: places serve as names.
  }
  return Object.freeze(Array.from({ length: lengthOf(fn) }, (_, place) => `arg${place}`));
}

// biome-ignore lint/complexity/noBannedTypes: as above
function lengthOf(fn: Function): number {
  try {
    const { length } = fn;
    return Number.isSafeInteger(length) && length >= 0 && length < 1_000 ? length : 0;
  } catch {
    return 0;
  }
}

/** One entry for each parameter; undefined where it has no name of its own. The result is undefined when this is no function's text. */
function namesIn(source: string): (string | undefined)[] | undefined {
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) return undefined;
  const tokens = new SourceTokens(source);
  let previous: Token | undefined;
  let depth = 0;
  for (let token = tokens.next(); token !== undefined; token = tokens.next()) {
    if (previous === undefined && token.text === 'class') return undefined;
    if (depth === 0 && token.text === '=>') return previous?.kind === 'name' ? [usable(previous.text)] : undefined;
    if (depth === 0 && token.text === '(' && token.kind === 'punctuator') return listedNames(tokens);
    if (token.kind === 'punctuator') depth += token.text === '[' ? 1 : token.text === ']' ? -1 : 0;
    previous = token;
  }
  return undefined;
}

/** Reads on from the opening parenthesis: the first token of each parameter tells its name, all others are skipped. */
function listedNames(tokens: SourceTokens): (string | undefined)[] | undefined {
  const names: (string | undefined)[] = [];
  let depth = 0;
  let atStart = true;
  for (let token = tokens.next(); token !== undefined; token = tokens.next()) {
    const mark = token.kind === 'punctuator' ? token.text : '';
    if (depth === 0 && mark === ')') return names;
    if (depth === 0 && mark === ',') {
      atStart = true;
      continue;
    }
    if (atStart && mark !== '...') {
      names.push(token.kind === 'name' ? usable(token.text) : undefined);
      atStart = false;
    }
    if (mark === '(' || mark === '[' || mark === '{') depth++;
    else if (mark === ')' || mark === ']' || mark === '}') depth--;
  }
  return undefined;
}

/** Escaped names are spelled differently from how they read, and `__proto__` is no safe key. */
function usable(name: string): string | undefined {
  return name.includes('\\') || name === '__proto__' ? undefined : name;
}

function distinct(names: readonly (string | undefined)[]): string[] {
  const taken = new Set(names.filter((name) => name !== undefined));
  const used = new Set<string>();
  return names.map((name, place) => {
    let chosen = name;
    if (chosen === undefined || used.has(chosen)) {
      chosen = `arg${place}`;
      while (taken.has(chosen) || used.has(chosen)) chosen += '_';
    }
    used.add(chosen);
    return chosen;
  });
}
