// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are sources, some with templates
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignedName } from '../../../src/flow/assigned-name.js';
import { readSource } from '../../../src/flow/source-file.js';

/** `▸` marks the place that the stack gives; it is taken out before reading. */
function nameAt(marked: string, shift: number | 'none' = 0): string | undefined {
  const offset = marked.indexOf('▸');
  const before = marked.slice(0, offset).split('\n');
  const file = readSource(marked.replace('▸', ''));
  if (file === undefined) throw new Error('the source could not be read');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return assignedName(file, 'task', before.length, shift === 'none' ? undefined : column + shift);
}

describe('S0 assignedName', () => {
  it.each<[string, string]>([
    ['const load = ▸task(async () => 1);', 'load'],
    ['export const load = ▸task(async () => 1)', 'load'],
    ['let load;\nload = ▸task(f)', 'load'],
    ['load ??= ▸task(f);', 'load'],
    ['const a = load = ▸task(f);', 'load'],
    ['const load = // why\n  /* task( */ ▸task(f);', 'load'],
    ['const load =\n  ▸task(\n    async () => ")",\n    { retries: 3 },\n  );', 'load'],
    ['const load = ▸task(f)\nconst clean = task(g)', 'load'],
    ['const a = task(f), load = ▸task(g);', 'load'],
    ['const load = ▸task(f), b = task(g);', 'load'],
    ['const load = (▸task(f));', 'load'],
    ['const load = ▸task(f).with({ retries: 1 }).after(x());', 'load'],
    ['const load = ▸task(f)!;', 'load'],
    ['const steps = { load: ▸task(f) };', 'load'],
    ["const steps = { a: 1, 'load': ▸task(f), b };", 'load'],
    ["const steps = { ['load']: ▸task(f) };", 'load'],
    ['const steps = { deep: { load: ▸task(f), b: task(g) } };', 'load'],
    ['class A { static load = ▸task(f); }', 'load'],
    ['class A {\n  x = 1\n  load = ▸task(f)\n  y() {}\n}', 'load'],
    ['class A { #load = ▸task(f) }', 'load'],
    ['class A { constructor() { this.load = ▸task(f); } }', 'load'],
    ['exports.load = ▸task(f);', 'load'],
    ["steps['load'] = ▸task(f);", 'load'],
    ['const { load = ▸task(f) } = options;', 'load'],
    // TypeScript
    ['let load: Task<[a: string, b: { c: number }], Rows> = ▸task(f);', 'load'],
    ['let load: Task = ▸task(f);', 'load'],
    ['let load: ns.Task = ▸task(f);', 'load'],
    ['const load: (a: string) => Promise<Map<string, number>> = ▸task(f);', 'load'],
    ['const load: () => Rows = ▸task(f);', 'load'],
    ['const load: A extends B ? C : D = ▸task(f);', 'load'],
    ["const load: Steps['load'] = ▸task(f);", 'load'],
    ['const load:\n  | Task<A>\n  | Task<B> = ▸task(f);', 'load'],
    ['let a = 1, load: Task = ▸task(f);', 'load'],
    ['class A {\n  private static readonly load: Task<A, B> = ▸task(f)\n}', 'load'],
    ['class A {\n  a: number\n  load!: Task = ▸task(f)\n}', 'load'],
    ['const load = ▸task<[a: { b: 1 }], (x: number) => Map<string, Set<number>>>(f);', 'load'],
    ['const load = ▸task(f) as unknown as Task<A>;', 'load'],
    ['const load = ▸task(f) satisfies Task<A>;', 'load'],
    ['export const steps = { load: ▸task(f) } as const;', 'load'],
    // Other names for it, and what compilers make of it
    ["import { task as step } from 'millrace';\nconst load = ▸step(f);", 'load'],
    ['const { task: step } = millrace;\nconst load = ▸step(f);', 'load'],
    ['const step = task;\nconst load = ▸step(f);', 'load'],
    ['const load = ▸millrace.task(f);', 'load'],
    ['const load = millrace.▸task(f);', 'load'],
    ['const load = ▸(0, millrace.task)(f);', 'load'],
    ['const load = (0, __vi_import_0__.▸task)(f);', 'load'],
    ['const odd = /[)"\']/, half = x / 2, t = `${task(`}`)}`;\nconst load = ▸task(f);', 'load'],
  ])('%s', (source, name) => {
    expect(nameAt(source)).toBe(name);
  });

  it.each([
    'const load = wrap(▸task(f));',
    'const load = [▸task(f)];',
    'const load = await ▸task(f)();',
    'const load = ▸task(f)();',
    'const load = ▸task(f).map([1]);',
    'const load = ▸task(f).taskName;',
    'const load = ▸task(f)\n  (x);',
    'const load = ▸task(f) ?? other;',
    'const load = ▸task(f) || other;',
    'const load = other ?? ▸task(f);',
    'const load = c ? ▸task(f) : task(g);',
    'const load = c ? a : ▸task(g);',
    'const load = { a: c ? b : ▸task(f) };',
    'const load = () => ▸task(f);',
    'const load = () => { return ▸task(f); };',
    'const load = a >= ▸task(f);',
    'const load = a === ▸task(f);',
    'const load: boolean = a >= ▸task(f);',
    'const load = new ▸task(f);',
    'const load = !▸task(f);',
    'const load = `${▸task(f)}`;',
    'module.exports = ▸task(f);',
    'export default ▸task(f);',
    '▸task(f);',
    'switch (x) { case load: ▸task(f) }',
    'switch (x) { default: ▸task(f) }',
    'const [load = ▸task(f)] = list;',
    'const steps = { [load]: ▸task(f), [`a`]: 1 };',
    'const load = ▸other(f);',
    'const load = wrap(▸task)(f);',
    'let load: number\n(a as B) = ▸task(f)',
  ])('knows no name for %s', (source) => {
    expect(nameAt(source)).toBeUndefined();
  });

  it('makes up for a column that is missing or off, when the line holds one call only', () => {
    for (const shift of ['none', -5, 2, 9] as const) expect(nameAt('const load = ▸task(f);', shift)).toBe('load');
    expect(nameAt('const load = ▸task(f);', 200)).toBeUndefined();
  });

  it('goes by the column when a line holds two calls, and gives up without one', () => {
    const line = 'const a = ▸task(f), b = task(g);';
    expect(nameAt(line)).toBe('a');
    expect(nameAt(line, 13)).toBe('b');
    expect(nameAt(line, 7)).toBeUndefined();
    expect(nameAt(line, 'none')).toBeUndefined();
  });

  it('does not read a file whose brackets do not match', () => {
    expect(readSource('const load = task(f;')).toBeUndefined();
    expect(readSource('const load = "task(f);')).toBeUndefined();
  });

  it('finds each of many declarations by its place, whatever lies between them', () => {
    const form = fc.constantFrom(
      'const % = ▸task(f)',
      'let %: Task<[a: string], B> = ▸task<A, B>(f)',
      'steps.% = ▸task(f)',
      'const o% = { %: ▸task(f) }',
      'class C% { static %: T = ▸task(f) }',
    );
    const between = fc.constantFrom(';', ';\n', '\n', '; // task(x)\n', ';\n/* a = task(1) */', ';\nif (x) { y() }\n', ';const r = /[(]/g;\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(form, between), { minLength: 1, maxLength: 8 }), (parts) => {
        const whole = parts.map(([shape, gap], index) => `${shape.replaceAll('%', () => `v${index}`)}${gap}`);
        parts.forEach((_, index) => {
          const marked = whole.map((part, place) => (place === index ? part : part.replace('▸', ''))).join('');
          expect(nameAt(marked)).toBe(`v${index}`);
        });
      }),
    );
  });
});
