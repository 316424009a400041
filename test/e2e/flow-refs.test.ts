import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-refs-'));
const project: Shell = shellIn(folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILES = {
  'main.ts': `
    import { flow, flowRef, param, task } from 'millrace';
    const report = flowRef('report');
    const sum = task((...all: unknown[]) => all.join(' '), { name: 'sum' });
    export default flow('main', () => sum(report.asTask()(), flowRef('report').startChild(), flowRef('plain').startChild()));
    export const nowhere = flow('nowhere', () => flowRef('reprot').startChild());
    export const broken = flow('broken', () => flowRef('bad').startChild());
    export const ring = flow('ring', { params: { n: param({ default: 3 }) } }, ({ n }) => flowRef<any, string>('gnir').startChild({ n }));
  `,
  'report.ts': `
    import { flow, task } from 'millrace';
    import { words } from './words.js';
    console.error('report.ts is read');
    export const report = flow('report', () => task(() => words, { name: 'write' })());
  `,
  'words.ts': `export const words: string = 'ink';`,
  'plain.mjs': `
    import { flow, task } from 'millrace';
    flow("plain", () => task(() => 'plain', { name: 'plainly' })());
  `,
  'ring.ts': `
    import { flow, flowRef, param } from 'millrace';
    export default flow('gnir', { params: { n: param({ default: 3 }) } }, ({ n }) => n === 0 ? 'round' : flowRef<any, string>('ring').startChild({ n: n - 1 }));
  `,
  'bad.ts': `
    import { flow } from 'millrace';
    export default flow('bad', () => 1);
    throw new Error('not today');
  `,
  'other.ts': `throw new Error('nobody asked for this file: report');`,
};

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});

describe.concurrent('flows of other files, by name', () => {
  it('are found beside the file that runs; only files that define what is asked for are read, and once', async () => {
    const { code, out, err } = await project.millrace('run', 'main.ts', 'main', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: 'success', result: 'ink ink plain' });
    expect(err).toBe('report.ts is read\n');
    expect(Object.keys(statesOf(await project.json<RecordedRun>('inspect', 'main/latest')))).toContain('report#0.write#0');
  });

  it('are drawn and previewed too', async () => {
    expect((await project.millrace('preview', 'main.ts', 'main')).out).toContain('report#0');
  });

  it('may go round by children', async () => {
    const { result } = await project.json<{ result: unknown }>('run', 'main.ts', 'ring');
    expect(result).toBe('round');
  });

  it('a name that is nowhere: the nearest is suggested', async () => {
    const { code, err } = await project.millrace('run', 'main.ts', 'nowhere', '-q');
    expect(code).toBe(1);
    expect(err).toContain("got 'reprot'");
    expect(err).toContain("Did you mean 'report'?");
  });

  it('a file that cannot be read: its error, where the flow is used', async () => {
    const { code, err } = await project.millrace('run', 'main.ts', 'broken', '-q');
    expect(code).toBe(1);
    expect(err).toContain('not today');
  });
});
