import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { client, type TaskInfo } from 'millrace/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { injectFaults } from '../../../src/base/fault-point.js';
import { cache, flow, json, localStore, param, s3Store, task } from '../../../src/index.js';
import { removeLeftovers } from '../../../src/runtime/past/removal.js';
import { openProject } from '../../../src/runtime/project.js';
import { CREDENTIALS, useCredentials } from '../../s3/credentials.js';
import { startS3Server } from '../../s3/s3-server.js';
import { freshHome } from '../engine/workbench.js';

let home: string;
beforeEach(() => {
  home = freshHome();
});

const load = task((n: number) => Array.from({ length: n }, (_, at) => at), { name: 'load', cache: cache.default, version: '1' });
const split = task((all: number[]) => ({ train: all.slice(1), test: all.slice(0, 1) }), {
  name: 'split',
  outputs: { train: json(), test: json() },
});
const square = task(
  (x: number) => {
    console.log(`squares ${x}`);
    return x * x;
  },
  { name: 'square' },
);
const sum = task((all: number[]) => all.reduce((a, b) => a + b, 0), { name: 'sum' });
const squares = flow('squares', { params: { n: param({ default: 4 }), model: param({ default: 'knn' }) }, tags: ['unit'] }, ({ n }) => {
  const { train } = split(load(n));
  return sum(square.map(train));
});
const broken = flow('broken', async () => {
  const rows = await load(2);
  return task(
    () => {
      throw new Error(`no good: ${rows.length}`);
    },
    { name: 'train' },
  )();
});

const idsOf = async (tasks: AsyncIterable<TaskInfo> | undefined): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { id } of tasks ?? []) ids.push(id);
  return ids;
};

describe('by path', () => {
  it('a flow, a run, a step, a task run, an artifact', async () => {
    expect(await squares.run()).toBe(14);
    const looked = client();
    const run = await looked.get('squares/latest');
    expect(run).toMatchObject({ flow: 'squares', state: 'success', params: { n: 4, model: 'knn' }, tags: ['unit'] });
    expect((await looked.get('squares')).name).toBe('squares');
    expect((await looked.get(`squares/${run.id}`)).id).toBe(run.id);
    expect((await looked.get('squares/latest/split')).name).toBe('split');
    expect((await looked.get('squares/latest/square/2')).id).toBe('square#0[2]');
    expect((await looked.get('squares/latest/square/square#0[0]')).id).toBe('square#0[0]');
    const artifact = await looked.get('squares/latest/split/0/train');
    expect([await artifact.load(), artifact.format, artifact.bytes]).toEqual([[1, 2, 3], 'json', 7]);
    expect((await looked.get('squares/latest/load/0/result')).uri).toMatch(/^record:/);
    expect((await looked.run('squares/latest')).id).toBe(run.id);
  });

  it.each([
    ['sqares', 'FLOW_UNKNOWN', "Did you mean 'squares'?"],
    ['squares/nope', 'RUN_UNKNOWN', expect.stringContaining('millrace runs lists them')],
    ['broken/latest', 'FLOW_UNKNOWN', 'Flows with runs: squares.'],
    ['squares/latest/splti', 'TASK_UNKNOWN', "Did you mean 'split'?"],
    ['squares/latest/square/3', 'TASK_RUN_UNKNOWN', 'It has 3: 0 to 2, or by their ids square#0[0] …'],
    ['squares/latest/split/0/trian', 'ARTIFACT_UNKNOWN', "Did you mean 'train'?"],
    ['squares/../x', 'PATH_INVALID', expect.any(String)],
    ['squares/latest/a/0/b/c', 'PATH_INVALID', expect.any(String)],
    ['', 'PATH_INVALID', expect.any(String)],
    ['squares/a b', 'RUN_ID_INVALID', expect.any(String)],
  ])("'%s' is %s, with what may have been meant", async (path, code, hint) => {
    await squares.run();
    await expect(client().get(path)).rejects.toMatchObject({ code, hint });
  });

  it('a run is not found under another flow', async () => {
    await squares.run();
    await broken.run().catch(() => {});
    const { id } = await client().run('broken/latest');
    await expect(client().get(`squares/${id}`)).rejects.toMatchObject({ code: 'RUN_UNKNOWN', hint: "It is one of flow 'broken'." });
  });

  it('where nothing was run, nothing is made', async () => {
    const nowhere = client({ home: join(home, 'nowhere') });
    expect(await nowhere.flows().toArray()).toEqual([]);
    await expect(nowhere.get('iris')).rejects.toMatchObject({ code: 'FLOW_UNKNOWN', hint: 'There are no runs yet.' });
    await expect(nowhere.flow('iris').latest()).rejects.toMatchObject({ code: 'FLOW_UNKNOWN' });
  });
});

