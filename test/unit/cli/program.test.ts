import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../src/cli/program.js';
import type { RunEvent } from '../../../src/model/event.js';
import { memoryTerminal } from './memory-terminal.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-program-'));
  // What a flow shows to the command line; the real one is driven by the end-to-end tests.
  writeFileSync(
    join(folder, 'fake.mjs'),
    `const at = new Date(0);
     const inside = {
       definition: { name: 'fake', description: 'A flow of one task', owner: 'the data team' },
       parameters: () => [{ name: 'ratio', type: 'number', required: false, default: 0.2, help: 'share', secret: false, significant: true }],
       graph: async () => ({ complete: true, nodes: [{ task: 'one' }], toString: () => 'the graph', toJSON: () => ({ nodes: [] }) }),
       preview: async () => ({ toTree: () => 'the tree', toJSON: () => ({ nodes: [] }) }),
       visualize: async (_sources, { format = 'dot' }) => 'drawn as ' + format,
       start: (sources, options) => {
         globalThis.millraceFakeStart = { sources, options };
         const state = sources.commandLine?.ratio === 'bad' ? 'failed' : 'success';
         const error = { name: 'TypeError', message: 'broken' };
         const of = { run: 'run-1', flow: 'fake', name: undefined, parent: undefined };
         for (const event of [
           { at, type: 'run-state', data: { state: 'running' } },
           { at, type: 'task-state', node: 'one#0', data: { task: 'one', state, attempt: 1, ms: 3, ...(state === 'failed' ? { error } : {}) } },
           { at, type: 'run-state', data: { state } },
         ]) options.watch.event(event, of);
         return {
           id: 'run-1',
           state,
           result: async () => { if (state === 'failed') throw Object.assign(new Error('1 task failed'), { code: 'RUN_FAILED' }); return { big: 1n }; },
         };
       },
     };
     export const fake = { flowName: 'fake', [Symbol.for('millrace.flow')]: inside };`,
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function millrace(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = memoryTerminal(folder);
  const code = await runCommandLine(args, terminal);
  return { code, ...terminal.printed };
}

describe('the command line (S32)', () => {
  it('help and version are success, on the standard output', async () => {
    for (const args of [[], ['--help'], ['run', '--help']]) {
      expect(await millrace(...args)).toMatchObject({ code: 0, out: expect.stringContaining('Usage: millrace'), err: '' });
    }
    expect((await millrace('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['rnu'], 'did you mean run?'],
    [['run'], "missing required argument 'file'"],
    [['run', 'fake.mjs', '--frce'], 'did you mean --force?'],
    [['run', 'fake.mjs', '--max-workers', '0'], 'Expected a whole number from 1'],
    [['run', 'fake.mjs', '--param', 'ratio'], '--param expects name=value'],
    [['run', 'fkae.mjs'], 'did you mean fake.mjs?'],
    [['run', 'fake.mjs', 'fkae'], "did you mean 'fake'?"],
    [['runs', '--state', 'done'], 'Allowed choices are'],
    [['visualize', 'fake.mjs', '--format', 'png'], 'Allowed choices are dot, svg, mermaid, json'],
  ])('%j is wrong use: exit code 2, and says what is right', async (args, said) => {
    expect(await millrace(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(said) });
  });

  it.each([
    [{ MILLRACE_DATABASE_URL: 'mysql://host/db' }, ['runs'], 'error[RECORD_ADDRESS_INVALID]'],
    [{ MILLRACE_DATABASE_URL: 'postgres://host/db?schema=No' }, ['runs'], 'error[RECORD_ADDRESS_INVALID]'],
    [{ MILLRACE_DATABASE_URL: 'postgres://host/db?schema=No' }, ['db', 'status'], 'error[RECORD_ADDRESS_INVALID]'],
  ])('a wrong setting is wrong use: %j %j', async (env, args, said) => {
    vi.stubEnv('MILLRACE_HOME', join(folder, 'no-such-project'));
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(await millrace(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(said) });
    vi.unstubAllEnvs();
  });

  it('show, preview and visualize print what the flow gives', async () => {
    const shown = (await millrace('show', 'fake.mjs')).out;
    expect(shown).toContain('A flow of one task');
    expect(shown).toMatch(/ratio +number +0\.2 +share/);
    expect(shown).toContain('the graph');
    expect((await millrace('preview', 'fake.mjs')).out).toBe('the tree\n');
    expect((await millrace('visualize', 'fake.mjs', '--format', 'mermaid')).out).toBe('drawn as mermaid\n');
    expect(JSON.parse((await millrace('show', 'fake.mjs', '--json')).out)).toMatchObject({
      flow: 'fake',
      owner: 'the data team',
      graph: { nodes: [] },
    });
    expect((await millrace('show', 'fake.mjs')).out).toContain('A flow of one task\nowner the data team\n');
  });
});

describe('millrace run', () => {
  it('parameters and options reach the flow (S17)', async () => {
    writeFileSync(join(folder, 'params.json'), '{ "model": "rf" }');
    const file = join(folder, 'params.json');
    await millrace(
      'run',
      'fake.mjs',
      '-p',
      'ratio=0.3',
      '--param-file',
      file,
      '--force-task',
      'one',
      '--max-workers',
      '4',
      '--name',
      'n',
      '--tag',
      'a',
      '--tag',
      'b',
    );
    const started = (globalThis as { millraceFakeStart?: { sources: object; options: object } }).millraceFakeStart;
    expect(started?.sources).toMatchObject({ commandLine: { ratio: '0.3' }, file: { name: file, values: { model: 'rf' } } });
    expect(started?.options).toMatchObject({ force: ['one'], maxWorkers: 4, name: 'n', tags: ['a', 'b'], signal: expect.any(AbortSignal) });
  });

  it('in a pipe every event is a line of JSON', async () => {
    const { code, out } = await millrace('run', 'fake.mjs');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { state: RunEvent });
    expect(code).toBe(0);
    expect(lines.map((line) => line.state)).toEqual(['running', 'success', 'success']);
  });

  it('--json prints one document and nothing else', async () => {
    const { code, out, err } = await millrace('run', 'fake.mjs', '--json');
    expect({ code, err, document: JSON.parse(out) }).toMatchObject({
      code: 0,
      err: '',
      document: { run: 'run-1', state: 'success', result: { big: '1' }, counts: { success: 1 } },
    });
  });

  it('a run that failed is 1; --quiet prints its failures and nothing else', async () => {
    expect(await millrace('run', 'fake.mjs', '--quiet')).toEqual({ code: 0, out: '', err: '' });
    const { code, out, err } = await millrace('run', 'fake.mjs', '-q', '-p', 'ratio=bad');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain("Task 'one#0'");
    expect(err).toContain('error[RUN_FAILED]: 1 task failed');
    const document = JSON.parse((await millrace('run', 'fake.mjs', '--json', '-p', 'ratio=bad')).out) as object;
    expect(document).toMatchObject({ state: 'failed', failed: [{ task: 'one#0', error: { message: 'broken' } }], error: { code: 'RUN_FAILED' } });
  });
});
