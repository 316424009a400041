import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type RecordedRun, shellIn, statesOf } from './spawned.js';

const FLOW = fileURLToPath(new URL('../../examples/targets/flow.ts', import.meta.url));

interface Ran {
  readonly run: string;
  readonly state: string;
  readonly result: unknown;
}

interface Preview {
  readonly nodes: readonly {
    readonly id: string;
    readonly state: string;
    readonly target?: string;
    readonly why?: { readonly kind: string; readonly detail?: string };
  }[];
}

describe('examples/targets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-targets-example-'));
  const shell = shellIn(folder, {});
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const states = async (run: string) => statesOf(await shell.json<RecordedRun>('inspect', run));
  const year = new Date().getFullYear();

  it('writes files and a table; the second run finds all of them complete', async () => {
    const first = await shell.json<Ran>('run', FLOW);
    expect(first).toMatchObject({ state: 'success', result: { months: 48, text: expect.stringContaining('48 months; the wettest was') } });
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['months', `rain-${year}.md`, 'weather.db']);
    expect(readFileSync(join(folder, 'out/months/2013.csv'), 'utf8').split('\n')[0]).toBe('month,days,rainMm,warmest');
    const second = await shell.json<Ran>('run', FLOW);
    expect(second).toMatchObject({ state: 'success', result: { months: 48 } });
    expect(
      new Set(
        Object.entries(await states(second.run))
          .filter(([id]) => id !== 'days#0' && id !== 'ofYear#0')
          .map(([, state]) => state),
      ),
    ).toEqual(new Set(['cached']));
  });

  it('S26, S27: a file that was edited is made again, and nothing else; inspect and preview show addresses', async () => {
    writeFileSync(join(folder, 'out/months/2014.csv'), 'edited\n');
    const { nodes } = await shell.json<Preview>('preview', FLOW);
    expect(nodes.find(({ id }) => id === 'ofYear#0')).toMatchObject({
      state: 'pending',
      target: 'out/months/{input.year}.csv',
      why: { kind: 'file-changed', detail: '1 of 4 children; the first: out/months/2014.csv' },
    });
    expect(nodes.find(({ id }) => id === 'days#0')).toMatchObject({ state: 'complete' });
    const ran = await shell.json<Ran>('run', FLOW);
    const found = await states(ran.run);
    expect(Object.entries(found).filter(([id, state]) => id !== 'days#0' && id !== 'ofYear#0' && state === 'success')).toEqual([
      ['ofYear#0[2]', 'success'],
    ]);
    expect(readFileSync(join(folder, 'out/months/2014.csv'), 'utf8')).toContain('2014-12,31,');
    const { out } = await shell.millrace('inspect', `${ran.run}/report#0`);
    expect(out).toContain(`out/rain-${year}.md`);
  });
});
