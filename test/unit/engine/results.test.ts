import { beforeEach, describe, expect, it } from 'vitest';
import { all, flow, type Serializer, task } from '../../../src/index.js';
import type { RecordBatch } from '../../../src/runs/run-record.js';
import { openProject } from '../../../src/runtime/project.js';
import { failureOf, freshHome, gate, recorded, turns } from './workbench.js';

beforeEach(() => void freshHome());

/** Stores numbers as text with one decimal: what is read back may not be what was given. */
const rounded: Serializer<number> = {
  name: 'rounded',
  ext: 'txt',
  exact: false,
  encode: (value) => Buffer.from(value.toFixed(1)),
  decode: (bytes) => Number(Buffer.from(bytes).toString()),
};

describe('what downstream gets', () => {
  it('S16: is what is stored, when a serializer is not exact', async () => {
    const pi = task(() => Math.PI, { name: 'pi', serializer: rounded });
    const echo = task((n: number) => n, { name: 'echo' });
    expect(await flow('inexact', async () => [await pi(), await echo(pi())]).run()).toEqual([3.1, 3.1]);
  });

  it('S16: keeps values that JSON alone would lose', async () => {
    const value = {
      date: new Date(0),
      map: new Map([[1, new Set(['a'])]]),
      big: 1n,
      nan: Number.NaN,
      minus: -0,
      bytes: new Uint8Array([1, 2]),
      nothing: undefined,
    };
    const give = task(() => value, { name: 'give' });
    const home = flow('odd-values', () => give());
    await home.run();
    expect(await (await home.latest())?.output(give)).toEqual(value);
  });

  it.each<[string, unknown, string]>([
    ['a function', { list: [{ f: () => 1 }] }, '.list[0].f'],
    ['a symbol', { s: Symbol('s') }, '.s'],
    ['a class instance', { a: { model: new (class Model {})() } }, '.a.model'],
  ])('S16: %s is refused, with the path inside the value', async (_, value, path) => {
    const error = await failureOf(flow('refused', () => task(() => value, { name: 'give' })()).run());
    expect(error.failures[0]?.cause).toMatchObject({ code: 'RESULT_NOT_STORABLE', message: expect.stringContaining(path) });
  });

  it('S16: strict freezes it, at every depth, also under what was frozen before', async () => {
    const give = task(() => ({ rows: [{ x: 1 }] }), { name: 'give' });
    const spoil = task(
      (data: { rows: { x: number }[] }) => {
        (data.rows[0] as { x: number }).x = 2;
        return data;
      },
      { name: 'spoil' },
    );
    const strict = await failureOf(flow('strict', { strict: true }, () => spoil(give())).run());
    expect(strict.failures[0]?.cause).toBeInstanceOf(TypeError);
    const literal = await failureOf(flow('literal', { strict: true }, () => spoil(Object.freeze({ rows: [{ x: 1 }] }) as never)).run());
    expect(literal.failures[0]?.cause).toBeInstanceOf(TypeError);
    expect(await flow('lax', () => spoil(give())).run()).toEqual({ rows: [{ x: 2 }] });
  });
});

describe('recorded means committed', () => {
  /** Holds every commit of the project until it is let go. */
  async function holdCommits(): Promise<{ readonly batches: RecordBatch[]; release(): void }> {
    const project = await openProject();
    const { record } = project;
    const append = record.append.bind(record);
    const free = gate();
    const batches: RecordBatch[] = [];
    record.append = async (batch) => {
      batches.push(batch);
      await free.opened;
      return append(batch);
    };
    return { batches, release: () => free.open() };
  }

  it('S19: success is told, and the run ends, after the commit; downstream tasks may start before it', async () => {
    const held = await holdCommits();
    const second = gate();
    const one = task(() => 1, { name: 'one' });
    const two = task(
      (n: number) => {
        second.open();
        return n + 1;
      },
      { name: 'two' },
    );
    const handle = flow('held', () => two(one())).start();
    const told: string[] = [];
    void (async () => {
      for await (const { node, data } of handle.events()) told.push(`${node ?? 'run'} ${(data as { state: string }).state}`);
    })();
    let ended = false;
    void handle.result().then(() => {
      ended = true;
    });
    await second.opened;
    await turns(20);
    expect(told).toContain('two#0 running');
    expect(told.filter((line) => line.endsWith('success'))).toEqual([]);
    expect(ended).toBe(false);
    held.release();
    expect(await handle.result()).toBe(2);
    await turns();
    expect(told.filter((line) => line.endsWith('success'))).toEqual(['one#0 success', 'two#0 success', 'run success']);
  });

  it('S19: what the record refuses ends the run, with the reason', async () => {
    const { record } = await openProject();
    record.append = () => Promise.reject(new Error('the disk is full'));
    const handle = flow('refused', () => task(() => 1, { name: 'one' })()).start();
    const error = await failureOf(handle.result());
    expect(error.message).toContain('could not go on: the disk is full');
    expect(handle.state).toBe('failed');
  });

  it('S19: every result is stored and can be read afterwards; persist: false opts out', async () => {
    const kept = task((n: number) => ({ n }), { name: 'kept' });
    const passing = task(() => ({ f: () => 1 }), { name: 'passing', persist: false });
    const calls = task((x: { f: () => number }) => x.f(), { name: 'calls' });
    const past = flow('past', () => all([kept(1), kept(2), calls(passing() as never)]));
    expect(await past.run()).toEqual([{ n: 1 }, { n: 2 }, 1]);
    const run = await past.latest();
    expect(await run?.outputs(kept)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await run?.result()).toEqual([{ n: 1 }, { n: 2 }, 1]);
    expect((await recorded('past/latest')).task('passing#0').artifacts).toEqual([]);
    await expect(run?.output(passing)).rejects.toMatchObject({ code: 'RESULT_MISSING' });
  });

  it('S19: in memory only what reuse needs is kept', async () => {
    const { inMemory } = await import('./workbench.js');
    inMemory();
    const handle = flow('memory', () => task(() => ({ f: () => 1 }), { name: 'anything' })()).start();
    expect((await handle.result()).f()).toBe(1);
    const { run, tasks } = await recorded(handle.id);
    expect([run.state, run.counts, tasks]).toEqual(['success', { success: 1 }, []]);
  });
});
