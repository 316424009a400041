import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { client } from 'millrace/client';
import * as v from 'valibot';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ctx, file, flow, includeFile, param, plot, task } from '../../../src/index.js';
import { freshSchema } from '../../postgres/fresh-schema.js';
import { freshHome } from '../engine/workbench.js';

/** What is looked up of runs that resumed others, read files, know secrets, gave artifacts, and whose origin is gone: over both databases. */

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const SECRET = 'canary-0f9e8d';
let home: string;
let isBroken: boolean;
let ran: string[];

const rows = task(
  async (words: readonly string[], token: string) => {
    ran.push('rows');
    await ctx().artifact('seen', [{ words: words.length, token }]);
    if (ctx().attempt === 1) {
      ctx().metric('loss', 99);
      await ctx().artifact('first-try', 'hidden');
      throw new Error(`once more, with ${token}`);
    }
    console.log(`logs ${token}`);
    for (const [step, loss] of [8, 4, Number.NaN, 1].entries()) ctx().metric('loss', loss, step);
    await ctx().artifact(
      'curve',
      plot({ mark: 'line', title: token, data: { values: [{ x: 1 }] }, encoding: { x: { field: 'x', type: 'quantitative' } } }),
    );
    return words.length;
  },
  { name: 'rows', retries: 1 },
);
const last = task(
  async (count: number) => {
    ran.push('last');
    if (isBroken) throw new Error('not yet');
    return count * 2;
  },
  { name: 'last' },
);
const counted = flow(
  'counted',
  { params: { words: includeFile({ parse: 'json', schema: v.array(v.string()) }), token: param(v.string(), { secret: true }) } },
  async ({ words, token }) => {
    await ctx().artifact('note', `of the flow, ${token}`);
    ctx().metric('whole', 1);
    return last(rows(words, token));
  },
);

describe.each(['SQLite', 'PostgreSQL'])('over %s', (kind) => {
  const drops: (() => Promise<void>)[] = [];
  let url: string;
  beforeEach(() => {
    home = freshHome();
    isBroken = true;
    ran = [];
    url = join(home, 'millrace.db');
    if (kind !== 'PostgreSQL') return;
    const schema = freshSchema(server, `seams_${process.pid}_${drops.length}`);
    drops.push(schema.drop);
    url = schema.url;
    vi.stubEnv('MILLRACE_DATABASE_URL', url);
  });
  afterAll(async () => {
    for (const drop of drops) await drop();
  });

  const test = it.skipIf(kind === 'PostgreSQL' && server === '');

  async function failedRun(): Promise<string> {
    const path = join(home, 'words.json');
    writeFileSync(path, '["a","b","c"]');
    await expect(counted.run({ words: file(path), token: SECRET })).rejects.toThrow('not yet');
    isBroken = false;
    rmSync(path);
    return (await client({ url }).run('counted/latest')).id;
  }

  test('S13, S18: artifacts and metrics of a run, its tasks and its parameters, found by the address of the record', async () => {
    await failedRun();
    vi.stubEnv('MILLRACE_DATABASE_URL', undefined);
    const looked = client({ url, home });
    const run = await looked.run('counted/latest');
    const given = await run.artifacts().toArray();
    expect(given.map(({ name, kind: shown }) => [name, shown])).toEqual([
      ['words', 'value'],
      ['note', 'text'],
      ['curve', 'plot'],
      ['seen', 'table'],
    ]);
    const of = await run.task('rows');
    expect((await of.artifacts().toArray()).map(({ name }) => name)).toEqual(['result', 'curve', 'seen']);
    expect(await (await looked.get('counted/latest/rows/0/seen')).load()).toEqual([{ words: 3, token: '***' }]);
    expect((await given[2]?.producer())?.id).toBe('rows#0');
    await expect(given[1]?.producer()).rejects.toMatchObject({ code: 'TASK_RUN_UNKNOWN' });
    expect(await given[2]?.consumers().toArray()).toEqual([]);
    const metrics = await run.metrics().toArray();
    expect(metrics.map(({ name, task: giver, count, min, max }) => [name, giver, count, min, max])).toEqual([
      ['whole', undefined, 1, 1, 1],
      ['loss', 'rows#0', 4, 1, 8],
    ]);
    expect(await metrics[0]?.points()).toEqual({ steps: [0], values: [1] });
    expect(await (await of.metrics().toArray())[0]?.points()).toEqual({ steps: [0, 1, 2, 3], values: [8, 4, Number.NaN, 1] });
    expect(await of.logs({ attempt: 1 }).toArray()).toEqual([]);
    expect(await of.logs({ attempt: 2 }).toArray()).toEqual(['logs ***']);
    expect(inspect(metrics[1])).toMatch(/^Metric loss \{\n {2}of: rows#0/);
  });

  test('S30: a resume takes over what was given beside results, and reads no file again', async () => {
    const first = await failedRun();
    ran = [];
    expect(await counted.resume({ params: { token: SECRET } })).toBe(6);
    expect(ran).toEqual(['last']);
    const run = await client({ url }).run('counted/latest');
    expect(run.params).toMatchObject({ words: { path: join(home, 'words.json'), bytes: 13 }, token: '***' });
    expect(await (await run.artifacts().toArray())[0]?.load()).toEqual(['a', 'b', 'c']);
    const names = async () => (await run.artifacts().toArray()).map(({ name }) => name);
    expect(await names()).toEqual(['words', 'note', 'curve', 'seen']);
    // S31: and keeps it when the run that it resumed is removed.
    expect((await client({ url }).remove([first])).removed).toEqual([first]);
    expect(await names()).toEqual(['words', 'note', 'curve', 'seen']);
    for (const artifact of await run.artifacts().toArray()) await artifact.load();
    expect(await (await (await run.task('rows')).metrics().toArray())[0]?.points()).toMatchObject({ values: [8, 4, Number.NaN, 1] });
    expect(await (await run.task('rows')).value()).toBe(3);
    const page = await run.report();
    for (const said of ['curve', 'seen', 'note', 'loss']) expect(page).toContain(said);
    expect(await counted.resume({ runId: run.id, from: 'last', params: { token: SECRET } })).toBe(6);
    expect(await client({ url }).prune({ keep: 1 })).toMatchObject({ removed: [run.id] });
    const newest = await client({ url }).run('counted/latest');
    expect(await (await newest.task('rows')).value()).toBe(3);
    expect(ran.filter((one) => one === 'rows')).toEqual([]);
    expect((await newest.metrics().toArray()).map(({ name, count }) => [name, count])).toEqual([
      ['whole', 1],
      ['loss', 4],
    ]);
  });

  test('S18: a secret is nowhere: not in what is looked up, nor in a report', async () => {
    await failedRun();
    await counted.resume({ params: { token: SECRET } });
    for (const run of await client({ url }).runs().toArray()) {
      const tasks = await Promise.all((await run.steps().toArray()).map((step) => step.tasks().toArray()));
      const artifacts = await run.artifacts().toArray();
      const values = await Promise.all(artifacts.map(async (artifact) => await artifact.load()));
      const lines = await run.logs().toArray();
      const seen = inspect([run, tasks, artifacts, values, lines, await run.graph()], { depth: 12, maxStringLength: null });
      expect(seen).toContain('***');
      expect(seen).not.toContain(SECRET);
      expect(await run.report()).not.toContain(SECRET);
    }
  });
});
