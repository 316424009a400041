import { EventEmitter } from 'node:events';
import {
  appendFileSync,
  cpSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { all, cache, ctx, flow, localStore, param, task } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { freshHome, gate, recorded, statesOfLatest } from '../engine/workbench.js';
import { cached, folderWith, ran, ranIn, readsOf } from './observing.js';

beforeEach(() => {
  freshHome();
});

describe('S22b: who read what', () => {
  it('tasks side by side are told apart, and exactly those run again that read what changed', async () => {
    const folder = folderWith({ 'a.csv': 'a', 'b.csv': 'b', 'both.csv': '0' });
    const [first, second] = [gate(), gate()];
    const a = cached('a', async () => {
      const own = await readFile(join(folder, 'a.csv'), 'utf8');
      first.open();
      await second.opened;
      return own + readFileSync(join(folder, 'both.csv'), 'utf8');
    });
    const b = cached('b', async () => {
      await first.opened;
      const own = readFileSync(join(folder, 'b.csv'), 'utf8');
      second.open();
      return own + (await readFile(join(folder, 'both.csv'), 'utf8'));
    });
    const none = cached('none', () => 'nothing');
    const side = flow('side', () => all([a(), b(), none()]));
    expect(await side.run()).toEqual(['a0', 'b0', 'nothing']);
    expect(await readsOf('a')).toEqual({ 'a.csv': 'content', 'both.csv': 'content' });
    expect(await readsOf('b')).toEqual({ 'b.csv': 'content', 'both.csv': 'content' });
    expect(await readsOf('none')).toEqual({});
    expect(await ranIn(() => side.run())).toEqual([]);
    writeFileSync(join(folder, 'a.csv'), 'A');
    expect(await ranIn(() => side.run())).toEqual(['a']);
    writeFileSync(join(folder, 'both.csv'), '1');
    expect(await ranIn(() => side.run())).toEqual(['a', 'b']);
    writeFileSync(join(folder, 'a.csv'), 'a');
    writeFileSync(join(folder, 'both.csv'), '0');
    expect(await ranIn(() => side.run())).toEqual([]);
    expect(await side.run()).toEqual(['a0', 'b0', 'nothing']);
  });

  it('through timers, Promise.all, emitters, streams, microtasks and tasks called inside', async () => {
    const names = ['timer', 'one', 'two', 'micro', 'stream', 'inner', 'immediate', 'emitter'];
    const folder = folderWith(Object.fromEntries(names.map((name) => [name, name])));
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const inner = task((name: string) => read(name), { name: 'inner' });
    const outer = cached('outer', async () => {
      const found = [await new Promise<string>((resolve) => setTimeout(() => resolve(read('timer')), 1))];
      found.push(...(await Promise.all([readFile(join(folder, 'one'), 'utf8'), sleep(1).then(() => read('two'))])));
      queueMicrotask(() => found.push(read('micro')));
      found.push(await text(createReadStream(join(folder, 'stream'))));
      found.push(await inner('inner'));
      await new Promise<void>((resolve) => setImmediate(() => resolve(void found.push(read('immediate')))));
      const emitter = new EventEmitter();
      emitter.on('go', () => found.push(read('emitter')));
      emitter.emit('go');
      return found.length;
    });
    const nested = flow('nested', () => outer());
    expect(await nested.run()).toBe(names.length);
    expect(await readsOf('outer')).toEqual(Object.fromEntries(names.map((name) => [name, 'content'])));
  });

  it('in a function that cpSync asks', async () => {
    const folder = folderWith({ a: '1', wanted: 'yes' });
    const t = cached('t', () => {
      const target = mkdtempSync(join(folder, 'copy-'));
      cpSync(join(folder, 'a'), join(target, 'a'), { filter: () => readFileSync(join(folder, 'wanted'), 'utf8') === 'yes' });
      return existsSync(join(target, 'a'));
    });
    expect(await flow('asked', () => t()).run()).toBe(true);
    expect(await readsOf('t')).toMatchObject({ a: expect.stringContaining('content'), wanted: 'content' });
  });

  it('the children of a map each have their own', async () => {
    const folder = folderWith({ x: '1', y: '2', z: '3' });
    const load = cached('load', (name: string) => readFile(join(folder, name), 'utf8'));
    const mapped = flow('mapped', () => load.map(['x', 'y', 'z']));
    expect(await mapped.run()).toEqual(['1', '2', '3']);
    writeFileSync(join(folder, 'y'), 'changed');
    expect(await ranIn(() => mapped.run())).toEqual(['load']);
    expect((await recorded('mapped/latest')).tasks.map(({ state }) => state)).toEqual(['success', 'cached', 'success', 'cached']);
  });

  it('what a task reads after it has ended is nobody’s input', async () => {
    const folder = folderWith({ late: '1' });
    const [ended, read] = [gate(), gate()];
    const t = cached('t', () => {
      void ended.opened.then(() => readFileSync(join(folder, 'late'))).then(() => read.open());
      return 1;
    });
    const late = flow('late', () => t());
    await late.run();
    ended.open();
    await read.opened;
    expect(await readsOf('t')).toEqual({});
  });

  it('a failed attempt’s reads are not those of the one that succeeded', async () => {
    const folder = folderWith({ first: '1', second: '2' });
    const t = cached('t', () => readFileSync(join(folder, ran.length === 1 ? 'first' : 'second'), 'utf8') === '2' || fail(), { retries: 1 });
    const fail = (): never => {
      throw new Error('again');
    };
    ran.length = 0;
    await flow('retried', () => t()).run();
    expect(await readsOf('t')).toEqual({ second: 'content' });
  });
});

describe('S22b: sub-flows', () => {
  it('a cached sub-flow counts what its body and all its children read, whether they ran or were reused', async () => {
    const folder = folderWith({ body: '1', plain: '2', cached: '3', deep: '4' });
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const plain = task(() => read('plain'), { name: 'plain', cache: false });
    const kept = cached('kept', () => read('cached'));
    const deep = flow('deep', () => task(() => read('deep'), { name: 'deep-task', cache: false })()).asTask();
    const inner = flow('inner', () => {
      ran.push('inner');
      const own = read('body');
      return all([plain(), kept(), deep(), own]);
    });
    const outer = flow('outer', () => inner.asTask({ cache: cache.default, version: '1' })());
    // The cached child is reused inside the sub-flow the first time that runs.
    await flow('before', () => kept()).run();
    expect(await outer.run()).toEqual(['2', '3', '4', '1']);
    for (const name of ['body', 'plain', 'cached', 'deep']) {
      expect(await ranIn(() => outer.run()), 'nothing changed').toEqual([]);
      writeFileSync(join(folder, name), `${name}!`);
      expect(await ranIn(() => outer.run()), name).toContain('inner');
    }
    expect(await outer.run()).toEqual(['plain!', 'cached!', 'deep!', 'body!']);
  });

  it('reading results from a store is nobody’s input', async () => {
    const folder = folderWith();
    const big = cached('big', () => 'x'.repeat(100_000), { store: localStore(join(folder, 'store')) });
    const size = task((value: string) => value.length, { name: 'size', cache: false });
    const inner = flow('inner', async () => (await size(big())) + (await big()).length);
    const outer = flow('outer', () => inner.asTask({ cache: cache.default, version: '1' })());
    await flow('before', () => big()).run();
    expect(await outer.run()).toBe(200_000);
    expect(await readsOf('inner')).toEqual({});
  });
});

describe('S22b: what does not count', () => {
  it('what the task wrote itself, before it reads it', async () => {
    const folder = folderWith({ shared: '1' });
    const t = cached('t', async () => {
      writeFileSync(join(folder, 'one'), '1');
      await writeFile(join(folder, 'two'), '2');
      await mkdir(join(folder, 'made', 'deep'), { recursive: true });
      writeFileSync(join(folder, 'made', 'deep', 'three'), '3');
      await new Promise<void>((resolve) => createWriteStream(join(folder, 'four')).end('4', resolve));
      appendFileSync(join(folder, 'five'), '5');
      renameSync(join(folder, 'one'), join(folder, 'moved'));
      const own = mkdtempSync(join(folder, 'temporary-'));
      writeFileSync(join(own, 'six'), '6');
      const found = ['moved', 'two', 'made/deep/three', 'four', 'five'].map((name) => readFileSync(join(folder, name), 'utf8'));
      found.push(readFileSync(join(own, 'six'), 'utf8'), String(readdirSync(join(folder, 'made'))), String(existsSync(join(own, 'six'))));
      rmSync(own, { recursive: true });
      return [...found, existsSync(own), statSync(join(folder, 'two')).size].join();
    });
    const writes = flow('writes', () => t());
    expect(await writes.run()).toBe('1,2,3,4,5,6,deep,true,false,1');
    expect(await readsOf('t')).toEqual({});
    writeFileSync(join(folder, 'two'), 'somebody else');
    expect(await ranIn(() => writes.run())).toEqual([]);
  });

  it('but what is appended to, moved or linked stays an input', async () => {
    const folder = folderWith({ log: 'a', source: 'b' });
    const t = cached('t', () => {
      appendFileSync(join(folder, 'log'), '');
      renameSync(join(folder, 'source'), join(folder, 'target'));
      return readFileSync(join(folder, 'log'), 'utf8') + readFileSync(join(folder, 'target'), 'utf8');
    });
    await flow('moves', () => t()).run();
    expect(await readsOf('t')).toEqual({ log: 'content', target: 'content' });
  });

  it('installed packages, the project folder, the task’s temporary folder, /proc and /dev', async () => {
    const folder = folderWith();
    mkdirSync(join(folder, 'node_modules', 'p'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', 'p', 'data.csv'), '1');
    const home = process.env.MILLRACE_HOME as string;
    const t = cached('t', async () => {
      const temporary = await ctx().tempDir();
      writeFileSync(join(temporary.path, 'x'), 'x');
      readFileSync(join(folder, 'node_modules', 'p', 'data.csv'));
      readdirSync(home);
      readFileSync(join(temporary.path, 'x'));
      if (process.platform === 'linux') readFileSync('/proc/self/stat');
      return existsSync('/dev/null');
    });
    await flow('elsewhere', () => t()).run();
    expect(await readsOf('t')).toEqual({});
  });

  it('modules that are loaded, in CommonJS, ESM or JSON; data in JSON does', async () => {
    const folder = folderWith({
      'a.cjs': "module.exports = require('./b.json').b;",
      'b.json': '{"b":1}',
      'c.mjs': 'export const c = 2;',
      'data.json': '[3]',
      'package.json': '{}',
    });
    const load = createRequire(join(folder, 'x.cjs'));
    const t = cached('t', async () => {
      const { c } = (await import(/* @vite-ignore */ `file://${join(folder, 'c.mjs')}`)) as { c: number };
      const [d] = JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8')) as number[];
      return [load('./a.cjs') as number, c, d];
    });
    expect(await flow('modules', () => t()).run()).toEqual([1, 2, 3]);
    expect(await readsOf('t')).toEqual({ 'data.json': 'content' });
  });

  it('the times of a file, unless the task looks at them', async () => {
    const folder = folderWith({ data: '12345' });
    const size = cached('size', () => statSync(join(folder, 'data')).size);
    const age = cached('age', () => statSync(join(folder, 'data')).mtime.getTime());
    const touched = flow('touched', () => all([size(), age()]));
    await touched.run();
    utimesSync(join(folder, 'data'), 1_000, 2_000);
    expect(await ranIn(() => touched.run())).toEqual(['age']);
  });

  it('what uncached tasks read', async () => {
    const folder = folderWith({ data: '1' });
    const plain = task(() => readFileSync(join(folder, 'data'), 'utf8'), { name: 'plain' });
    await flow('plain', () => plain()).run();
    await using project = await openProject();
    expect(await project.record.latestEntry('plain')).toBeUndefined();
  });
});

describe('S22b: files that change while they are read', () => {
  it('are no base for reuse, and the task’s log says so', async () => {
    const folder = folderWith({ data: 'before' });
    const [read, changed] = [gate(), gate()];
    const t = cached('t', async () => {
      const stream = createReadStream(join(folder, 'data'));
      const found = await text(stream);
      read.open();
      await changed.opened;
      return found;
    });
    const restless = flow('restless', () => t());
    const run = restless.start();
    await read.opened;
    writeFileSync(join(folder, 'data'), 'change');
    changed.open();
    expect(await run.result()).toBe('before');
    await using project = await openProject();
    const lines = await project.record.logs(run.id);
    expect(lines.map(({ level, text: line }) => [level, line])).toEqual([
      ['warn', `'${join(folder, 'data')}' changed while it was read: the result will not be reused`],
    ]);
    const why = { kind: 'file-changed', detail: `${join(folder, 'data')} (while it was read)` };
    expect((await restless.preview()).nodes[0]).toMatchObject({ state: 'pending', why });
    const next = restless.start();
    expect(await ranIn(() => next.result())).toEqual(['t']);
    expect((await project.record.taskRuns(next.id))[0]?.reason).toEqual(why);
    expect(await restless.run()).toBe('change');
    expect(await ranIn(() => restless.run())).toEqual([]);
  });

  it('two contents, seen one after the other by one task, are none', async () => {
    const folder = folderWith({ data: '1' });
    const t = cached('t', () => {
      const before = readFileSync(join(folder, 'data'), 'utf8');
      appendFileSync(join(folder, 'data'), '2');
      return before + readFileSync(join(folder, 'data'), 'utf8');
    });
    const twice = flow('twice', () => t());
    await twice.run();
    expect(await ranIn(() => twice.run())).toEqual(['t']);
  });

  it('a change of the same size, put back to the same time, is seen', async () => {
    const folder = folderWith({ data: 'aaaa' });
    const path = join(folder, 'data');
    utimesSync(path, 1_000, 1_000);
    const t = cached('t', () => readFile(path, 'utf8'));
    const same = flow('same', () => t());
    await same.run();
    writeFileSync(path, 'bbbb');
    utimesSync(path, 1_000, 1_000);
    expect(await ranIn(() => same.run())).toEqual(['t']);
    expect(await same.run()).toBe('bbbb');
  });

  it('many changes within one tick of the clock are seen', async () => {
    const folder = folderWith({ data: '' });
    const path = join(folder, 'data');
    const t = cached('t', async () => await text(createReadStream(path)));
    const quick = flow('quick', () => t());
    for (let n = 0; n < 20; n++) {
      writeFileSync(path, `content ${n % 4}`);
      expect(await quick.run()).toBe(`content ${n % 4}`);
    }
  });

  it('by another task of the run, between one look and the next, is seen', async () => {
    const path = join(folderWith({ data: 'old' }), 'data');
    let written = 'old';
    const read = cached('read', (n: number) => `${n} ${readFileSync(path, 'utf8')}`);
    const write = task(() => writeFileSync(path, written), { name: 'write' });
    const chain = flow('chain', () => {
      const [first, second] = [read(1), read(2)];
      const between = write().after(first, second);
      return all([first, second, read(3).after(between), read(4).after(between)]);
    });
    await chain.run();
    written = 'new';
    expect(await chain.run()).toEqual(['1 old', '2 old', '3 new', '4 new']);
    expect(await statesOfLatest('chain')).toMatchObject({ 'read#0': 'cached', 'read#1': 'cached', 'read#2': 'success', 'read#3': 'success' });
  });
});

describe('S22b, S23: reasons, history, places', () => {
  it('preview and record name the files that changed, went and came', async () => {
    const folder = folderWith({ a: '1', b: '2', c: '3', d: '4' });
    const t = cached('t', () => {
      for (const name of ['a', 'b', 'c', 'd']) readFileSync(join(folder, name));
      return existsSync(join(folder, 'new'));
    });
    const reasons = flow('reasons', () => t());
    await reasons.run();
    const previewed = async (): Promise<unknown> => (await reasons.preview()).nodes.map(({ state, why }) => [state, why]);
    expect(await previewed()).toEqual([['complete', undefined]]);
    writeFileSync(join(folder, 'a'), 'one');
    const change = { kind: 'file-changed', detail: join(folder, 'a') };
    expect(await previewed()).toEqual([['pending', change]]);
    rmSync(join(folder, 'b'));
    writeFileSync(join(folder, 'new'), '');
    const more = { kind: 'file-changed', detail: `${join(folder, 'a')}, ${join(folder, 'b')} (gone), ${join(folder, 'new')} (new)` };
    expect(await previewed()).toEqual([['pending', more]]);
    writeFileSync(join(folder, 'd'), 'four');
    writeFileSync(join(folder, 'b'), '');
    await reasons.run();
    const { task: row } = await recorded('reasons/latest');
    const last = ['a', 'b', 'd'].map((name) => join(folder, name)).join(', ');
    expect(row('t#0').reason).toEqual({ kind: 'file-changed', detail: `${last} and 1 more` });
  });

  it('the newest of several entries whose files match answers', async () => {
    const folder = folderWith({ data: '1' });
    const made: number[] = [];
    const t = cached('t', () => made.push(Number(readFileSync(join(folder, 'data'), 'utf8'))));
    const history = flow('history', () => t());
    for (const content of ['1', '2', '3', '2', '1', '3']) {
      writeFileSync(join(folder, 'data'), content);
      expect(await history.run()).toBe(Number(content));
    }
    expect(made).toEqual([1, 2, 3]);
    expect(await statesOfLatest('history')).toEqual({ 't#0': 'cached' });
  });

  it('identical calls of one run execute once; forced ones execute, whatever the files', async () => {
    const folder = folderWith({ data: '1' });
    const t = cached('t', () => readFile(join(folder, 'data'), 'utf8'));
    const twice = flow('twice', () => all([t(), t(), t()]));
    expect(await ranIn(() => twice.run())).toEqual(['t']);
    expect(await ranIn(() => twice.run({}, { force: true }))).toEqual(['t']);
    expect((await recorded('twice/latest')).task('t#0').reason).toEqual({ kind: 'forced', detail: 'every task was forced' });
  });

  it('paths in the project are relative to its root, so that a moved project keeps its results', async () => {
    const folder = folderWith();
    const before = join(folder, 'before');
    mkdirSync(join(before, 'data'), { recursive: true });
    writeFileSync(join(before, 'data', 'x.csv'), '1');
    const go = (root: string): void => {
      vi.stubEnv('MILLRACE_HOME', join(root, '.millrace'));
      vi.spyOn(process, 'cwd').mockReturnValue(root);
    };
    go(before);
    const t = cached('t', () => readFileSync(join(process.cwd(), 'data', 'x.csv'), 'utf8') + readdirSync('.').length);
    const moved = flow('moved', () => t());
    // A listing of the root has the project folder in it from the first run on.
    await moved.run();
    await using project = await openProject();
    expect((await project.record.latestEntry('t'))?.reads?.map(({ path, question }) => [path, question])).toEqual([
      ['.', 'names'],
      ['data/x.csv', 'content'],
    ]);
    const after = join(folder, 'after');
    // Both are looked at where they are now; the record of a folder that is in use stays open.
    renameSync(before, after);
    go(after);
    expect(await ranIn(() => moved.run())).toEqual([]);
    writeFileSync(join(after, 'data', 'x.csv'), '2');
    expect(await ranIn(() => moved.run())).toEqual(['t']);
  });

  it('a path with a secret in it is not recorded, and the result is not reused', async () => {
    const folder = folderWith({ 'hunter2-token.csv': '1' });
    const t = cached('t', (name: string) => readFile(join(folder, `${name}-token.csv`), 'utf8'));
    const secret = flow('secret', { params: { key: param(z.string(), { secret: true }) } }, ({ key }) => t(key));
    await secret.run({ key: 'hunter2' });
    await using project = await openProject();
    expect(await project.record.latestEntry('t')).toBeUndefined();
  });

  it('what stat gives prints as ever', async () => {
    const folder = folderWith({ data: '1' });
    const before = inspect(statSync(join(folder, 'data')));
    const t = cached('t', () => inspect(statSync(join(folder, 'data'))));
    const shown = await flow('shown', () => t()).run();
    expect(shown.replaceAll(/atime.*/g, '')).toBe(before.replaceAll(/atime.*/g, ''));
  });
});
