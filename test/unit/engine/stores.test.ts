import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArtifactRef, cache, flow, localStore, memoryStore, type ResultStore, s3Store, type TaskOptions, task } from '../../../src/index.js';
import { artifactUri } from '../../../src/results/store-address.js';
import { CREDENTIALS, useCredentials } from '../../s3/credentials.js';
import { type S3Server, startS3Server } from '../../s3/s3-server.js';
import { failureOf, freshHome, recorded } from './workbench.js';

let ran: string[] = [];
let home = '';
let server: S3Server;
const folders: string[] = [];

beforeEach(async () => {
  home = freshHome();
  ran = [];
  useCredentials();
  server = await startS3Server({ credentials: CREDENTIALS, buckets: ['results', 'others'] });
});
afterEach(async () => {
  forgetStores();
  await server[Symbol.asyncDispose]();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'millrace-stores-'));
  folders.push(made);
  return made;
}

/** As in a process that has made no store yet. */
function forgetStores(): void {
  (globalThis as { [key: symbol]: Map<string, ResultStore> | undefined })[Symbol.for('millrace.stores')]?.clear();
}

function cached<A extends unknown[], R>(name: string, fn: (...args: A) => R, options: TaskOptions<A, R> = {}) {
  return task<A, R>(
    (...args) => {
      ran.push(name);
      return fn(...args);
    },
    { name, version: '1', cache: cache.default, ...options },
  );
}

async function refOf(run: string, id: string): Promise<ArtifactRef> {
  return (await recorded(run)).task(id).artifacts[0]!.ref;
}

/** Which tasks ran this time. */
async function ranIn(run: () => Promise<unknown>): Promise<readonly string[]> {
  ran = [];
  await run();
  return ran;
}

const s3 = (prefix: string, bucket = 'results') => s3Store({ bucket, prefix, endpoint: server.endpoint });
const objects = (bucket = 'results') => server.buckets.get(bucket)!.objects;

interface Kind {
  readonly name: string;
  make(): ResultStore;
}

const KINDS: readonly Kind[] = [
  { name: 'localStore', make: () => localStore(folder()) },
  { name: 'memoryStore', make: () => memoryStore() },
  { name: 's3Store', make: () => s3('team a') },
];

describe.each(KINDS)('store: $name', ({ make }) => {
  it('is obeyed by small results too; its address is in the record, and a later run finds them again', async () => {
    const store = make();
    const small = cached('small', (n: number) => ({ n }), { store });
    const next = cached('next', ({ n }: { n: number }) => n + 1);
    const f = flow('obeyed', () => next(small(1)));
    expect(await f.run()).toBe(2);
    const ref = await refOf('obeyed/latest', 'small#0');
    expect(ref.uri).toBe(artifactUri(store, ref.key));
    expect(ref.uri.startsWith(store.location ?? 'memory:')).toBe(true);
    expect(Buffer.from(await store.read(ref.key)).toString()).toBe('{"n":1}');
    expect((await refOf('obeyed/latest', 'next#0')).uri).toMatch(/^record:/);
    expect(await ranIn(() => f.run())).toEqual([]);
    expect(await (await f.latest())?.output(small)).toEqual({ n: 1 });
    expect((await f.preview()).nodes.map(({ state }) => state)).toEqual(['complete', 'complete']);
  });

  it('S25: what is gone is computed anew, and what is damaged is set aside and computed anew', async () => {
    const store = make();
    const made = cached('made', () => 'x'.repeat(100), { store });
    const f = flow('broken', async () => (await made()).length);
    await f.run();
    const { key, contentDigest } = await refOf('broken/latest', 'made#0');
    await store.delete(key);
    expect(await ranIn(() => f.run())).toEqual(['made']);
    expect(await ranIn(() => f.run())).toEqual([]);
    const damaged = await store.read(key);
    damaged[10] = 0;
    await store.write(key, damaged);
    expect(await ranIn(() => f.run())).toEqual(['made']);
    const kept: string[] = [];
    for await (const one of store.list('quarantine/')) kept.push(one);
    expect(kept).toEqual([expect.stringContaining(contentDigest.slice(2))]);
    expect(Buffer.compare(await store.read(kept[0]!), damaged)).toBe(0);
    expect(await ranIn(() => f.run())).toEqual([]);
  });

  it('of a flow and in its defaults is used by tasks that name none', async () => {
    const [ofFlow, ofDefaults, ofTask] = [make(), make(), localStore(folder())];
    const plain = cached('plain', () => 'plain');
    const own = cached('own', () => 'own', { store: ofTask });
    const withFlow = flow('with-flow', { store: ofFlow }, () => [plain(), own()]);
    expect(await withFlow.run()).toEqual(['plain', 'own']);
    for (const [id, store] of [
      ['plain#0', ofFlow],
      ['own#0', ofTask],
    ] as const) {
      const ref = await refOf('with-flow/latest', id);
      expect(ref.uri).toBe(artifactUri(store, ref.key));
      expect(await store.head(ref.key)).toBeDefined();
    }
    expect(await (await withFlow.latest())?.result()).toEqual(['plain', 'own']);
    const other = cached('other', () => 'other');
    const withDefaults = flow('with-defaults', { defaults: { store: ofDefaults } }, () => other());
    await withDefaults.run();
    const ref = await refOf('with-defaults/latest', 'other#0');
    expect(await ofDefaults.head(ref.key)).toBeDefined();
    forgetStores();
    expect(await (await withDefaults.latest())?.output(other)).toBe('other');
    expect(await ranIn(() => withDefaults.run())).toEqual([]);
  });
});

