import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import {
  cache,
  csv,
  externalTask,
  flow,
  localStore,
  memoryStore,
  param,
  type ResultStore,
  s3Store,
  secret,
  type Target,
  type TaskOptions,
  task,
  text,
  unmapped,
} from '../../../src/index.js';
import { CREDENTIALS, useCredentials } from '../../s3/credentials.js';
import { startS3Server } from '../../s3/s3-server.js';
import { failureOf, freshHome, inMemory, recorded } from '../engine/workbench.js';

let ran: string[] = [];
/** The project's root folder. */
let root = '';

beforeEach(() => {
  root = freshHome();
  ran = [];
  vi.stubEnv('MILLRACE_HOME', join(root, '.millrace'));
});

// biome-ignore lint/suspicious/noExplicitAny: functions of every signature
function making<A extends any[], R>(name: string, fn: (...args: A) => R, options: TaskOptions<A, R> = {}) {
  return task<A, R>(fn, { name, version: '1', ...options, checks: [], hooks: { onStart: () => void ran.push(name) } });
}

/** Which tasks ran this time. */
async function ranIn(run: () => Promise<unknown>): Promise<readonly string[]> {
  ran = [];
  await run();
  return ran;
}

/** One that is no project. */
function freshFolder(): string {
  return mkdtempSync(`${root}-folder-`);
}

const at = (path: string): string => join(root, path);
const textAt = (path: string): string => readFileSync(at(path), 'utf8');

