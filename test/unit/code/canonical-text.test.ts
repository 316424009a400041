import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalText } from '../../../src/code/canonical-text.js';
import { loadParser, type Parser } from '../../../src/code/sources.js';

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser();
});

const text = (source: string, file = 'a.tsx'): string => {
  const { program, problem } = parser.parse(file, source);
  expect(problem, source).toBeUndefined();
  return canonicalText(program);
};

describe('the text of code', () => {
  it.each([
    ['comments and white space', 'f(1,/* two */2) // three', 'f(\n  1,\n  2,\n);'],
    ['quotes', 'f(\'a\', "b")', 'f("a", \'b\')'],
    ['parentheses', 'const f = (x) => (x) + ((1))', 'const f = x => x + 1'],
    ['how numbers are written', 'f(0x10, 1_000, 1e3)', 'f(16, 1000, 1000)'],
    ['shorthand properties and quoted keys', "f({ a, 'b': 1, c() {} })", 'f({ a: a, b: 1, c() {} })'],
    [
      'types',
      'function f<T>(this: X, a?: T, ...b: string[]): asserts a is T { return a as any as T satisfies X; }',
      'function f(a, ...b) { return a; }',
    ],
    ['declarations of types', 'interface A {} type B = 1; declare const c: 1; declare module "x" {} f();', 'f();'],
    [
      'overloads and abstract members',
      'abstract class A<T> extends B<T> implements C { f(): void; f(a?: 1) {} abstract g(): void; declare h: 1; private readonly i = 1; }',
      'class A extends B { f(a) {} i = 1; }',
    ],
    ['line breaks in JSX', 'f(<a b="c">\n  <d />\n  text\n</a>)', "f(<a b={'c'}><d />text</a>)".replace("{'c'}", "'c'")],
    ['semicolons', 'a()\n;b()', 'a();;b();'],
  ])('is the same whatever %s', (_what, one, other) => {
    expect(text(one)).toBe(text(other));
  });

  it.each([
    ['strings and names', "f('a')", 'f(a)'],
    ['numbers and strings', 'f(1)', "f('1')"],
    ['null and undefined', 'f(null)', 'f(undefined)'],
    ['a hole and undefined', 'f([,])', 'f([undefined])'],
    ['optional chaining', 'a?.b', 'a.b'],
    ['where a chain ends', '(a?.b).c', 'a?.b.c'],
    ['const and let', 'const a = 1', 'let a = 1'],
    ['async', 'async () => 1', '() => 1'],
    ['generators', 'function* a() {}', 'function a() {}'],
    ['flags of regular expressions', '/a/g', '/a/i'],
    ['big integers', 'f(1n)', 'f(1)'],
    ['texts of templates', 'f(`a `)', 'f(`a`)'],
    ['computed keys', 'f({ [a]: 1 })', 'f({ a: 1 })'],
    ['static members', 'class A { static a = 1 }', 'class A { a = 1 }'],
    ['private members', 'class A { #a = 1 }', 'class A { a = 1 }'],
    ['parameter properties', 'class A { constructor(private a: 1) {} }', 'class A { constructor(a: 1) {} }'],
    ['getters', 'f({ get a() { return 1; } })', 'f({ a() { return 1; } })'],
    ['prefix and postfix', 'a++', '++a'],
    ['operators', 'a && b', 'a || b'],
    ['decorators', '@a class B {}', 'class B {}'],
    ['spread', 'f(...a)', 'f(a)'],
    ['text in JSX', '<a>b c</a>', '<a>b  c</a>'],
    ['await in loops', 'async () => { for await (const a of b); }', 'async () => { for (const a of b); }'],
  ])('differs by %s', (_what, one, other) => {
    expect(text(one)).not.toBe(text(other));
  });
});