describe('values', () => {
  it('of a map, of outputs, of the flow; by name, by task, by task run', async () => {
    await squares.run();
    const run = await client().run('squares/latest');
    expect(await (await run.task('square')).value()).toEqual([1, 4, 9]);
    expect(await (await run.task('square#0[1]')).value()).toBe(4);
    expect([await run.data.get('train'), await run.data.get('square'), await run.data.get('sum')]).toEqual([[1, 2, 3], [1, 4, 9], 14]);
    expect([await run.output(sum), await run.output(square), await run.result()]).toEqual([14, 1, 14]);
    expect(await (await squares.latest())?.outputs(square)).toEqual([1, 4, 9]);
    await expect(run.data.get('tran')).rejects.toMatchObject({ code: 'DATA_UNKNOWN', hint: "Did you mean 'train'?" });
    const empty = flow('none', () => square.map(load(0)));
    await empty.run();
    expect(await (await client().run('none/latest')).data.get('square')).toEqual([]);
  });

  it('of a task run that failed there is none, and it is said why', async () => {
    await broken.run().catch(() => {});
    const failed = await (await client().run('broken/latest')).task('train');
    expect(failed).toMatchObject({ state: 'failed', attempts: 1, error: { message: expect.stringContaining('no good: 2') } });
    await expect(failed.value()).rejects.toMatchObject({ code: 'VALUE_MISSING', message: expect.stringContaining("its state is 'failed'") });
    await expect((await client().run('broken/latest')).result()).rejects.toMatchObject({ code: 'RUN_RESULT_MISSING' });
  });

  it('S25: are verified when they are read', async () => {
    const store = localStore(join(home, 'elsewhere'));
    const large = flow('large', { store }, () => load(5_000));
    await large.run();
    const task = await client().get('large/latest/load/0');
    const [artifact] = await task.artifacts().toArray();
    expect(await task.value()).toHaveLength(5_000);
    writeFileSync(new URL(artifact?.uri as string), '[1]');
    await expect(task.value()).rejects.toMatchObject({ code: 'RESULT_CORRUPTED' });
  });

  it('come from S3 by their addresses, where this process has that store', async () => {
    useCredentials();
    await using server = await startS3Server({ credentials: CREDENTIALS });
    const store = s3Store({ bucket: 'results', endpoint: server.endpoint });
    await flow('far', { store }, () => load(3)).run();
    const artifact = await client().get('far/latest/load/0/result');
    expect(artifact.uri).toMatch(/^s3:\/\/results\//);
    expect(await artifact.load()).toEqual([0, 1, 2]);
  });

  it('of reused results lie where they were made; who made and who took them is known', async () => {
    await squares.run();
    await squares.run();
    const run = await client().run('squares/latest');
    const reused = await run.task('load');
    expect(reused).toMatchObject({ state: 'cached', attempts: 0, origin: { index: 0 } });
    expect(await reused.value()).toEqual([0, 1, 2, 3]);
    const [artifact] = await reused.artifacts().toArray();
    expect((await artifact?.producer())?.id).toBe('load#0');
    expect(await idsOf(artifact?.consumers())).toEqual(['split#0']);
    expect((await (await run.task('sum')).upstream()).map(({ id }) => id)).toEqual(['square#0']);
  });
});

describe('lists', () => {
  it('flows, runs, steps and task runs, in order', async () => {
    await broken.run().catch(() => {});
    await squares.run();
    await squares.run({ n: 2 });
    const names: string[] = [];
    for await (const { name } of client().flows()) names.push(name);
    expect(names).toEqual(['broken', 'squares']);
    const runs = await client().flow('squares').runs().toArray();
    expect(runs.map(({ params }) => params.n)).toEqual([2, 4]);
    expect((await runs[1]?.steps().toArray())?.map(({ name }) => name)).toEqual(['load', 'split', 'square', 'sum']);
    expect(await idsOf(runs[1]?.step(square).tasks())).toEqual(['square#0[0]', 'square#0[1]', 'square#0[2]']);
    await expect(runs[1]?.step('cube').tasks().toArray()).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });
    expect((await client().flow('squares').latest({ successful: true }))?.id).toBe(runs[0]?.id);
    expect(await client().flow('broken').latest({ successful: true })).toBeUndefined();
  });

  it('runs by state, tags, time and the values of parameters', async () => {
    await broken.run().catch(() => {});
    await squares.run({ n: 2 }, { tags: ['special'] });
    await squares.run({ n: 3, model: 'forest' });
    await squares.run({ n: 2, model: 'forest' });
    const looked = client();
    const found = async (query: Parameters<typeof looked.runs>[0]) =>
      (await looked.runs(query).toArray()).map(({ flow: name, params }) => [name, params.n, params.model]);
    expect(await found({ state: 'failed' })).toEqual([['broken', undefined, undefined]]);
    expect(await found({ tags: ['unit', 'special'] })).toEqual([['squares', 2, 'knn']]);
    expect(await found({ params: { n: 2 } })).toEqual([
      ['squares', 2, 'forest'],
      ['squares', 2, 'knn'],
    ]);
    expect(await found({ params: { n: 2, model: 'knn' } })).toEqual([['squares', 2, 'knn']]);
    expect(await found({ params: { n: '2' } })).toEqual([]);
    const [newest, second] = await looked.runs({ limit: 2 }).toArray();
    expect(await looked.runs({ before: newest?.id as string, limit: 1 }).toArray()).toMatchObject([{ id: second?.id }]);
    expect(await looked.runs({ since: newest?.createdAt as Date }).toArray()).toHaveLength(1);
    expect(await looked.runs({ until: newest?.createdAt as Date }).toArray()).toHaveLength(3);
    expect((await squares.latest({ params: { model: 'knn' } }))?.params.n).toBe(2);
  });

  it.each([
    [{ state: 'sucess' }, "Did you mean 'success'?"],
    [{ since: '2026-11-01' }, "Write new Date('2026-11-20T09:30')."],
    [{ until: new Date('never') }, "Write new Date('2026-11-20T09:30')."],
    [{ limit: -1 }, undefined],
    [{ limit: 1.5 }, undefined],
    [{ tags: 'nightly' }, undefined],
    [{ stat: 'failed' }, "Did you mean 'state'?"],
  ])('refuse what cannot be meant: %o', async (query, hint) => {
    await squares.run();
    await expect(
      client()
        .runs(query as never)
        .toArray(),
    ).rejects.toMatchObject({ code: 'RUN_QUERY_INVALID', ...(hint && { hint }) });
  });

  it('runs by a parameter that is no scalar, however its keys are ordered', async () => {
    const setting: StandardSchemaV1<{ a: number; b: number }> = {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as { a: number; b: number } }) },
    };
    const grid = flow('grid', { params: { setting: param(setting) } }, (params) => load(params.setting.a));
    await grid.run({ setting: { a: 1, b: 2 } });
    await grid.run({ setting: { a: 2, b: 2 } });
    const found = await client()
      .runs({ params: { setting: { b: 2, a: 1 } } })
      .toArray();
    expect(found.map(({ params }) => params.setting)).toEqual([{ a: 1, b: 2 }]);
  });

  it('go on where a page ended, also when the run it ended with is removed meanwhile', async () => {
    for (let n = 0; n < 53; n += 1) await flow('many', () => n).run();
    const looked = client();
    const seen: string[] = [];
    for await (const { id } of looked.flow('many').runs()) {
      seen.push(id);
      if (seen.length === 50) await looked.remove(seen);
    }
    expect(new Set(seen).size).toBe(53);
  });
});