function put(path: string, content: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

describe('S26: what a path is made of', () => {
  it('fills in flow, task, run, parameters, inputs and the date; relative to the project’s root', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-09T10:20:30Z') });
    const made = making('made', (rows: number, kind: string) => ({ rows, kind }), {
      target: 'out/{flow}/{task}/{param.model}/{input.kind}-{input.rows}/{date:yyyy-MM-dd}/{{{run}}}.json',
    });
    const f = flow('etl', { params: { model: param({ default: 'größe' }) } }, () => made(3, 'ä b'));
    const handle = f.start();
    expect(await handle.result()).toEqual({ rows: 3, kind: 'ä b' });
    const today = new Date();
    const day = `${today.getFullYear()}-${String(today.getMonth() + 1).padStart(2, '0')}-${String(today.getDate()).padStart(2, '0')}`;
    vi.useRealTimers();
    const path = `out/etl/made/größe/ä b-3/${day.slice(0, 5)}`;
    const found = readdirSync(at(dirname(path)));
    expect(found).toHaveLength(1);
    const file = join(dirname(path), found[0]!, `{${handle.id}}.json`);
    expect(JSON.parse(textAt(file))).toEqual({ rows: 3, kind: 'ä b' });
    const { ref } = (await recorded(handle.id)).task('made#0').artifacts[0]!;
    expect([ref.uri, ref.key, ref.format]).toEqual([pathToFileURL(at(file)).href, file, 'json']);
  });

  it('takes the format of the extension, or of the serializer; text, CSV, JSON, bytes', async () => {
    const rows = [{ a: 1, b: 'x' }];
    const f = flow('formats', () => [
      making('t', () => 'hello', { target: 'o/a.txt' })(),
      making('m', () => '# hi', { target: 'o/a.md' })(),
      making('c', () => rows, { target: 'o/a.csv' })(),
      making('b', () => new Uint8Array([1, 2]), { target: 'o/a.bin' })(),
      making('j', () => rows, { target: '{flow}/{task}_output' })(),
      making('s', () => rows, { target: 'o/a.semi', serializer: csv({ delimiter: ';' }) })(),
    ]);
    await f.run();
    expect([textAt('o/a.txt'), textAt('o/a.md'), textAt('o/a.csv'), textAt('o/a.semi')]).toEqual(['hello', '# hi', 'a,b\n1,x\n', 'a;b\n1;x\n']);
    expect([...readFileSync(at('o/a.bin'))]).toEqual([1, 2]);
    expect(JSON.parse(textAt('formats/j_output'))).toEqual(rows);
  });

  it('an extension that tells no format is an error that lists those that do, when the task is defined', () => {
    const refused = expect.objectContaining({
      code: 'TARGET_INVALID',
      message: expect.stringMatching(/'a\.xyz' ends in '\.xyz', which tells no format; there are .*\.csv.*\.parquet/),
    });
    expect(() => making('odd', () => 1, { target: 'a.xyz' })).toThrow(refused);
    expect(() => making('odd', () => 1).with({ target: 'a.xyz' })).toThrow(refused);
    expect(() => externalTask('odd', { target: 'a.xyz' })).toThrow(refused);
    for (const target of ['a.JSON', 'a/b.d/c', 'a.{map.index}']) expect(() => making('fine', () => 1, { target })).not.toThrow();
    expect(() => making('own', () => 'x', { target: 'a.xyz', serializer: text() })).not.toThrow();
  });

  it('S18: a secret is refused, as names of files are shown everywhere', async () => {
    vi.stubEnv('A_TOKEN', 'hunter2-hunter2');
    secret('A_TOKEN');
    const byParam = making('byParam', () => 1, { target: 'o/{param.token}.json' });
    const byFunction = making('byFunction', (_x: number) => 1, { target: () => 'o/hunter2-hunter2.json' });
    const f = flow('leaky', { params: { token: param(z.string(), { secret: true }) } }, () => byParam());
    for (const failed of [failureOf(f.run({ token: 'tell-nobody' })), failureOf(flow('leaky', () => byFunction(1)).run())]) {
      const cause = (await failed).failures[0]!.cause as Error;
      expect(cause).toMatchObject({ code: 'TARGET_INVALID', message: expect.stringMatching(/holds a secret/) });
      expect(cause.message).not.toMatch(/tell-nobody|hunter2/);
    }
    expect(existsSync(at('o'))).toBe(false);
    const [node] = (await f.preview({ token: 'tell-nobody' })).nodes;
    expect(node).toMatchObject({ state: 'pending', why: { detail: expect.stringMatching(/holds a secret/) } });
  });

  it('S27: an input that cannot be part of a path is told of that node; the others are previewed', async () => {
    const good = making('good', (x: number) => x, { target: 'o/{input.x}.json' });
    const bad = making('bad', (x: object) => x, { target: 'o/{input.x}.json' });
    const many = making('many', (x: object | number) => x, { target: 'o/m-{input.x}.json' });
    const f = flow('mixed', () => [good(1), bad({ a: 1 }), many.map([1, { a: 1 }])]);
    const problem = /expected '{input\.x}' to be a text, a number or a boolean/;
    expect((await f.preview()).nodes.map(({ id, state, why }) => [id, state, problem.test(why?.detail ?? '')])).toEqual([
      ['good#0', 'pending', false],
      ['bad#0', 'pending', true],
      ['many#0', 'pending', false],
    ]);
    await expect(f.run()).rejects.toThrow(problem);
    expect((await f.preview()).nodes.map(({ id, state, why }) => [id, state, problem.test(why?.detail ?? '')])).toEqual([
      ['good#0', 'complete', false],
      ['bad#0', 'pending', true],
      ['many#0', 'pending', true],
    ]);
  });

  it('S16: what comes after gets what is read back', async () => {
    const kinds = making('kinds', (rows: { when: unknown }[]) => rows.map(({ when }) => typeof when));
    const table = making('table', () => [{ when: new Date(0) as unknown }], { target: 'o/t.csv' });
    const first = await flow('back', () => kinds(table())).run();
    expect(await ranIn(async () => expect(await flow('back', () => kinds(table())).run()).toEqual(first))).toEqual(['kinds']);
  });

  it.each([
    ['a/{day}.json', "there is no placeholder '{day}'"],
    ['a/{input.nothing}.json', "'{input.nothing}' names no parameter of its function; there are 'x'"],
    ['a/{param.x', "a '{' that is never closed at character 3"],
    ['a}b', "a '}' without a '{' at character 2"],
    ['a/{date:YYYY-qqqqqqqqq jj}.json', 'is no date format'],
    ['  ', 'expected a path; got an empty text'],
  ])('%s is refused when the task is defined', (target, problem) => {
    expect(() => task((x: number) => x, { name: 'odd', target })).toThrow(
      expect.objectContaining({ code: 'TARGET_INVALID', message: expect.stringContaining(problem) }),
    );
  });

  it('what is no target is refused; so are outputs and persist: false beside one', () => {
    const refused = (options: object) =>
      expect(() => task((x: number) => ({ x }), { name: 'odd', ...options } as never)).toThrow(expect.objectContaining({ code: 'TARGET_INVALID' }));
    refused({ target: 7 });
    refused({ target: { scheme: 'x', exists: () => true } });
    refused({ target: 'a.json', outputs: { x: undefined } });
    refused({ target: 'a.json', persist: false });
  });

  it('a parameter that the flow does not have is an error before anything runs, in preview too', async () => {
    const first = making('first', () => 1);
    const odd = making('odd', (x: number) => x, { target: 'o/{param.day}.json' });
    const f = flow('params', { params: { date: param({ default: 'd' }), model: param({ default: 'm' }) } }, () => odd(first()));
    const error = await failureOf(f.run());
    expect(error.cause).toMatchObject({
      code: 'TARGET_INVALID',
      message: "the target of 'odd': '{param.day}' names no parameter of flow 'params'; there are 'date', 'model'",
    });
    expect(ran).toEqual([]);
    await expect(f.preview()).rejects.toMatchObject({ code: 'TARGET_INVALID' });
    await expect(flow('mapped', () => odd.map([1])).run()).rejects.toMatchObject({ cause: { code: 'TARGET_INVALID' } });
    await expect(Promise.resolve(odd(1))).rejects.toMatchObject({
      message: expect.stringContaining("names no parameter of flow 'odd'; there are none"),
    });
  });

  it('{map.index} is for maps', async () => {
    const each = making('each', (x: number) => x * 2, { target: 'o/{map.index}.json' });
    expect(await flow('each', () => each.map([5, 6])).run()).toEqual([10, 12]);
    expect([textAt('o/0.json'), textAt('o/1.json')]).toEqual(['10', '12']);
    expect((await failureOf(flow('alone', () => each(1)).run())).cause).toMatchObject({ code: 'TARGET_INVALID' });
  });

  it('an input that is no simple value is an error that names it', async () => {
    const odd = making('odd', (order: object) => order, { target: 'o/{input.order}.json' });
    const error = await failureOf(flow('odd', () => odd({ id: 1 })).run());
    expect(error.failures[0]!.cause).toMatchObject({
      code: 'TARGET_INVALID',
      message: expect.stringContaining('\'{input.order}\' to be a text, a number or a boolean; it is {"id":1}'),
    });
    expect(ran).toEqual([]);
  });

  it('an input may be the result of a task, computed or reused', async () => {
    const name = making('name', () => 'later', { cache: cache.default });
    const made = making('made', (n: string) => n, { target: 'o/{input.n}.txt' });
    const f = flow('later', () => made(name()));
    expect(await ranIn(() => f.run())).toEqual(['name', 'made']);
    expect(await ranIn(() => f.run())).toEqual([]);
    expect((await f.preview()).nodes.map(({ target, state }) => [target, state])).toEqual([
      [undefined, 'complete'],
      ['o/later.txt', 'complete'],
    ]);
    rmSync(at('o/later.txt'));
    expect(await ranIn(() => f.run())).toEqual(['made']);
  });

  it('values lead nowhere', async () => {
    const made = making('made', (x: string) => x, { target: 'o/{input.x}/f.txt' });
    for (const x of ['..', '../..', '/etc/passwd', '', 'a\\b', 'c\nd', '...']) await flow('safe', () => made(x)).run();
    expect(readdirSync(at('o')).sort()).toEqual(['.._..', '_', '__', '___', '_etc_passwd', 'a_b', 'c_d'].sort());
    expect(readdirSync(root).sort()).toEqual(['.millrace', 'o']);
  });

  it.each(['../x.json', 'a/../../x.json', '.millrace/millrace.db', 'a/\u0000'])('%s leads out of its root, and is refused', async (target) => {
    const error = await failureOf(flow('out', () => making('out', () => 1, { target, serializer: text() as never })()).run());
    expect(error.failures[0]!.cause).toMatchObject({ code: 'TARGET_INVALID' });
  });

  it('an absolute path stays one', async () => {
    const folder = freshFolder();
    const made = making('made', (x: string) => x, { target: `${folder}/{input.x}/a.txt` });
    const f = flow('absolute', () => made('../q'));
    await f.run();
    expect(readFileSync(join(folder, '.._q', 'a.txt'), 'utf8')).toBe('../q');
    expect(await ranIn(() => f.run())).toEqual([]);
    expect((await f.preview()).nodes[0]!.target).toBe(pathToFileURL(join(folder, '.._q', 'a.txt')).href);
  });

  it('a function of the arguments gives a path; one that throws, or gives none, fails the task', async () => {
    const made = making('made', (_rows: number[], ratio: number) => ratio, { target: (_rows, ratio) => `split-${ratio}.json` });
    const f = flow('by-function', () => made([1], 0.2));
    await f.run();
    expect(textAt('split-0.2.json')).toBe('0.2');
    expect(await ranIn(() => f.run())).toEqual([]);
    for (const target of [
      () => '',
      () => 7 as never,
      () => {
        throw new Error('no');
      },
    ]) {
      const error = await failureOf(flow('odd', () => making('odd', () => 1, { target })()).run());
      expect(error.failures[0]!.cause).toMatchObject({ code: 'TARGET_INVALID' });
    }
  });
});

