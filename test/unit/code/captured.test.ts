import { describe, expect, it } from 'vitest';
import { names, project } from './sources.js';

const HEAD = "import { flow, task } from 'millrace';\n";

async function capturedIn(text: string, definition = {}): Promise<readonly string[]> {
  return (await project({ 'flow.ts': `${HEAD}${text}` }).code('t', { definition })).captured;
}

describe('variables of an enclosing function', () => {
  it.each([
    ['a parameter of a factory', 'const make = (rate: number) => { const t = task((x: number) => x * rate); return t; };', ['rate']],
    ['a variable of a factory', 'function make() { const rate = Math.random(); const t = task((x: number) => x * rate); return t; }', ['rate']],
    ['the variable of a loop', 'for (const rate of [1, 2]) { const t = task((x: number) => x * rate); }', ['rate']],
    ['parameters of a flow', "flow('f', (p) => { const t = task((x: number) => x * p.rate); return t(1); });", ['p']],
    ['destructured parameters of a flow', "flow('f', ({ rate, other }) => { const t = task((x: number) => x * rate); return t(1); });", ['rate']],
    [
      'one that a local helper uses',
      'const make = (rate: number) => { const by = (x: number) => x * rate; const t = task((x: number) => by(x)); };',
      ['rate'],
    ],
    ['one in a nested function', 'const make = (rate: number) => { const t = task((x: number) => [x].map((y) => y * rate)); };', ['rate']],
    ['this', 'class A { rate = 1; make() { const t = task((x: number) => x * this.rate); } }', ['this']],
    ['the argument list', 'function make() { const t = task((x: number) => arguments[0] * x); }', ['arguments']],
  ])('%s', async (_what, text, captured) => {
    expect(await capturedIn(text)).toEqual(captured);
  });

  it.each([
    ['variables of the module', 'let rate = 1;\nconst t = task((x: number) => x * rate);\nrate = 2;'],
    ['its own', 'const make = (rate: number) => { const t = task((rate: number) => { const y = rate; return y; }); };'],
    [
      'local helpers and plain constants',
      'const make = () => { const rate = 2, by = (x: number) => x * rate; function twice(x: number) { return by(by(x)); } const t = task((x: number) => twice(x)); };',
    ],
    ['this of its own', 'class A { make() { const t = task(function (this: A, x: number) { return this; }); } }'],
    ['a local task', "flow('f', () => { const u = task((x: number) => x); const t = task((x: number) => u(x)); });"],
  ])('none of %s', async (_what, text) => {
    expect(await capturedIn(text)).toEqual([]);
  });

  it('local helpers count by their code', async () => {
    const text = (rate: number): string =>
      `${HEAD}const make = () => { const rate = ${rate}; const by = (x: number) => x * rate; const t = task((x: number) => by(x)); };`;
    const p = project({ 'flow.ts': text(1) });
    expect(names(await p.code('t'))).toEqual(['flow.ts: t', 'flow.ts: by', 'flow.ts: rate']);
    expect(await p.changedBy({ 'flow.ts': text(2) }, ['t'])).toEqual(['t']);
  });

  it('are settled by `captures`, whose values count', async () => {
    const p = project({
      'flow.ts': `${HEAD}const make = (rate: number, region: string) => { const t = task((x: number) => x * rate + region.length); };`,
    });
    const by = async (captures: Record<string, unknown>) => await p.code('t', { definition: { captures } });
    expect((await by({ rate: 1 })).captured).toEqual(['region']);
    const [one, again, other] = await Promise.all([by({ rate: 1, region: 'a' }), by({ region: 'a', rate: 1 }), by({ rate: 2, region: 'a' })]);
    expect(one.captured).toEqual([]);
    expect(again.digest).toBe(one.digest);
    expect(other.digest).not.toBe(one.digest);
    expect((await by({ rate: () => 1, region: 'a' })).captured, 'a value without a digest settles nothing').toEqual(['rate']);
  });
});