describe('a result whose store has changed', () => {
  const f = (store: ResultStore | undefined) => {
    const made = cached('made', () => ({ n: 1 }), store === undefined ? {} : { store });
    return { made, flow: flow('changed', async () => (await made()).n) };
  };

  it('to another folder: computed anew there; a look finds it in the old one', async () => {
    const [first, second] = [folder(), folder()];
    await f(localStore(first)).flow.run();
    const before = await f(undefined).flow.latest();
    expect(await ranIn(() => f(localStore(second)).flow.run())).toEqual(['made']);
    expect(readdirSync(join(second, 'results'))).toHaveLength(1);
    expect(await before?.output(f(undefined).made)).toEqual({ n: 1 });
    rmSync(join(first, 'results'), { recursive: true });
    await expect(before?.output(f(undefined).made)).rejects.toMatchObject({ code: 'RESULT_MISSING', message: expect.stringContaining(first) });
  });

  it('and was in a bucket is found there while this process has that store for anything else', async () => {
    await f(s3('one')).flow.run();
    forgetStores();
    s3('one');
    expect(await ranIn(() => f(s3('two', 'others')).flow.run())).toEqual([]);
    expect(await ranIn(() => f(undefined).flow.run())).toEqual([]);
    expect(objects('others').size).toBe(0);
  });

  it('and has moved with all that is in it, is found in its new place', async () => {
    const [before, after] = [join(folder(), 'before'), join(folder(), 'after')];
    await f(localStore(before)).flow.run();
    renameSync(before, after);
    expect(await ranIn(() => f(localStore(after)).flow.run())).toEqual([]);
    await flow('in-s3', () => f(s3('old')).made.with({ name: 'other' })()).run();
    const [name, object] = [...objects()][0]!;
    objects('others').set(name.replace('old', 'new'), object);
    objects().clear();
    forgetStores();
    expect(await ranIn(() => flow('in-s3', async () => await f(s3('new', 'others')).made.with({ name: 'other' })()).run())).toEqual([]);
  });

  it('to one that this process does not have: computed anew, saying where it lies; found again when the store is back', async () => {
    await f(s3('shared/results')).flow.run();
    const [object] = objects().keys();
    forgetStores();
    const without = f(undefined);
    const latest = await without.flow.latest();
    await expect(latest?.output(without.made)).rejects.toMatchObject({
      code: 'STORE_UNKNOWN',
      message: expect.stringContaining('lies in s3://results/shared/results/, a store that this process does not have'),
      hint: expect.stringContaining('store'),
    });
    const [node] = (await without.flow.preview()).nodes;
    expect(node).toMatchObject({
      state: 'pending',
      why: { kind: 'missing', detail: `not in the stores at hand; it was written to s3://results/${object}` },
    });
    expect(await ranIn(() => without.flow.run())).toEqual(['made']);
    rmSync(home, { recursive: true, force: true });
    home = freshHome();
    await f(s3('shared/results')).flow.run();
    forgetStores();
    await without.flow.preview();
    expect(await ranIn(() => f(s3('shared/results')).flow.run())).toEqual([]);
  });

  it('to another prefix or bucket: computed anew there, and what lies elsewhere stays known', async () => {
    await f(s3('one')).flow.run();
    forgetStores();
    expect(await ranIn(() => f(s3('two')).flow.run())).toEqual(['made']);
    expect([...objects().keys()].map((name) => name.split('/')[0])).toEqual(['one', 'two']);
    objects().delete([...objects().keys()][1]!);
    forgetStores();
    expect(await ranIn(() => f(s3('one')).flow.run())).toEqual([]);
  });
});

describe('a store that cannot be used', () => {
  it('fails the task, with what to do, and not the tasks beside it', async () => {
    const made = cached('made', () => 1, { store: s3('a', 'nobodys') });
    const beside = cached('beside', () => 2);
    const error = await failureOf(flow('unusable', () => [made(), beside()]).run());
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['made#0']);
    expect(error.failures[0]?.cause).toMatchObject({ code: 'STORE_BUCKET_MISSING' });
    expect((await recorded('unusable/latest')).states).toEqual({ 'made#0': 'failed', 'beside#0': 'success' });
  });

  it('is no miss: what is there is not computed twice because a server could not be asked', async () => {
    const made = cached('made', () => 1, { store: s3Store({ bucket: 'results', endpoint: server.endpoint, maxAttempts: 1 }) });
    const f = flow('unreachable', () => made());
    await f.run();
    server.refuse = [403, 'AccessDenied'];
    ran = [];
    const error = await failureOf(f.run());
    expect(ran).toEqual([]);
    expect(error.message).toContain("access to bucket 'results'");
    server.refuse = undefined;
    expect(await ranIn(() => f.run())).toEqual([]);
  });

  it.each(['s3://bucket/prefix', {}, null])('%j is no store', (store) => {
    const options = { store } as unknown as { store: ResultStore };
    expect(() => task(() => 1, { name: 't', ...options })).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    expect(() => flow('f', options, () => 1)).toThrow(expect.objectContaining({ code: 'FLOW_OPTION_INVALID' }));
    expect(() => flow('f', { defaults: options }, () => 1)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
  });
});

it('a folder is told by its address, with whatever is in its name', async () => {
  const odd = join(folder(), 'a b#c%é');
  const made = cached('made', () => 1, { store: localStore(odd) });
  const f = flow('odd', () => made());
  await f.run();
  const { uri, key } = await refOf('odd/latest', 'made#0');
  expect(uri).toBe(pathToFileURL(join(odd, key)).href);
  expect(await (await f.latest())?.output(made.with({ store: localStore(folder()) }))).toBe(1);
});
