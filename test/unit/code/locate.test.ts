import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { names, project } from './sources.js';

const HEAD = "import { task } from 'millrace';\n";

describe('where the function is found', () => {
  it.each([
    ['behind .with()', 'const t = task((x: number) => use(x)).with({ retries: 1 });'],
    ['as a member of Millrace', "import * as millrace from 'millrace';\nconst t = millrace.task((x: number) => use(x));"],
    ['with type arguments', 'const t = task<[number], number>((x) => use(x));'],
    ['with a cast', 'const t = task((async (x: number) => use(x)) as never);'],
    ['among others on one line', 'const u = task((x: number) => x), t = task((x: number) => use(x)), v = [task((x: number) => x)];'],
    ['by its name', 'const t = task(named);\nfunction named(x: number) { return use(x); }'],
    ['as a method of an object', 'const t = task(methods.go);\nconst methods = { go: (x: number) => use(x) };'],
    ['chosen by a condition', 'const t = task(process.env.X ? (x: number) => use(x) : (x: number) => x);'],
    ['as an expression around it', 'const memo = (fn: any) => fn;\nconst t = task(memo((x: number) => use(x)));'],
  ])('%s', async (_what, text) => {
    const p = project({ 'flow.ts': `${HEAD}import { use } from './a.js';\n${text}`, 'a.ts': 'export const use = (x: number) => x;' });
    const code = await p.code('t');
    expect(code.unsure).toBeUndefined();
    expect(names(code)).toContain('a.ts: use');
  });

  it('where a helper that makes tasks is called', async () => {
    const p = project({
      'flow.ts':
        "import { step } from './step.js';\nimport { use } from './a.js';\nexport const one = step('one', (x: number) => use(x));\nexport const two = step('two', (x: number) => x);",
      'step.ts': `${HEAD}export const step = (name: string, fn: (x: number) => number) => { const t = task(fn, { name }); return t; };`,
      'a.ts': 'export const use = (x: number) => x;',
    });
    expect(names(await p.code('step.ts: t', { callers: ["flow.ts: step('one'"] }))).toEqual(['flow.ts: one', 'a.ts: use']);
    expect(names(await p.code('step.ts: t', { callers: ["flow.ts: step('two'"] }))).toEqual(['flow.ts: two']);
    const unknown = await p.code('step.ts: t');
    expect(unknown.unsure).toBe("the function is a variable, 'fn', whose value is known only when it runs");
    expect(unknown.pieces).toEqual([expect.objectContaining({ name: 'the text of the function' })]);
  });

  it('so is one that is the default export of another file, or a member of a namespace', async () => {
    const inner = (retries: number, plus: number): string =>
      `${HEAD}export default task((x: number) => x + ${plus}, { retries: ${retries} });\nexport const named = task((x: number) => x - ${plus}, { retries: ${retries} });`;
    const p = project({
      'flow.ts': `${HEAD}import inner, * as all from './inner.js';\nexport const t = task((x: number) => inner(x));\nexport const u = task((x: number) => all.named(x));`,
      'inner.ts': inner(1, 1),
    });
    expect(await p.changedBy({ 'inner.ts': inner(2, 1) }, ['t', 'u'])).toEqual([]);
    expect(await p.changedBy({ 'inner.ts': inner(2, 2) }, ['t', 'u'])).toEqual(['t', 'u']);
  });

  it('a task that a task calls is its function; a flow counts its tasks with their options', async () => {
    const text = (retries: number, plus: number): string =>
      `import { flow, task } from 'millrace';\nexport const inner = task((x: number) => x + ${plus}, { retries: ${retries} });\nexport const t = task((x: number) => inner(x));\nexport const f = flow('f', (x) => inner(x));\n`;
    const p = project({ 'flow.ts': text(1, 1) });
    const both = async () => [(await p.code('t')).digest, (await p.code('f', { kind: 'flow' })).digest];
    const first = await both();
    p.write({ 'flow.ts': text(2, 1) });
    const options = await both();
    expect(options[0]).toBe(first[0]);
    expect(options[1]).not.toBe(first[1]);
    p.write({ 'flow.ts': text(1, 2) });
    const body = await both();
    expect(body[0]).not.toBe(first[0]);
    expect(body[1]).not.toBe(first[1]);
  });
});

describe('what cannot be looked into', () => {
  it('a source that does not parse, is gone, or has another function there: the text counts, and the reason is told', async () => {
    const p = project({ 'flow.ts': `${HEAD}export const t = task((x: number) => x);` });
    expect((await p.code('t', { length: 2 })).unsure).toMatch(/^another function stands in .*flow\.ts:2$/);
    p.write({ 'flow.ts': `${HEAD}export const t = task((x: number) => x);\nconst = ;` });
    expect((await p.code('t')).unsure).toMatch(/flow\.ts does not parse: /);
  });

  it('an import that is missing, one that does not parse, eval, an import that is calculated', async () => {
    const unsureOf = async (text: string): Promise<string | undefined> =>
      (await project({ 'flow.ts': `${HEAD}${text}`, 'broken.ts': 'const = ;' }).code('t')).unsure;
    expect(await unsureOf("import { a } from './none.js';\nexport const t = task((x: number) => a);")).toMatch(/'\.\/none\.js' of .* is not found/);
    expect(await unsureOf("import { a } from './broken.js';\nexport const t = task((x: number) => a);")).toMatch(/broken\.ts does not parse/);
    expect(await unsureOf('export const t = task((x: string) => eval(x));')).toBe('flow.ts uses eval');
    expect(await unsureOf('export const t = task((x: string) => import(x));')).toBe('flow.ts uses import() of what is known only when it runs');
  });

  it('a file that was changed after it was loaded is not what runs', async () => {
    const p = project({ 'flow.ts': `${HEAD}import { a } from './a.js';\nexport const t = task((x: number) => a);`, 'a.ts': 'export const a = 1;' });
    expect((await p.code('t')).outdated).toBeUndefined();
    expect((await p.code('t', { madeAt: 1_600_000_000_000 })).outdated).toMatch(/flow\.ts$/);
    const loadedAt = Date.now() - 60_000;
    const touched = (file: string): void => utimesSync(join(p.folder, file), new Date(), new Date());
    touched('a.ts');
    expect((await p.code('t', { madeAt: loadedAt })).outdated).toMatch(/a\.ts$/);
  });

  it('Millrace, and what Node brings, count by their names', async () => {
    const p = project({
      'flow.ts': `import { readFileSync } from 'node:fs';\nimport { ctx, task } from 'millrace';\nexport const t = task((x: string) => ctx().log.info(readFileSync(x)));`,
    });
    const code = await p.code('t');
    expect([code.unsure, code.packages, names(code)]).toEqual([undefined, {}, ['flow.ts: t']]);
  });
});