describe('what is written about runs', () => {
  it('tags and notes', async () => {
    await squares.run();
    const run = await client().run('squares/latest');
    expect(run.systemTags).toEqual(expect.arrayContaining([expect.stringMatching(/^host:/), `node:${process.versions.node}`]));
    const tagged = await (await run.addTags('good', 'unit')).note(' looks right ');
    expect([tagged.tags, tagged.notes.map(({ text }) => text)]).toEqual([['unit', 'good'], ['looks right']]);
    expect((await run.removeTags('unit')).tags).toEqual(['good']);
    expect((await run.refresh()).tags).toEqual(['good']);
    await expect(run.addTags('')).rejects.toMatchObject({ code: 'TAG_INVALID' });
    await expect(run.note(' ')).rejects.toMatchObject({ code: 'NOTE_INVALID' });
    expect(
      await client()
        .runs({ tags: ['good', `node:${process.versions.node}`] })
        .toArray(),
    ).toHaveLength(1);
  });

  it('logs, by level and task', async () => {
    await squares.run();
    const run = await client().run('squares/latest');
    expect(await run.logs().toArray()).toEqual(expect.arrayContaining(['squares 1', 'squares 2', 'squares 3']));
    expect(await run.logs({ task: 'square' }).toArray()).toHaveLength(3);
    expect(await (await run.task('square#0[1]')).logs().toArray()).toEqual(['squares 2']);
    expect(await run.logs({ level: 'error' }).toArray()).toEqual([]);
  });
});

