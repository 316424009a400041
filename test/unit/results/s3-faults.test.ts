import { afterEach, beforeEach, expect, it } from 'vitest';
import { s3Store } from '../../../src/results/s3-store.js';
import { CREDENTIALS, useCredentials } from '../../s3/credentials.js';
import { type Fault, type S3Server, startS3Server } from '../../s3/s3-server.js';

/** reliability.md asks for 5,000; so does `MILLRACE_TEST_S3_OPERATIONS=5000`. */
const OPERATIONS = Number(process.env.MILLRACE_TEST_S3_OPERATIONS ?? 1_000);
/** Silence is the rarest, since it is waited for. */
const FAULTS: readonly Fault[] = ['unavailable', 'cut', 'lost', 'unavailable', 'cut', 'lost', 'unavailable', 'cut', 'lost', 'stall'];
const AT_ONCE = 32;
const KEYS = 60;
const MAX_ATTEMPTS = 6;
/** Long enough that a busy machine is not taken for a silent server: client and server share a process here. */
const SILENCE = '4s';

let server: S3Server;
beforeEach(async () => {
  useCredentials();
  server = await startS3Server({ credentials: CREDENTIALS });
});
afterEach(() => server[Symbol.asyncDispose]());

/** The same numbers each time (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Key and content belong together, as they do for results: anything else is a wrong value. */
const CONTENTS = Array.from({ length: KEYS }, (_, at) => {
  const random = randomFrom(at + 1);
  return Uint8Array.from({ length: Math.floor(random() * 40_000) }, () => random() * 256);
});
const contentOf = (key: string): Uint8Array => CONTENTS[Number(key.slice(1))]!;

it(`${OPERATIONS} operations of which every fifth request goes wrong: no wrong value, bounded attempts`, {
  timeout: 60_000 + OPERATIONS * 60,
}, async () => {
  const random = randomFrom(20_261);
  server.fault = () => (random() < 0.2 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined);
  const store = s3Store({ bucket: 'results', endpoint: server.endpoint, maxAttempts: MAX_ATTEMPTS, timeout: SILENCE, uploads: AT_ONCE });
  const createdBy = new Map<string, number>();
  const acknowledged = new Set<string>();
  const wrong: string[] = [];
  const failed: string[] = [];
  let next = 0;

  async function operate(): Promise<void> {
    const key = `k${Math.floor(random() * KEYS)}`;
    const expected = contentOf(key);
    const kind = random();
    if (kind < 0.45) {
      const source = kind < 0.1 ? streamOf(expected) : expected;
      const { created } = await store.write(key, source, { ifAbsent: true });
      if (created) createdBy.set(key, (createdBy.get(key) ?? 0) + 1);
      acknowledged.add(key);
      return;
    }
    const mustBeThere = acknowledged.has(key);
    if (kind < 0.6) {
      const head = await store.head(key);
      if (head === undefined ? mustBeThere : head.bytes !== expected.length) wrong.push(`head of ${key}`);
      return;
    }
    const read = await store.read(key).catch((error: { readonly code?: string }) => {
      if (error.code === 'RESULT_MISSING' && !mustBeThere) return undefined;
      throw error;
    });
    if (read !== undefined && Buffer.compare(read, expected) !== 0) wrong.push(`content of ${key}`);
  }

  async function worker(): Promise<void> {
    while (next++ < OPERATIONS) await operate().catch((error: { readonly code?: string }) => failed.push(String(error.code)));
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  expect(wrong).toEqual([]);
  expect([...createdBy].filter(([, times]) => times !== 1)).toEqual([]);
  // Six faults in a row are bad luck, and an error that says so; anything else is not.
  expect(failed.filter((code) => !['STORE_UNREACHABLE', 'STORE_FAILED'].includes(code))).toEqual([]);
  expect(failed.length).toBeLessThan(OPERATIONS / 100);
  expect(server.log.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(OPERATIONS / 6);
  expect(server.log.length).toBeLessThan(OPERATIONS * 2.5);
  server.fault = () => undefined;
  const listed: string[] = [];
  for await (const key of store.list('')) listed.push(key);
  expect(listed).toEqual(expect.arrayContaining([...acknowledged]));
  for (const key of listed) expect(Buffer.compare(await store.read(key), contentOf(key))).toBe(0);
  expect(server.buckets.get('results')!.uploads.size).toBe(0);
});

async function* streamOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}
