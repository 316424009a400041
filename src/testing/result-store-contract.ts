import assert from 'node:assert/strict';
import type { ResultStore } from '../model/result-store.js';
import { type ContractCase, listCases, type SkippedCases } from './contract-case.js';

export interface ResultStoreContractOptions {
  /** Cases your store cannot pass, each with the reason. */
  readonly skip?: SkippedCases;
}

/**
 * What every `ResultStore` must do. Run each case in your own test runner.
 * @param makeStore gives an empty store each time it is called
 */
export function resultStoreContract(
  makeStore: () => ResultStore | Promise<ResultStore>,
  options: ResultStoreContractOptions = {},
): readonly ContractCase[] {
  const withStore = (body: (store: ResultStore) => Promise<void>) => async () => await body(await makeStore());
  return listCases(
    {
      'reads back exactly what was written': withStore(async (store) => {
        for (const bytes of [EVERY_BYTE, new Uint8Array(0)]) {
          await store.write('a/b.bin', bytes);
          assertSameBytes(await store.read('a/b.bin'), bytes);
        }
      }),
      'tells length and time of what is there, and nothing of what is not': withStore(async (store) => {
        const before = Date.now();
        await store.write('a', EVERY_BYTE);
        const head = await store.head('a');
        assert.equal(head?.bytes, EVERY_BYTE.length);
        assert.ok(Math.abs((head?.modified.getTime() ?? 0) - before) < 120_000, 'modified is a time near the time of writing');
        assert.equal(await store.head('b'), undefined);
        assert.equal(await store.head('a-folder/b'), undefined);
      }),
      'reading what is not there is RESULT_MISSING': withStore(async (store) => {
        await assertRejects(store.read('absent'), 'RESULT_MISSING');
        await store.write('folder/file', EVERY_BYTE);
        await assertRejects(store.read('folder'), 'RESULT_MISSING');
      }),
      'a write replaces': withStore(async (store) => {
        assert.deepEqual(await store.write('a', text('first')), { created: true });
        assert.deepEqual(await store.write('a', text('second, longer')), { created: true });
        assertSameBytes(await store.read('a'), text('second, longer'));
      }),
      'with ifAbsent the first writer wins': withStore(async (store) => {
        assert.deepEqual(await store.write('a', text('first'), { ifAbsent: true }), { created: true });
        assert.deepEqual(await store.write('a', text('second'), { ifAbsent: true }), { created: false });
        assertSameBytes(await store.read('a'), text('first'));
      }),
      'of many writers at once with ifAbsent exactly one wins': withStore(async (store) => {
        const candidates = Array.from({ length: 8 }, (_, index) => text(`writer ${index}`));
        const answers = await Promise.all(candidates.map((bytes) => store.write('race', bytes, { ifAbsent: true })));
        const winners = answers.flatMap(({ created }, index) => (created ? [index] : []));
        assert.equal(winners.length, 1);
        assertSameBytes(await store.read('race'), candidates[winners[0] as number] as Uint8Array);
      }),
      'a reader beside a writer sees old or new bytes, whole': withStore(async (store) => {
        const versions = [new Uint8Array(200_000).fill(1), new Uint8Array(300_000).fill(2)] as const;
        await store.write('a', versions[0]);
        for (let round = 0; round < 5; round++) {
          const [read] = await Promise.all([store.read('a'), store.write('a', versions[(round + 1) % 2] as Uint8Array)]);
          assertSameBytes(read, read[0] === 1 ? versions[0] : versions[1]);
        }
      }),
      'takes a stream': withStore(async (store) => {
        await store.write('stream', pieces(['one ', 'two ', '', 'three']));
        assertSameBytes(await store.read('stream'), text('one two three'));
      }),
      'a stream that fails leaves what was there before': withStore(async (store) => {
        await store.write('stream', text('before'));
        await assert.rejects(store.write('stream', failing()), /the source failed/);
        assertSameBytes(await store.read('stream'), text('before'));
        await assert.rejects(store.write('new', failing()), /the source failed/);
        assert.equal(await store.head('new'), undefined);
        assert.deepEqual(await listed(store, ''), ['stream']);
      }),
      'deletes, and deleting what is not there is no error': withStore(async (store) => {
        await store.write('a/b', EVERY_BYTE);
        await store.delete('a/b');
        await store.delete('a/b');
        assert.equal(await store.head('a/b'), undefined);
        assert.deepEqual(await store.write('a/b', EVERY_BYTE, { ifAbsent: true }), { created: true });
      }),
      'lists the keys that start with a prefix': withStore(async (store) => {
        const keys = ['ab/1', 'ab/2/x', 'abc', 'b'];
        for (const key of keys) await store.write(key, EVERY_BYTE);
        assert.deepEqual(await listed(store, ''), keys);
        assert.deepEqual(await listed(store, 'ab'), ['ab/1', 'ab/2/x', 'abc']);
        assert.deepEqual(await listed(store, 'ab/'), ['ab/1', 'ab/2/x']);
        assert.deepEqual(await listed(store, 'zz/'), []);
      }),
      'takes keys of every script and with odd characters': withStore(async (store) => {
        const keys = ['données/été.json', '数据/α β+c=d.json', 'constructor', '__proto__', '10', '2', "it's 100%25 #1?.txt"];
        for (const key of keys) await store.write(key, text(key));
        for (const key of keys) assertSameBytes(await store.read(key), text(key));
        assert.deepEqual(await listed(store, ''), [...keys].sort());
      }),
      'refuses keys that lead out of it': withStore(async (store) => {
        for (const key of ['', '/etc/passwd', '../a', 'a/../../b', 'a/..', './a', 'a//b', 'a/', 'C:/a', 'a\\..\\b', 'a\0b']) {
          await assertRejects(store.write(key, EVERY_BYTE), 'STORE_KEY_INVALID', key);
          await assertRejects(store.read(key), 'STORE_KEY_INVALID', key);
          await assertRejects(store.head(key), 'STORE_KEY_INVALID', key);
          await assertRejects(store.delete(key), 'STORE_KEY_INVALID', key);
        }
      }),
      'what was handed out or in is not shared': withStore(async (store) => {
        const given = text('safe');
        await store.write('a', given);
        given.fill(0);
        (await store.read('a')).fill(0);
        assertSameBytes(await store.read('a'), text('safe'));
      }),
      'an aborted read rejects with the reason': withStore(async (store) => {
        await store.write('a', EVERY_BYTE);
        await assert.rejects(store.read('a', { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
      }),
    },
    options.skip,
  );
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

async function* pieces(parts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const part of parts) yield text(part);
}

async function* failing(): AsyncIterable<Uint8Array> {
  yield text('half of it');
  throw new Error('the source failed');
}

async function listed(store: ResultStore, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys.sort();
}

function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.ok(actual instanceof Uint8Array, 'bytes are a Uint8Array');
  assert.equal(Buffer.compare(actual, expected), 0, `expected ${expected.length} bytes, unchanged; got ${actual.length}`);
}

async function assertRejects(promise: Promise<unknown>, code: string, key = ''): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal((error as { code?: unknown }).code, code, `${key}: ${String(error)}`);
    return true;
  });
}
