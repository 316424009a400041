import { mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { injectFaults } from '../../../src/base/fault-point.js';
import { localStore } from '../../../src/results/local-store.js';
import { memoryStore } from '../../../src/results/memory-store.js';
import { artifactUri } from '../../../src/results/store-address.js';

const makeFolder = () => mkdtemp(join(tmpdir(), 'millrace-stores-'));
const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill);
let restore = () => {};
afterEach(() => {
  restore();
  vi.useRealTimers();
});

describe('localStore', () => {
  it('puts a result where its key says', async () => {
    const folder = await makeFolder();
    const store = localStore(folder);
    await store.write('a/b c.json', bytes(3));
    expect(await readdir(join(folder, 'a'))).toEqual(['b c.json']);
    expect(store.localPath?.('a/b c.json')).toBe(join(folder, 'a/b c.json'));
    expect(artifactUri(store, 'a/b c.json')).toBe(pathToFileURL(join(folder, 'a/b c.json')).href);
  });

  it('follows links inside its folder, and none that leads out', async () => {
    const [folder, outside] = [await makeFolder(), await makeFolder()];
    await writeFile(join(outside, 'secret'), 'x');
    await mkdir(join(folder, 'real'));
    await symlink(outside, join(folder, 'out'));
    await symlink(join(outside, 'secret'), join(folder, 'file'));
    await symlink(join(folder, 'real'), join(folder, 'alias'));
    const store = localStore(folder);
    const refused = { code: 'STORE_KEY_INVALID' };
    await expect(store.read('out/secret')).rejects.toMatchObject(refused);
    await expect(store.read('file')).rejects.toMatchObject(refused);
    await expect(store.head('file')).rejects.toMatchObject(refused);
    await expect(store.write('out/new/deep', bytes(1))).rejects.toMatchObject(refused);
    await expect(store.delete('out/secret')).rejects.toMatchObject(refused);
    expect(await readdir(outside)).toEqual(['secret']);
    await store.write('alias/x', bytes(2));
    expect(await store.read('real/x')).toHaveLength(2);
    // Replacing a link replaces the link, not what it points to.
    await store.write('file', bytes(5));
    expect(await store.read('file')).toHaveLength(5);
    expect((await store.head('file'))?.bytes).toBe(5);
  });

  it('does not show files in the making, and does not take their names', async () => {
    const folder = await makeFolder();
    const name = '.millrace-00000000-1-000000000000.tmp';
    await writeFile(join(folder, name), 'half');
    const keys: string[] = [];
    for await (const key of localStore(folder).list('')) keys.push(key);
    expect(keys).toEqual([]);
    await expect(localStore(folder).read(name)).rejects.toMatchObject({ code: 'STORE_KEY_INVALID' });
  });

  it.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EROFS', 'READ_ONLY'],
  ])('tells %s as %s and leaves nothing behind', async (system, code) => {
    const folder = await makeFolder();
    restore = injectFaults((point) => {
      if (point === 'file.write') throw Object.assign(new Error(system), { code: system, syscall: 'write' });
    });
    await expect(localStore(folder).write('a', bytes(9))).rejects.toMatchObject({ code });
    expect(await readdir(folder)).toEqual([]);
  });

  it('tells a file where a folder is needed', async () => {
    const store = localStore(await makeFolder());
    await store.write('a', bytes(1));
    await expect(store.write('a/b', bytes(1))).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    await expect(store.read('a/b')).rejects.toMatchObject({ code: 'RESULT_MISSING' });
  });

  it('reads large files whole', async () => {
    const store = localStore(await makeFolder(), { durable: false });
    await store.write('large', bytes(1_000_000, 7));
    expect(Buffer.compare(await store.read('large'), bytes(1_000_000, 7))).toBe(0);
  });
});

describe('memoryStore', () => {
  const keysOf = async (store: ReturnType<typeof memoryStore>) => {
    const keys: string[] = [];
    for await (const key of store.list('')) keys.push(key);
    return keys;
  };

  it('evicts the oldest when it is full; writing anew makes young', async () => {
    const store = memoryStore({ maxBytes: 100 });
    for (const key of ['10', 'b', '2']) await store.write(key, bytes(30));
    await store.write('10', bytes(40));
    await store.write('d', bytes(20));
    expect(await keysOf(store)).toEqual(['10', '2', 'd']);
    await store.delete('2');
    await store.write('e', bytes(40));
    expect(await keysOf(store)).toEqual(['10', 'd', 'e']);
  });

  it('refuses what can never fit, and keeps what it has', async () => {
    const store = memoryStore({ maxBytes: 10 });
    await store.write('a', bytes(10));
    await expect(store.write('b', bytes(11))).rejects.toMatchObject({ code: 'RESULT_TOO_LARGE', message: expect.stringContaining('11') });
    expect(await keysOf(store)).toEqual(['a']);
  });

  it('forgets after its time, and has the room again', async () => {
    vi.useFakeTimers();
    const store = memoryStore({ maxBytes: 10, ttlMs: 1_000 });
    await store.write('a', bytes(10));
    vi.advanceTimersByTime(999);
    expect(await store.head('a')).toMatchObject({ bytes: 10 });
    vi.advanceTimersByTime(2);
    expect(await store.head('a')).toBeUndefined();
    expect(await store.write('a', bytes(10), { ifAbsent: true })).toEqual({ created: true });
  });

  it('names the option that makes no sense', () => {
    for (const options of [{ maxBytes: 0 }, { maxBytes: Number.NaN }, { ttlMs: -1 }]) {
      expect(() => memoryStore(options)).toThrowError(
        expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(Object.keys(options)[0] as string) }),
      );
    }
  });
});
