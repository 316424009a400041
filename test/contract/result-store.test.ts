import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { localStore } from '../../src/results/local-store.js';
import { memoryStore } from '../../src/results/memory-store.js';
import { s3Store } from '../../src/results/s3-store.js';
import { resultStoreContract } from '../../src/testing/result-store-contract.js';
import { CREDENTIALS, useCredentials } from '../s3/credentials.js';
import { type S3Server, startS3Server } from '../s3/s3-server.js';

const temporaryFolder = () => mkdtemp(join(tmpdir(), 'millrace-store-'));

const STORES = {
  localStore: async () => localStore(join(await temporaryFolder(), 'made/when/needed')),
  'localStore, not durable': async () => localStore(await temporaryFolder(), { durable: false }),
  memoryStore: () => memoryStore(),
};

describe.each(Object.entries(STORES))('%s keeps the contract of result stores', (_name, makeStore) => {
  for (const { name, skip, run } of resultStoreContract(makeStore))
    it.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, run);
});

describe('s3Store over the fixture', () => {
  let server: S3Server;
  beforeAll(async () => {
    // Pages of three, so that lists take several.
    server = await startS3Server({ credentials: CREDENTIALS, pageSize: 3 });
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    useCredentials();
    server.conditions = true;
  });

  const inPrefix = () => s3Store({ bucket: 'results', prefix: `team a/${randomUUID()}`, endpoint: server.endpoint });
  for (const { name, run } of resultStoreContract(inPrefix)) it(name, run);

  describe('with the checksums of Amazon', () => {
    const checked = () =>
      s3Store({ bucket: 'results', prefix: randomUUID(), endpoint: server.endpoint, requestChecksumCalculation: 'WHEN_SUPPORTED' });
    for (const { name, run } of resultStoreContract(checked)) it(name, run);
  });

  describe('that knows no conditional writes', () => {
    beforeEach(() => {
      server.conditions = false;
    });
    const options = { skip: { 'of many writers at once with ifAbsent exactly one wins': 'without conditions, looking and writing are two steps' } };
    for (const { name, skip, run } of resultStoreContract(inPrefix, options))
      it.skipIf(skip !== undefined)(skip === undefined ? name : `${name} (${skip})`, run);
  });
});

/** Servers of others, started by `npm test` or named by the developer. What is not there is told, not passed over. */
const SERVERS = [
  { what: 'moto', endpoint: process.env.MILLRACE_TEST_MOTO_ENDPOINT, why: 'npm test starts one where python3 has moto' },
  { what: 'MILLRACE_TEST_S3_ENDPOINT', endpoint: process.env.MILLRACE_TEST_S3_ENDPOINT, why: 'it is not set' },
];

describe.each(SERVERS)('s3Store over $what', ({ what, endpoint, why }) => {
  if (endpoint === undefined) return it.skip(`keeps the contract of result stores (no server: ${why})`, () => {});
  const isOurs = what === 'moto';
  const bucket = isOurs ? `results-${randomUUID()}` : (process.env.MILLRACE_TEST_S3_BUCKET ?? 'millrace-test');
  beforeEach(() => {
    if (isOurs) useCredentials();
  });
  beforeAll(async () => {
    if (isOurs) expect((await fetch(`${endpoint}/${bucket}`, { method: 'PUT' })).status).toBe(200);
  });
  for (const { name, run } of resultStoreContract(() => s3Store({ bucket, prefix: randomUUID(), endpoint }))) it(name, run);
});
