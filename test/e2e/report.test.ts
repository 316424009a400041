import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cache, flow, report, task } from '../../src/index.js';
import { TASK_STATES } from '../../src/model/states.js';
import { freshHome } from '../unit/engine/workbench.js';
import { type CommandResult, runMillrace } from './run-millrace.js';

const FLOW = `
import { cache, flow, task } from 'millrace';
const twice = (n: number): number => 2 * n;
const double = task((n: number): number => twice(n), { cache: cache.default });
export const doubles = flow('doubles', () => double(21));
`;

let folder: string;
const millrace = async (...args: readonly string[]): Promise<CommandResult> => await runMillrace(folder, args);

interface Page {
  run: { id: string };
  tasks: { why: number[]; state: number[] };
  code: Record<string, unknown>;
  sources: { files: { path: string; text?: string; declarations: [string, number, number][] }[] };
  texts: string[];
}

/** What the page's script is given. */
function dataOf(page: string): Page {
  return JSON.parse(/<script type="application\/json" id="data">(.*)<\/script>/.exec(page)?.[1] ?? '');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-report-'));
  writeFileSync(join(folder, 'flow.ts'), FLOW);
  for (let run = 0; run < 2; run++) expect((await millrace('run', 'flow.ts', '-q')).code).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('millrace report', () => {
  it('writes a page named after the run, or the one it is told, or to the standard output', async () => {
    const { code, err } = await millrace('report', 'doubles/latest');
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^wrote report-[\w-]+\.html\n$/) });
    const [named = ''] = readdirSync(folder).filter((file) => file.endsWith('.html'));
    const page = readFileSync(join(folder, named), 'utf8');
    expect(named).toBe(`report-${dataOf(page).run.id}.html`);
    expect(await millrace('report', dataOf(page).run.id, '-o', 'deep/er.html')).toMatchObject({ code: 0, err: 'wrote deep/er.html\n' });
    const { out } = await millrace('report', 'doubles/latest', '-o', '-');
    expect([out.slice(0, 15), out.slice(-8)]).toEqual(['<!doctype html>', '</html>\n']);
    expect(dataOf(out).run.id).toBe(dataOf(page).run.id);
  });

  it('tells where a reused result comes from, and what of the code counted', async () => {
    const { tasks, texts, code, run } = dataOf((await millrace('report', 'doubles/latest', '-o', '-')).out);
    expect(texts[tasks.why[0] as number]).toMatch(/^reused from run /);
    expect(texts[tasks.why[0] as number]).not.toContain(run.id);
    expect(code[texts.indexOf('double')]).toMatchObject({ files: [['flow.ts', expect.arrayContaining(['double', 'twice'])]] });
    const { sources } = dataOf((await millrace('report', 'doubles/latest', '-o', '-')).out);
    const [file] = sources.files;
    expect([sources.files.length, file?.path, file?.text]).toEqual([1, 'flow.ts', FLOW]);
    expect(dataOf((await millrace('report', 'doubles/latest', '-o', '-', '--no-code')).out).sources).toBeUndefined();
    const [, start = 0, end = 0] = file?.declarations.find(([name]) => name === 'twice') ?? [];
    expect(FLOW.slice(start, end)).toBe('const twice = (n: number): number => 2 * n;');
  });

  it('fetches nothing and allows nothing from elsewhere', async () => {
    const { out } = await millrace('report', 'doubles/latest', '-o', '-');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(out)?.[1]?.replaceAll('&#39;', "'");
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      expect.stringMatching(/^script-src 'sha256-[\w+/=]+'$/),
      expect.stringMatching(/^style-src 'sha256-[\w+/=]+'$/),
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(out.match(/\b(?:src|href)="(?!#|data:)[^"]*"/g)).toBeNull();
    expect(out.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg)[\w.]+/g)).toBeNull();
  });

  it('says so when there is no such run', async () => {
    expect(await millrace('report', 'tripples/latest')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('error[RUN_UNKNOWN]') });
  });
});

describe('a report in a script', () => {
  it('S10: shows a map whose children were all reused as reused', async () => {
    freshHome();
    const size = task((n: number) => n, { name: 'size', cache: cache.default, version: '1' });
    const sizes = flow('sizes', () => size.map([1, 2]));
    for (const expected of ['success', 'cached'] as const) {
      await sizes.run();
      const page = await report('sizes/latest');
      const { tasks } = dataOf(page);
      expect(tasks.state).toEqual(Array(3).fill(TASK_STATES.indexOf(expected)));
      // Its list is that of its children.
      // This file is among the sources of the run: what it says is in the page's data.
      expect(page.slice(0, page.indexOf('id="data"')).includes('2 results reused')).toBe(expected === 'cached');
    }
  });

  it('is made by a run of the past, or by its id', async () => {
    const home = freshHome();
    const one = flow('one', () => task(() => 1, { name: 'give' })());
    await one.run();
    const file = join(home, 'one.html');
    const page = await (await one.latest())?.report({ file });
    expect(readFileSync(file, 'utf8') === page).toBe(true);
    await (await one.latest())?.note('The <b>sensor</b> was off.');
    expect(await report('one/latest')).toContain('The &lt;b&gt;sensor&lt;/b&gt; was off.');
    expect(dataOf(page ?? '').run.id).toBe(dataOf(await report('one/latest')).run.id);
    await expect(report('two/latest')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });
});
