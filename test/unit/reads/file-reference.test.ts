import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type FileRef, file, flow, task } from '../../../src/index.js';
import { freshHome, inMemory, recorded } from '../engine/workbench.js';
import { cached, folderWith, ranIn, readsOf } from './observing.js';

const digestOf = (content: string): string => createHash('sha256').update(content).digest('hex');

beforeEach(() => {
  freshHome();
});

describe('file()', () => {
  it('is path, digest and size; relative paths are meant from the working directory', () => {
    const folder = folderWith({ 'data.csv': 'héllo' });
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    expect({ ...file('data.csv') }).toEqual({ path: join(folder, 'data.csv'), digest: digestOf('héllo'), bytes: 6 });
  });

  it('gives text, bytes and a stream', async () => {
    const content = 'line\n'.repeat(500_000);
    const folder = folderWith({ data: content });
    const ref = file(join(folder, 'data'));
    expect(await ref.text()).toBe(content);
    expect(Buffer.from(await ref.read()).equals(Buffer.from(content))).toBe(true);
    expect(await text(ref.stream())).toBe(content);
    expect(ref.bytes).toBe(content.length);
  });

  it('refuses what is no file, and names it', () => {
    const folder = folderWith();
    const missing = join(folder, 'no.csv');
    expect(() => file(missing)).toThrow(expect.objectContaining({ code: 'FILE_MISSING', message: `expected a file at '${missing}'; there is none` }));
    expect(() => file(folder)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE', message: `expected a file at '${folder}'; got a folder` }));
    expect(() => file('')).toThrow(expect.objectContaining({ code: 'FILE_INVALID' }));
    expect(() => file(7 as never)).toThrow(expect.objectContaining({ code: 'FILE_INVALID', message: 'file() expected a path; got 7' }));
  });

  it.skipIf(process.getuid?.() === 0)('tells when it may not be read', () => {
    const folder = folderWith({ secret: 'x' });
    chmodSync(join(folder, 'secret'), 0);
    expect(() => file(join(folder, 'secret'))).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
  });

  it('never gives content that is not the one it stands for', async () => {
    const folder = folderWith({ data: 'before' });
    const path = join(folder, 'data');
    const ref = file(path);
    writeFileSync(path, 'behind');
    const changed = { code: 'FILE_CHANGED', message: `the file '${path}' has changed since file() was called for it` };
    await expect(ref.text()).rejects.toMatchObject(changed);
    await expect(ref.read()).rejects.toMatchObject(changed);
    await expect(text(ref.stream())).rejects.toMatchObject(changed);
    rmSync(path);
    const gone = { code: 'FILE_MISSING' };
    await expect(ref.text()).rejects.toMatchObject(gone);
    await expect(text(ref.stream())).rejects.toMatchObject(gone);
  });
});

describe('file() as an argument', () => {
  it('S21: counts by its content', async () => {
    const folder = folderWith({ data: '1', other: '1' });
    const size = cached('size', (ref: FileRef) => ref.bytes);
    const sizes = flow('sizes', () => size(file(join(folder, 'data'))));
    await sizes.run();
    writeFileSync(join(folder, 'data'), '1');
    expect(await ranIn(() => sizes.run())).toEqual([]);
    writeFileSync(join(folder, 'data'), '2');
    expect(await ranIn(() => sizes.run())).toEqual(['size']);
    expect((await recorded('sizes/latest')).task('size#0').reason).toEqual({ kind: 'input-changed', detail: 'args: file data' });
    writeFileSync(join(folder, 'data'), '1');
    expect(await ranIn(() => sizes.run())).toEqual([]);
    // A name is something a task can tell by.
    expect(await ranIn(() => flow('named', () => size(file(join(folder, 'other')))).run())).toEqual(['size']);
  });

  it('S22b: what is read through it is read', async () => {
    const folder = folderWith({ a: '1', b: '2', c: '3' });
    const t = cached('t', async () => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => file(join(folder, name))) as [FileRef, FileRef, FileRef];
      return (await a.text()) + (await b.read()).length + (await text(c.stream()));
    });
    const through = flow('through', () => t());
    expect(await through.run()).toBe('113');
    expect(await readsOf('t')).toEqual({ a: 'content', b: 'content', c: 'content' });
    writeFileSync(join(folder, 'c'), '4');
    expect(await ranIn(() => through.run())).toEqual(['t']);
  });
});

describe.each([
  ['sqlite', freshHome],
  ['memory', inMemory],
] as const)('file() in a result; record: %s', (record, home) => {
  beforeEach(() => {
    home();
  });

  it('the result is reused while the file is as it was', async () => {
    const folder = folderWith();
    const path = join(folder, 'out.txt');
    const write = cached(
      'write',
      () => {
        writeFileSync(path, 'written');
        return { made: [new Map<string, FileRef>([['it', file(path)]])] };
      },
      { version: record },
    );
    const read = task(async (result: { made: Map<string, FileRef>[] }) => await result.made[0]?.get('it')?.text(), { name: 'read' });
    const writes = flow('writes', () => read(write()));
    expect(await writes.run()).toBe('written');
    expect(await ranIn(() => writes.run())).toEqual([]);
    expect(await writes.run()).toBe('written');
    writeFileSync(path, 'spoilt');
    const preview = await writes.preview();
    expect(preview.nodes.find(({ task: name }) => name === 'write')).toMatchObject({ state: 'pending', why: { kind: 'file-changed', detail: path } });
    expect(await ranIn(() => writes.run())).toEqual(['write']);
    rmSync(path);
    expect((await writes.preview()).nodes.find(({ task: name }) => name === 'write')?.why?.detail).toBe(`${path} (gone)`);
    expect(await ranIn(() => writes.run())).toEqual(['write']);
    expect(await ranIn(() => writes.run())).toEqual([]);
  });

  it('comes back as it was, with its methods', async () => {
    const folder = folderWith({ data: '1' });
    mkdirSync(join(folder, 'x'));
    const make = cached('make', () => file(join(folder, 'data')), { version: `back ${record}` });
    const back = flow('back', () => make());
    const first = await back.run();
    const ref = await back.run();
    expect({ ...ref }).toEqual({ ...first });
    expect(await ref.text()).toBe('1');
  });

  it('a file that changes between file() and the task’s end leaves no result to be reused', async () => {
    const folder = folderWith({ data: '1' });
    const t = cached(
      't',
      () => {
        const ref = file(join(folder, 'data'));
        writeFileSync(join(folder, 'data'), '2');
        return ref;
      },
      { version: `restless ${record}` },
    );
    const restless = flow('restless', () => t());
    await restless.run();
    writeFileSync(join(folder, 'data'), '1');
    expect(await ranIn(() => restless.run())).toEqual(['t']);
  });
});
