import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, load, localStore, memoryStore, type ResultStore, type Serializer, s3Store, task } from '../../../src/index.js';
import { CREDENTIALS, useCredentials } from '../../s3/credentials.js';
import { startS3Server } from '../../s3/s3-server.js';
import { freshHome, recorded } from '../engine/workbench.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-load-'));
const server = await startS3Server({ credentials: CREDENTIALS });
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  freshHome();
  useCredentials();
});

const lines: Serializer<string[]> = {
  name: 'lines',
  ext: 'lines',
  encode: (value) => Buffer.from(value.join('\n')),
  decode: (bytes) => Buffer.from(bytes).toString().split('\n'),
};

let version = 0;

/** The address of what a flow with this store left. */
async function addressIn(store: ResultStore, value: unknown, serializer?: Serializer): Promise<string> {
  const made = task(() => value, { name: 'made', version: String(version++), cache: cache.default, store, ...(serializer ? { serializer } : {}) });
  await flow('producer', async () => void (await made())).run();
  return (await recorded('producer/latest')).task('made#0').artifacts[0]!.ref.uri;
}

describe.each<[string, () => ResultStore]>([
  ['a folder', () => localStore(join(folder, 'with space'))],
  ['memory', () => memoryStore()],
  ['S3', () => s3Store({ bucket: 'results', prefix: 'ü/a', endpoint: server.endpoint })],
])('load from %s', (_, make) => {
  it('gives a result of any flow by its address, or by its key', async () => {
    const store = make();
    const value = { when: new Date(0), list: [1n, Number.NaN] };
    const address = await addressIn(store, value);
    expect(await load(store, address)).toEqual(value);
    expect(await load(store, address.slice(address.indexOf('results/', address.indexOf(':') + (store.scheme === 's3' ? 15 : 0))))).toEqual(value);
  });

  it('takes the serializer of the task, and only that', async () => {
    const store = make();
    const address = await addressIn(store, ['a', 'b'], lines);
    const value: string[] = await load(store, address, lines);
    expect(value).toEqual(['a', 'b']);
    await expect(load(store, address)).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
      message: expect.stringContaining("is of format '.lines'; no serializer was given"),
    });
    const json = await addressIn(store, 1);
    await expect(load(store, json, lines)).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' });
  });

  it('S25: verifies what it reads, and leaves it where it is', async () => {
    const store = make();
    const address = await addressIn(store, 'x'.repeat(50));
    const [key] = await keysOf(store, address);
    await store.write(key, Buffer.from('"yyy"'));
    await expect(load(store, address)).rejects.toMatchObject({
      code: 'RESULT_CORRUPTED',
      message: expect.stringContaining('does not match its digest'),
    });
    expect(Buffer.from(await store.read(key)).toString()).toBe('"yyy"');
    await store.delete(key);
    await expect(load(store, address)).rejects.toMatchObject({ code: 'RESULT_MISSING' });
  });

  it('reads a file at an address of the user’s choice', async () => {
    const store = make();
    await store.write('models/iris.json', Buffer.from('{"a":1}'));
    expect(await load(store, 'models/iris.json')).toEqual({ a: 1 });
    await store.write('models/iris.json', Buffer.from('{"a":'));
    await expect(load(store, 'models/iris.json')).rejects.toMatchObject({ code: 'RESULT_UNREADABLE' });
  });

  async function keysOf(store: ResultStore, address: string): Promise<[string]> {
    for await (const key of store.list('results/')) if (address.endsWith(key)) return [key];
    throw new Error(`nothing lies at ${address}`);
  }
});

describe('load refuses', () => {
  const store = localStore(join(folder, 'mine'));

  it.each([
    ['the address of another store', 's3://results/x.json', 'ADDRESS_INVALID', 'expected an address in file:///'],
    ['that of another folder', 'file:///elsewhere/x.json', 'ADDRESS_INVALID', "got 'file:///elsewhere/x.json'"],
    ['what lies in the record', `record:${'0'.repeat(64)}`, 'ADDRESS_INVALID', "lies in the project's record"],
    ['what is no text', 7, 'ADDRESS_INVALID', 'got 7'],
    ['broken percent signs', `${store.location}a%zz.json`, 'ADDRESS_INVALID', 'encode no text'],
    ['a way out', '../secret.json', 'STORE_KEY_INVALID', "contains '..'"],
    ['a way out that is encoded', `${store.location}%2e%2e/secret.json`, 'STORE_KEY_INVALID', "contains '..'"],
    ['an encoded slash that leads out', `${store.location}a/..%2f..%2fsecret.json`, 'STORE_KEY_INVALID', "contains '..'"],
    ['what is not there', 'nothing.json', 'RESULT_MISSING', "nothing is stored at 'nothing.json'"],
  ])('%s', async (_, address, code, message) => {
    await expect(load(store, address as string)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
