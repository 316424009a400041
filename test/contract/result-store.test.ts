import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { localStore } from '../../src/results/local-store.js';
import { memoryStore } from '../../src/results/memory-store.js';
import { resultStoreContract } from '../../src/testing/result-store-contract.js';

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
