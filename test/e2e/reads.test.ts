import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture, shellIn, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-e2e-reads-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FLOW = fixture('reads.ts');
const TSX = createRequire(import.meta.url).resolve('tsx/cli');

function dataFolder(): string {
  const folder = mkdtempSync(join(root, 'folder-'));
  writeFileSync(join(folder, 'rows.csv'), 'a\nb\n');
  writeFileSync(join(folder, 'rates.json'), '{"a":10,"b":20}');
  writeFileSync(join(folder, 'image.bin'), Buffer.alloc(100_000, 1));
  return folder;
}

/** Which tasks were executed since the last look. */
function executed(folder: string): readonly string[] {
  const ledger = join(folder, 'ledger.txt');
  if (!existsSync(ledger)) return [];
  const names = readFileSync(ledger, 'utf8').trim().split('\n').sort();
  rmSync(ledger);
  return names;
}

describe.concurrent('S22b: files that tasks read, from process to process', () => {
  it('millrace run: exactly what read the changed file runs again; reverted, nothing does; preview names the file', async () => {
    const cwd = dataFolder();
    const { millrace, json } = shellIn(cwd);
    const run = async (): Promise<readonly string[]> => {
      const { code, err } = await millrace('run', FLOW, '-q');
      expect(err).toBe('');
      expect(code).toBe(0);
      return executed(cwd);
    };
    expect(await run()).toEqual(['length', 'rates', 'rows', 'sum']);
    expect(await run()).toEqual([]);
    writeFileSync(join(cwd, 'rates.json'), '{"a":11,"b":20}');
    const { out } = await millrace('preview', FLOW);
    expect(out).toMatch(/rates#0 \(pending: file-changed: rates\.json\)/);
    expect(out).toMatch(/rows#0 \(complete\)|rows#0 \(complete/);
    expect(await run()).toEqual(['rates', 'sum']);
    expect(await run()).toEqual([]);
    writeFileSync(join(cwd, 'rates.json'), '{"a":10,"b":20}');
    expect(await run()).toEqual([]);
    writeFileSync(join(cwd, 'image.bin'), Buffer.alloc(100_001, 1));
    expect(await run()).toEqual(['length', 'sum']);
    const { taskRuns } = await json<{ taskRuns: readonly { id: string; reason?: { kind: string; detail: string } }[] }>('inspect', 'reading/latest');
    expect(taskRuns.find(({ id }) => id === 'length#0')?.reason).toMatchObject({ kind: 'input-changed', detail: 'image: file image.bin' });
  });

  it('a moved project keeps its results', async () => {
    const cwd = dataFolder();
    expect((await shellIn(cwd).millrace('run', FLOW, '-q')).code).toBe(0);
    expect(executed(cwd)).toHaveLength(4);
    const moved = `${cwd}-moved`;
    renameSync(cwd, moved);
    expect((await shellIn(moved).millrace('run', FLOW, '-q')).code).toBe(0);
    expect(executed(moved)).toEqual([]);
  });

  it('the same under tsx', async () => {
    const cwd = dataFolder();
    const run = async (): Promise<readonly string[]> => {
      const { code, out, err } = await spawnNode([TSX, FLOW], { cwd, env: { AS_SCRIPT: '1' } }).ended;
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/^\d+\n$/);
      return executed(cwd);
    };
    expect(await run()).toEqual(['length', 'rates', 'rows', 'sum']);
    expect(await run()).toEqual([]);
    writeFileSync(join(cwd, 'rows.csv'), 'a\n');
    expect(await run()).toEqual(['rows', 'sum']);
  });

  it('the same in a CommonJS program on plain Node; nothing is wrapped where no task is cached', async () => {
    const cwd = dataFolder();
    const run = async (...args: readonly string[]): Promise<string> => {
      const { out, err } = await spawnNode([fixture('reads.cjs'), ...args], { cwd }).ended;
      expect(err.replaceAll(/\(node:.*\n|\(Use .*\n/g, '')).toBe('');
      return out;
    };
    writeFileSync(join(cwd, 'number.txt'), '1');
    expect(await run()).toBe('1\nuntouched\n');
    expect(await run('cached')).toBe('1\nwrapped\n');
    // All is reused: no task runs, nobody has to be observed.
    expect(await run('cached')).toBe('1\nuntouched\n');
    writeFileSync(join(cwd, 'number.txt'), '2');
    expect(await run('cached')).toBe('2\nwrapped\n');
  });
});