describe('removal', () => {
  const large = task((n: number) => 'x'.repeat(100_000 + n), { name: 'large', cache: cache.default, version: '1' });
  const filed = flow('filed', { params: { n: param({ default: 0 }) } }, ({ n }) => large(n));

  it('takes the files that no other run has, and leaves what others took', async () => {
    await filed.run();
    await filed.run();
    await filed.run({ n: 1 });
    const looked = client();
    const [other, reuser, maker] = await looked.flow('filed').runs().toArray();
    const would = await looked.remove([maker?.id as string, other?.id as string], { dryRun: true });
    expect([would.removed, would.freedFiles.count]).toEqual([expect.arrayContaining([maker?.id, other?.id]), 1]);
    expect(await looked.flow('filed').runs().toArray()).toHaveLength(3);
    const removal = await looked.remove([maker?.id as string, other?.id as string]);
    expect(removal).toEqual({ ...would, removed: expect.arrayContaining([...would.removed]) });
    expect(await (await reuser?.task('large'))?.value()).toHaveLength(100_000);
    await filed.run();
    expect((await (await looked.run('filed/latest')).task('large')).state).toBe('cached');
    expect((await looked.prune({ keep: 1, flow: 'filed' })).removed).toEqual([reuser?.id]);
    expect(await (await (await looked.run('filed/latest')).task('large')).value()).toHaveLength(100_000);
    expect((await looked.prune({ flow: 'filed' })).freedFiles.count).toBe(1);
    await filed.run();
    expect((await (await looked.run('filed/latest')).task('large')).state).toBe('success');
  });

  it('O5: what a removal that broke off left behind, the next one deletes', async () => {
    await filed.run();
    const files = () => readdirSync(join(home, 'store', 'results'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
    const release = injectFaults((point) => {
      if (point === 'file.delete') throw Object.assign(new Error('EIO: no disk'), { code: 'EIO' });
    });
    await expect(client().prune({ flow: 'filed' })).rejects.toThrow('EIO');
    release();
    await expect(client().run('filed/latest')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
    expect(files()).toHaveLength(1);
    await using project = await openProject();
    await removeLeftovers(project);
    expect(files()).toHaveLength(0);
  });

  it('S24: a file that a run has kept again since is not deleted', async () => {
    await filed.run();
    const release = injectFaults(() => {
      throw new Error('not yet');
    });
    await expect(client().prune({ flow: 'filed' })).rejects.toThrow('not yet');
    release();
    await filed.run();
    expect((await client().prune({ flow: 'other' })).freedFiles.count).toBe(0);
    await using project = await openProject();
    await removeLeftovers(project);
    expect(await (await client().get('filed/latest/large/0')).value()).toHaveLength(100_000);
  });

  it.each([
    [{ tags: [] }, 'PRUNE_RULE_MISSING'],
    [{ tags: 'keep' }, 'RUN_QUERY_INVALID'],
    [{ state: 'broken' }, 'RUN_QUERY_INVALID'],
    // Without the word that it does not know, it would be another rule.
    [{ keep: 0, olderthan: '30d' }, 'PRUNE_RULE_INVALID'],
  ])('by a rule that says nothing, nothing: %o', async (rule, code) => {
    await squares.run();
    await expect(client().prune(rule as never)).rejects.toMatchObject({ code });
    expect(await client().runs().toArray()).toHaveLength(1);
  });

  it('by rule: age, number, state, tags; what is tagged keep stays', async () => {
    for (let n = 0; n < 4; n += 1) await squares.run({ n });
    await broken.run().catch(() => {});
    const looked = client();
    const first = (await looked.flow('squares').runs().toArray()).at(-1);
    await first?.addTags('keep');
    expect((await looked.prune({ olderThan: '1d' })).removed).toEqual([]);
    expect((await looked.prune({ state: 'failed' })).removed).toHaveLength(1);
    expect((await looked.prune({ keep: 2, dryRun: true })).removed).toHaveLength(1);
    expect((await looked.prune({ olderThan: 0, keep: 1, tags: ['unit'] })).removed).toHaveLength(2);
    expect((await looked.flow('squares').runs().toArray()).map(({ params }) => params.n)).toEqual([3, 0]);
    await expect(looked.prune({})).rejects.toMatchObject({ code: 'PRUNE_RULE_MISSING' });
    await expect(looked.prune({ keep: -1 })).rejects.toMatchObject({ code: 'PRUNE_RULE_INVALID' });
    await expect(looked.remove(['nope'])).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });
});

it('callers without a type checker are told what is none', async () => {
  await squares.run();
  const run = await client().run('squares/latest');
  expect(() => client({ hom: '/data' } as never)).toThrow(expect.objectContaining({ code: 'CLIENT_OPTION_INVALID', hint: "Did you mean 'home'?" }));
  await expect(
    client()
      .flow('squares')
      .latest({ succesful: true } as never),
  ).rejects.toMatchObject({ code: 'RUN_QUERY_INVALID' });
  await expect(squares.latest({ params: {}, stat: 'failed' } as never)).rejects.toMatchObject({ code: 'RUN_QUERY_INVALID' });
  await expect(client().remove(run.id as never)).rejects.toMatchObject({ code: 'RUN_ID_INVALID', hint: 'Write remove([…]).' });
  await expect(run.output('sum' as never)).rejects.toMatchObject({
    code: 'TASK_UNKNOWN',
    hint: "Write data.get('sum'), or output(sum) with the task.",
  });
  await expect((await squares.latest())?.outputs(undefined as never)).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });
  for (const filter of [{ level: 'warning' }, { levle: 'warn' }, { attempt: 0 }, { task: 5 }]) {
    await expect(run.logs(filter as never).toArray()).rejects.toMatchObject({ code: 'LOG_QUERY_INVALID' });
  }
});

describe('as it is shown', () => {
  it('in a REPL: what matters, and nothing that commands the terminal', async () => {
    await squares.run({}, { name: 'red \u001b[31malert' });
    const run = await client().run('squares/latest');
    const text = inspect(run);
    expect(text).toContain(`Run ${run.id} {\n  flow: squares\n  name: red alert\n  state: success`);
    expect(text).toContain("params: { n: 4, model: 'knn' }");
    expect(inspect(await client().get('squares/latest/load/0'))).toMatch(/^Task \S+\/load#0 \{\n {2}state: success/);
    expect(inspect(await run.graph())).toContain('split#0');
    expect(inspect(run.data)).toBe(`Data of run ${run.id} { await .get('name of a task, or of an output') }`);
    expect(inspect(client().flows())).toBe('Listing of flows { await .toArray(), or for await }');
    expect(inspect({ deep: { deeper: { run } } }, { depth: 1 })).toContain('[Object]');
  });

  it('in a notebook: text, escaped HTML, and graphs as pictures', async () => {
    await squares.run({ model: '<script>alert(1)</script>' });
    const display = Symbol.for('Jupyter.display');
    type Displayable = { readonly [display: symbol]: () => Promise<Record<string, string>> };
    const shown = async (what: unknown) => await ((what as Displayable)[display] as () => Promise<Record<string, string>>)();
    const run = await client().run('squares/latest');
    expect((await shown(run))['text/html']).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect((await shown(run))['text/html']).not.toContain('<script');
    expect((await shown(client().runs()))['text/html']).toMatch(/^<table>.*squares.*&lt;script/s);
    expect((await shown(await run.graph()))['image/svg+xml']).toMatch(/^<svg|^<\?xml/);
    expect(JSON.parse(JSON.stringify(await run.graph())).nodes).toHaveLength(4);
  });
});

it('a record is found by its path, and a client that is disposed of says so', async () => {
  await squares.run();
  const byPath = client({ url: join(home, 'millrace.db') });
  expect((await byPath.run('squares/latest')).flow).toBe('squares');
  await expect(client({ url: 'redis://user:pass@host/db?password=pass' }).run('a')).rejects.toMatchObject({
    code: 'DATABASE_URL_UNSUPPORTED',
    message: expect.not.stringContaining('pass'),
  });
  expect(inspect(byPath)).toContain(join(home, 'millrace.db'));
  const onServer = inspect(client({ url: 'postgres://ana:geheim@db.example/runs?schema=team&password=geheim' }));
  expect(onServer).toContain('url: postgres://***@db.example/runs\n');
  expect(onServer).not.toContain('geheim');
  await byPath[Symbol.asyncDispose]();
  await expect(byPath.run('squares/latest')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
});