describe('S26: complete', () => {
  const report = making('report', (n: number) => ({ n }), { target: 'out/report.json' });
  const after = making('after', ({ n }: { n: number }) => n + 1, { cache: cache.default });
  const f = flow('complete', { params: { n: param({ default: 1 }) } }, ({ n }) => after(report(n)));

  it('implies reuse: the same call is not computed again, and another is', async () => {
    expect(await ranIn(() => f.run())).toEqual(['report', 'after']);
    expect(await ranIn(() => f.run())).toEqual([]);
    expect(await ranIn(() => f.run({ n: 2 }))).toEqual(['report', 'after']);
    expect(textAt('out/report.json')).toBe('{"n":2}');
  });

  it('what task or flow say about reuse counts', async () => {
    const never = flow('never', () => report.with({ cache: false })(1));
    await never.run();
    expect(await ranIn(() => never.run())).toEqual(['report']);
    const neither = flow('neither', { cache: false }, () => report(1));
    expect(await ranIn(() => neither.run())).toEqual(['report']);
    const expired = flow('expired', () => report.with({ cache: cache.default.ttl(0) })(1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await ranIn(() => expired.run())).toEqual(['report']);
  });

  it('a file that was deleted is missing; one changed behind our back is replaced, and never moved', async () => {
    await f.run();
    rmSync(at('out/report.json'));
    expect((await f.preview()).nodes[0]).toMatchObject({
      state: 'pending',
      target: 'out/report.json',
      why: { kind: 'missing', detail: 'out/report.json' },
    });
    expect(await ranIn(() => f.run())).toEqual(['report']);
    for (const content of ['{"n":9}', '{"n":10}', 'broken']) {
      writeFileSync(at('out/report.json'), content);
      expect((await f.preview()).nodes[0]).toMatchObject({ state: 'pending', why: { kind: 'file-changed', detail: 'out/report.json' } });
      const handle = f.start();
      expect(await ranIn(() => handle.result())).toEqual(['report']);
      expect((await recorded(handle.id)).task('report#0').reason).toEqual({ kind: 'file-changed', detail: 'out/report.json' });
      expect(textAt('out/report.json')).toBe('{"n":1}');
    }
    expect(existsSync(at('quarantine'))).toBe(false);
    expect(readdirSync(at('out'))).toEqual(['report.json']);
  });

  it('S22b: what was made from other contents of a file is no answer, though somebody puts it back', async () => {
    put('data.txt', 'a');
    const upper = making('upper', () => textAt('data.txt').toUpperCase(), { target: 'upper.txt' });
    const f = flow('f', () => upper());
    await f.run();
    put('data.txt', 'b');
    await f.run();
    put('upper.txt', 'A');
    expect((await f.preview()).nodes[0]).toMatchObject({ state: 'pending', why: { kind: 'file-changed', detail: 'upper.txt' } });
    expect(await f.run()).toBe('B');
    put('data.txt', 'a');
    put('upper.txt', 'A');
    expect(await ranIn(() => f.run())).toEqual([]);
  });

  it('S27: of a map, how many for which reason', async () => {
    const each = making('each', (n: number) => n, { target: 'out/{input.n}.json' });
    const f = flow('f', () => each.map([1, 2, 3, 4]));
    await f.run();
    put('out/2.json', '5');
    rmSync(at('out/3.json'));
    expect((await f.preview()).nodes[0]?.why).toEqual({ kind: 'file-changed', detail: '1 of 4 children; the first: out/2.json; 1 more: missing' });
    put('out/2.json', '2');
    expect((await f.preview()).nodes[0]?.why).toEqual({ kind: 'missing', detail: '1 of 4 children; the first: out/3.json' });
  });

  it('S23: the old content, put back, is complete again', async () => {
    await f.run();
    writeFileSync(at('out/report.json'), 'other');
    expect((await f.preview()).nodes[0]!.state).toBe('pending');
    writeFileSync(at('out/report.json'), '{"n":1}');
    expect(await ranIn(() => f.run())).toEqual([]);
  });

  it('S26: one that changes between the look and the reading is replaced too', async () => {
    await f.run();
    const peek = making('peek', () => {
      writeFileSync(at('out/report.json'), '{"n":7}');
      return 0;
    });
    const late = making('late', ({ n }: { n: number }, _: number) => n);
    expect(await flow('late', () => late(report(1), peek().after(report(1)))).run()).toBe(1);
    expect(textAt('out/report.json')).toBe('{"n":1}');
  });

  it('a file made by others is taken, when it can be decoded and the record knows nothing of its address; preview says so', async () => {
    put('out/report.json', '{"n":41}');
    const [shown] = (await f.preview()).nodes;
    expect(shown).toMatchObject({
      state: 'complete',
      why: { kind: 'no-result', detail: "'out/report.json' is there, made by no recorded run: it is taken as it is" },
    });
    const handle = f.start();
    expect(await ranIn(async () => expect(await handle.result()).toBe(42))).toEqual(['after']);
    expect((await recorded(handle.id)).states).toEqual({ 'report#0': 'cached', 'after#0': 'success' });
    // From now on the record knows it.
    expect(await ranIn(() => f.run())).toEqual([]);
    writeFileSync(at('out/report.json'), '{"n":43}');
    expect(await ranIn(() => f.run())).toEqual(['report', 'after']);
    expect(textAt('out/report.json')).toBe('{"n":1}');
  });

  it('one that cannot be decoded is computed', async () => {
    put('out/report.json', '{"n":');
    expect((await f.preview()).nodes[0]).toMatchObject({ state: 'pending', why: { kind: 'no-result' } });
    expect(await ranIn(() => f.run())).toEqual(['report', 'after']);
  });

  it('an address that the record knows of is not taken as it is: code that changed, a task of another name', async () => {
    await flow('old', () => report(1)).run();
    const renamed = making('renamed', () => ({ n: 5 }), { target: 'out/report.json' });
    expect(await ranIn(() => flow('new', () => renamed()).run())).toEqual(['renamed']);
    const changed = report.with({ version: '2' });
    const g = flow('newer', () => changed(1));
    expect((await g.preview()).nodes[0]).toMatchObject({ state: 'pending', why: { kind: 'version-changed' } });
    expect(await ranIn(() => g.run())).toEqual(['report']);
  });

  it('S28: force computes it whatever is there', async () => {
    await f.run();
    expect(await ranIn(() => f.run({}, { force: true }))).toEqual(['report', 'after']);
    put('other.json', '1');
    const other = flow('other', () => making('other', () => 2, { target: 'other.json' })());
    expect(await ranIn(() => other.run({}, { force: true }))).toEqual(['other']);
  });

  it('a project that was moved keeps its targets', async () => {
    await f.run();
    const moved = `${root}-moved`;
    renameSync(root, moved);
    root = moved;
    vi.stubEnv('MILLRACE_HOME', join(moved, '.millrace'));
    expect(await ranIn(async () => expect(await f.run()).toBe(2))).toEqual([]);
  });

  it('works where nothing is kept on disk', async () => {
    const folder = freshFolder();
    inMemory();
    const g = flow('memory', () => making('made', () => 1, { target: join(folder, 'a.json') })());
    await g.run();
    expect(await ranIn(() => g.run())).toEqual([]);
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('1');
  });

  it('S24: identical calls of one run execute once', async () => {
    expect(await ranIn(() => flow('twice', () => [report(1), report(1)]).run())).toEqual(['report']);
  });

  it('flow.output and latest().output read it; visualize names it, for a trace and a run of the past', async () => {
    await f.run();
    expect(await f.output(report)).toEqual({ n: 1 });
    expect(await (await f.latest())?.output(report)).toEqual({ n: 1 });
    expect((await f.preview()).toTree()).toContain('report#0 (complete) → out/report.json');
    expect((await f.graph()).toString()).toContain('→ out/report.json');
    expect(await f.visualize()).toContain('target: out/report.json');
    const past = JSON.parse(await f.visualize({}, { format: 'json', from: { runId: 'complete/latest' } }));
    expect(past.nodes[0].target).toBe(pathToFileURL(at('out/report.json')).href);
    await f.run();
    expect(await f.visualize({}, { format: 'json', from: { runId: 'complete/latest' } })).toContain('out/report.json');
  });

  it('a drawing that lacks parameters, or inputs, shows the placeholder', async () => {
    const one = making('one', () => 1);
    const made = making('made', (x: number) => x, { target: 'o/{param.day}/{input.x}.json' });
    const g = flow('drawn', { params: { day: z.string() } }, () => made(one()));
    expect((await g.graph()).nodes.at(-1)!.target).toBe('o/{param.day}/{input.x}.json');
    const h = flow('drawn', { params: { day: param({ default: 'mo' }) } }, () => made(one()));
    expect((await h.preview()).nodes[1]).toMatchObject({ target: 'o/mo/{input.x}.json', why: { kind: 'upstream-pending' } });
  });

  it('a temporary file is never left behind, and a failed write leaves what was there', async () => {
    await f.run();
    const store: ResultStore = { ...proxied(localStore(root)), write: async () => Promise.reject(new Error('disk gone')) };
    const odd = making('odd', () => ({ n: 3 }), { target: 'out/report.json', store });
    await failureOf(flow('fails', () => odd()).run());
    expect(textAt('out/report.json')).toBe('{"n":1}');
    expect(readdirSync(at('out'))).toEqual(['report.json']);
  });

  it('long streams are spooled beside the target and moved into place', async () => {
    const made = making(
      'made',
      async function* () {
        for (let at = 0; at < 40; at++) yield Buffer.alloc(64 * 1024, at);
      } as never,
      { target: 'big/all.bin' },
    );
    const size = making('size', async (all: ReadableStream<Uint8Array>) => {
      let sum = 0;
      for await (const piece of all as unknown as AsyncIterable<Uint8Array>) sum += piece.length;
      return sum;
    });
    const g = flow('streams', () => size(made() as never));
    expect(await g.run()).toBe(40 * 64 * 1024);
    expect(readdirSync(at('big'))).toEqual(['all.bin']);
    expect(await ranIn(() => g.run())).toEqual(['size']);
  });
});

function proxied(store: ResultStore): ResultStore {
  return {
    scheme: store.scheme,
    ...(store.location === undefined ? {} : { location: store.location }),
    head: (key) => store.head(key),
    read: (key) => store.read(key),
    write: (key, bytes, options) => store.write(key, bytes, options),
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
  };
}

describe('S26: stores', () => {
  it('is relative to the task’s store, else to the flow’s', async () => {
    const [own, whole] = [freshFolder(), freshFolder()];
    const a = making('a', () => 1, { target: 'a.json', store: localStore(own) });
    const b = making('b', () => 2, { target: 'b.json' });
    const g = flow('stores', { store: localStore(whole) }, () => [a(), b()]);
    await g.run();
    expect([readFileSync(join(own, 'a.json'), 'utf8'), readFileSync(join(whole, 'b.json'), 'utf8')]).toEqual(['1', '2']);
    expect(await ranIn(() => g.run())).toEqual([]);
  });

  it('another store is another place', async () => {
    const [one, two] = [memoryStore(), memoryStore()];
    const a = making('a', (n: number) => n, { target: 'a.json' });
    await flow('one', () => a.with({ store: one })(1)).run();
    expect(await ranIn(() => flow('two', () => a.with({ store: two })(1)).run())).toEqual(['a']);
    expect(await ranIn(() => flow('one', () => a.with({ store: one })(1)).run())).toEqual([]);
  });

  it('S3: in the store, or by an address; the whole object is replaced', async () => {
    useCredentials();
    await using server = await startS3Server({ credentials: CREDENTIALS, buckets: ['data'] });
    const store = s3Store({ bucket: 'data', prefix: 'p', endpoint: server.endpoint });
    const a = making('a', (n: number) => [{ n }], { target: 'out/{task}.csv', store });
    const b = making('b', (n: number) => n, { target: 's3://data/p/out/b.json' });
    const g = flow('s3', { params: { n: param({ default: 1 }) } }, ({ n }) => [a(n), b(n)]);
    await g.run();
    expect([...server.buckets.get('data')!.objects.keys()].sort()).toEqual(['p/out/a.csv', 'p/out/b.json']);
    expect(await ranIn(() => g.run())).toEqual([]);
    expect((await g.preview()).nodes.map(({ target }) => target)).toEqual(['s3://data/p/out/a.csv', 's3://data/p/out/b.json']);
    expect(await ranIn(() => g.run({ n: 2 }))).toEqual(['a', 'b']);
    await store.write('out/a.csv', Buffer.from('n\n7\n'));
    expect(await ranIn(() => g.run({ n: 2 }))).toEqual(['a']);
  });

  it('an address in a store that nobody has made is refused', async () => {
    const error = await failureOf(flow('odd', () => making('odd', () => 1, { target: 'gs://b/k.json' })()).run());
    expect(error.failures[0]!.cause).toMatchObject({
      code: 'TARGET_INVALID',
      message: expect.stringContaining("no store of this process has 'gs://b/k.json'"),
    });
  });
});

describe('S26: two that write one target', () => {
  it('is an error that names both', async () => {
    const a = making('a', () => 1, { target: 'same.json' });
    const b = making('b', () => 2, { target: 'same.json' });
    const error = await failureOf(flow('taken', () => [a(), b()]).run());
    expect(error.failures[0]!.cause).toMatchObject({
      code: 'TARGET_TAKEN',
      message: "expected one task run to write 'same.json'; 'a#0' and 'b#0' both would",
    });
    expect(ran).toEqual(['a']);
  });

  it('two calls of one task with other arguments; also uncached ones, and one that was reused', async () => {
    const a = making('a', (n: number) => n, { target: 'same.json' });
    const f = flow('taken', () => [a(1), a(2)]);
    expect((await failureOf(f.run())).failures[0]!.cause).toMatchObject({ code: 'TARGET_TAKEN' });
    expect((await failureOf(f.run())).failures[0]!.cause).toMatchObject({ code: 'TARGET_TAKEN' });
    const uncached = a.with({ cache: false });
    expect((await failureOf(flow('uncached', () => [uncached(1), uncached(1)]).run())).failures[0]!.cause).toMatchObject({ code: 'TARGET_TAKEN' });
  });

  it('children of a map: before any of them runs', async () => {
    const each = making('each', (n: number, kind: string) => n + kind, { target: '{input.kind}.json' });
    const error = await failureOf(flow('map', () => each.map([1, 2, 3], ['a', 'b', 'a'])).run());
    expect(error.failures[0]!.cause).toMatchObject({ code: 'TARGET_TAKEN', message: expect.stringContaining("'each#0[0]' and 'each#0[2]'") });
    expect(ran).toEqual([]);
    expect(await flow('map', () => each.map([1, 2], ['a', 'b'])).run()).toEqual(['1a', '2b']);
    expect((await failureOf(flow('all', () => each.map([1, 2], unmapped('c'))).run())).failures[0]!.cause).toMatchObject({ code: 'TARGET_TAKEN' });
    // The same call twice is one.
    expect(await flow('twice', () => each.map([1, 1], unmapped('d'))).run()).toEqual(['1d', '1d']);
  });

  it('children whose inputs are results: when the second is about to start', async () => {
    const inner = making('inner', (n: number) => n % 2);
    const each = making('each', (n: number) => `${n}`, { target: 'n/{input.n}.txt', cache: false });
    const error = await failureOf(flow('late', () => each.map(inner.map([1, 2, 3]))).run());
    expect(error.failures.map(({ cause }) => (cause as { code: string }).code)).toContain('TARGET_TAKEN');
  });
});

describe('a target of your own', () => {
  function shelf(): Target<number[]> & { value: number[] | undefined; writes: number } {
    return {
      scheme: 'shelf',
      address: 'shelf:top',
      value: undefined,
      writes: 0,
      async exists() {
        return this.value !== undefined;
      },
      async read() {
        return [...(this.value ?? [])];
      },
      async write(value) {
        this.writes++;
        this.value = [...value].sort();
      },
    };
  }

  it('is complete with the same key recorded while it exists; what comes after gets what is read', async () => {
    const top = shelf();
    const made = making('made', (n: number) => [n, 1], { target: top });
    const sum = making('sum', (list: number[]) => list.join());
    const f = flow('shelf', { params: { n: param({ default: 3 }) } }, ({ n }) => sum(made(n)));
    expect(await f.run()).toBe('1,3');
    expect(await ranIn(async () => expect(await f.run()).toBe('1,3'))).toEqual(['sum']);
    expect((await f.preview()).nodes[0]).toMatchObject({ state: 'complete', target: 'shelf:top' });
    expect((await recorded('shelf/latest')).states).toEqual({ 'made#0': 'cached', 'sum#0': 'success' });
    top.value = undefined;
    expect((await f.preview()).nodes[0]).toMatchObject({ state: 'pending', why: { kind: 'missing', detail: 'shelf:top' } });
    expect(await ranIn(() => f.run())).toEqual(['made', 'sum']);
    expect(await ranIn(() => f.run({ n: 4 }))).toEqual(['made', 'sum']);
    expect(top.writes).toBe(3);
    expect(await f.output(made, { n: 4 })).toEqual([1, 4]);
  });

  it('that was filled by others says nothing of these rows: only an external task takes it', async () => {
    const top = shelf();
    top.value = [7];
    const theirs = externalTask<number[]>('theirs', { target: top });
    expect(await flow('theirs', () => theirs()).run()).toEqual([7]);
    const made = making('made', () => [1], { target: top });
    expect(await ranIn(async () => expect(await flow('made', () => made()).run()).toEqual([1]))).toEqual(['made']);
  });

  it('belongs to one task run', async () => {
    const top = shelf();
    const error = await failureOf(flow('two', () => [making('a', () => [1], { target: top })(), making('b', () => [2], { target: top })()]).run());
    expect(error.failures[0]!.cause).toMatchObject({ code: 'TARGET_TAKEN' });
  });
});
