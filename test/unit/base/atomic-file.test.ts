import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { asWriteError, isTemporaryName, sweepTemporaryFiles, writeFileAtomic } from '../../../src/base/atomic-file.js';
import { injectFaults } from '../../../src/base/fault-point.js';

const makeFolder = () => mkdtemp(join(tmpdir(), 'millrace-atomic-'));
let restore = () => {};
afterEach(() => restore());

const failAt = (point: string, code: string) => {
  restore = injectFaults((name) => {
    if (name === point) throw Object.assign(new Error(`${code}: injected`), { code, syscall: 'write' });
  });
};

describe('writeFileAtomic', () => {
  it('makes folders, writes text, bytes and streams, and replaces', async () => {
    const path = join(await makeFolder(), 'a/b/c.txt');
    await writeFileAtomic(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    await writeFileAtomic(path, Buffer.from('bytes'), { durable: false });
    expect(await readFile(path, 'utf8')).toBe('bytes');
    await writeFileAtomic(
      path,
      (async function* () {
        yield Buffer.from('a ');
        yield Buffer.from('stream');
      })(),
    );
    expect(await readFile(path, 'utf8')).toBe('a stream');
  });

  it('passes its points in order, and no sync when not durable', async () => {
    const folder = await makeFolder();
    const points: string[] = [];
    restore = injectFaults((name) => points.push(name));
    await writeFileAtomic(join(folder, 'a'), 'x');
    await writeFileAtomic(join(folder, 'b'), 'x', { durable: false });
    const durable = ['file.make-folder', 'file.write', 'file.sync', 'file.rename', 'file.sync-folder'];
    expect(points).toEqual([...durable, 'file.make-folder', 'file.write', 'file.rename']);
  });

  it.each(['file.write', 'file.sync', 'file.rename'])('keeps the old content and leaves nothing behind when it fails at %s', async (point) => {
    const folder = await makeFolder();
    const path = join(folder, 'kept');
    await writeFileAtomic(path, 'old');
    failAt(point, 'EIO');
    await expect(writeFileAtomic(path, 'new')).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['kept']);
  });

  it.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EROFS', 'READ_ONLY'],
    ['EACCES', 'READ_ONLY'],
    ['EPERM', 'READ_ONLY'],
    ['EIO', 'WRITE_FAILED'],
  ])('tells %s as %s, with the path', async (system, code) => {
    const path = join(await makeFolder(), 'file');
    failAt('file.write', system);
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({ code, message: expect.stringContaining(path), cause: { code: system } });
  });

  it("passes errors on that are not the file system's", () => {
    const own = Object.assign(new Error('mine'), { code: 'ENOSPC' });
    expect(asWriteError(own, 'x')).toBe(own);
  });
});

describe('sweepTemporaryFiles (O5)', () => {
  const temporaryFileOf = async (folder: string, edit: (name: string) => string) => {
    // The name is made by the code under test: caught while the file exists.
    let name = '';
    restore = injectFaults((point) => {
      if (point === 'file.rename') name = readdirSync(folder).find(isTemporaryName) ?? '';
    });
    await writeFileAtomic(join(folder, 'x'), 'x');
    restore();
    expect(isTemporaryName(name)).toBe(true);
    const path = join(folder, edit(name));
    await writeFile(path, 'half');
    return path;
  };
  const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

  it('removes what dead processes left, at any depth, and nothing else', async () => {
    const folder = await makeFolder();
    const left = await temporaryFileOf(folder, (name) => name.replace(`-${process.pid}-`, `-${deadPid()}-`));
    const mine = await temporaryFileOf(folder, (name) => name);
    const parents = await temporaryFileOf(folder, (name) => name.replace(`-${process.pid}-`, `-${process.ppid}-`));
    const foreign = await temporaryFileOf(folder, (name) => name.replace(/-[0-9a-f]{8}-/, '-00000000-'));
    await mkdir(join(folder, 'deep/er'), { recursive: true });
    const deep = join(folder, 'deep/er', left.slice(folder.length + 1));
    await writeFile(deep, 'half');
    expect([...(await sweepTemporaryFiles(folder))].sort()).toEqual([deep, left].sort());
    expect((await readdir(folder)).sort()).toEqual(
      [mine, parents, foreign]
        .map((path) => path.slice(folder.length + 1))
        .concat('deep', 'x')
        .sort(),
    );
    expect(await sweepTemporaryFiles(folder, { now: Date.now() + 90_000_000 })).toEqual([foreign]);
  });

  it('knows a file of an earlier process that had the same pid', async () => {
    const folder = await makeFolder();
    const old = await temporaryFileOf(folder, (name) => name);
    await utimes(old, 1, 1);
    expect(await sweepTemporaryFiles(folder)).toEqual([old]);
  });

  it('is content with a folder that does not exist, and does not follow links', async () => {
    const folder = await makeFolder();
    expect(await sweepTemporaryFiles(join(folder, 'none'))).toEqual([]);
    const left = await temporaryFileOf(folder, (name) => name.replace(`-${process.pid}-`, `-${deadPid()}-`));
    const outside = join(await makeFolder(), 'outside');
    await rename(left, outside);
    await symlink(outside, left);
    expect(await sweepTemporaryFiles(folder)).toEqual([]);
  });
});
