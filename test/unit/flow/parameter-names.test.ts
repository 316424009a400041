// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are sources, some with templates
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parameterNames } from '../../../src/flow/parameter-names.js';

/** Compiles a function from text, so that its text is exactly what is written here and no compiler has touched it. */
function compile(source: string): (...args: unknown[]) => unknown {
  return new Function(`return (${source})`)();
}

describe('parameterNames', () => {
  it.each<[string, readonly string[]]>([
    ['() => 1', []],
    ['a => a', ['a']],
    ['async => async', ['async']],
    ['async a => a', ['a']],
    ['async (a, b) => a', ['a', 'b']],
    ['async(a) => a', ['a']],
    ['function (a, b,) {}', ['a', 'b']],
    ['function named(a /* , x */, // y,\n b) {}', ['a', 'b']],
    ['async function* g($a, _b) {}', ['$a', '_b']],
    ['(a = { b: [1, 2], c: (x, y) => x }, d) => 1', ['a', 'd']],
    ['(a = "),", b = \'(\', c = `)${{ x: `}` }.x},`, d) => 1', ['a', 'b', 'c', 'd']],
    ['(a = /[/,)]\\/,/g, b = 4 / 2, c = [1] / 2, d) => 1', ['a', 'b', 'c', 'd']],
    ['({ a, b }, [c, d], e) => 1', ['arg0', 'arg1', 'e']],
    ['({ a = 1, ...b } = {}, ...rest) => 1', ['arg0', 'rest']],
    ['(a, ...[b, c]) => 1', ['a', 'arg1']],
    ['({ x }, arg0) => 1', ['arg0_', 'arg0']],
    ['(\\u0061b, __proto__) => 1', ['arg0', 'arg1']],
    ['(größe, 数) => 1', ['größe', '数']],
    ['(a = function (b, c) { return b }, d = class { m(e, f) {} }) => 1', ['a', 'd']],
    ['({ m(a, b) {} }).m', ['a', 'b']],
    ['({ async *[`k${[1, (2)]}`](a, b) {} })[`k1,2`]', ['a', 'b']],
    ['Object.getOwnPropertyDescriptor({ set "x"(v) {} }, "x").set', ['v']],
    ['class { static async load(path) {} }.load', ['path']],
  ])('%s', (source, names) => {
    expect(parameterNames(compile(source))).toEqual(names);
  });

  it('keeps names apart where a sloppy function repeats one', () => {
    expect(parameterNames(new Function('a', 'a', 'return a'))).toEqual(['a', 'arg1']);
  });

  it('calls the parameters of native and bound functions and of classes by their place', () => {
    expect(parameterNames(Math.max)).toEqual(['arg0', 'arg1']);
    expect(parameterNames(((a: number, b: number) => a + b).bind(null, 1))).toEqual(['arg0']);
    expect(parameterNames(compile('class { constructor(a) {} }'))).toEqual(['arg0']);
  });

  it('never throws, not even for what is no function', () => {
    const hostile = new Proxy(() => 1, {
      get() {
        throw new Error('no');
      },
    });
    for (const odd of [hostile, undefined, {}, 3, null]) expect(parameterNames(odd as never)).toEqual([]);
  });

  it('names every parameter of a generated function, whatever its defaults, comments and form', () => {
    const name = fc.stringMatching(/^[a-z$_][a-zA-Z0-9$_]{0,5}x$/);
    const value = fc.constantFrom(
      '1',
      '"a,)"',
      "'\\''",
      '`${[1, { a: `,` }]})`',
      '/[,/)]+/',
      '[1, 2]',
      '{ a: 1, b: [2] }',
      '(p, q) => p',
      '(1, 2) / 3',
      'function (z, y) { return "}" }',
    );
    const gap = fc.constantFrom('', ' ', '\n', '/* a, b) */', '// c, d)\n');
    const parameter = fc.record({ name, value: fc.option(value), pattern: fc.constantFrom('name', 'object', 'array'), before: gap, after: gap });
    const form = fc.constantFrom(
      '(%) => 1',
      'async (%) => 1',
      'function (%) {}',
      'async function* f(%) {}',
      '({ m(%) {} }).m',
      '({ async *["a(,"](%) {} })["a(,"]',
    );
    fc.assert(
      fc.property(fc.uniqueArray(parameter, { selector: (p) => p.name, maxLength: 6 }), form, fc.boolean(), (parameters, shape, rest) => {
        const text = parameters.map((p, place) => {
          const target = p.pattern === 'name' ? p.name : p.pattern === 'object' ? `{ ${p.name} }` : `[${p.name}]`;
          const isRest = rest && place === parameters.length - 1;
          return `${p.before}${isRest ? '...' : ''}${target}${p.after}${p.value === null || isRest ? '' : `= ${p.value}`}`;
        });
        const expected = parameters.map((p, place) => (p.pattern === 'name' ? p.name : `arg${place}`));
        expect(parameterNames(compile(shape.replace('%', () => text.join(','))))).toEqual(expected);
      }),
    );
  });
});
