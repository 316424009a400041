import { flow, load, localStore, memoryStore, type ResultStore, type Serializer, s3Store, task } from '../../src/index.js';
import { is } from './expect-type.js';

declare const lines: Serializer<string[]>;
declare const environment: Readonly<Record<string, string | undefined>>;

export function storesAreMade(): readonly ResultStore[] {
  const s3 = s3Store({ bucket: 'results', prefix: 'a', endpoint: environment.S3_ENDPOINT, region: undefined });
  is<typeof s3, ResultStore>(true);
  // @ts-expect-error a store needs its bucket
  s3Store({ endpoint: 'http://localhost:9000' });
  // @ts-expect-error credentials are no option
  s3Store({ bucket: 'b', accessKeyId: 'x' });
  return [s3, localStore('dir', { durable: false }), memoryStore({ maxBytes: 1_000 })];
}

export function storesAreNamed(store: ResultStore): void {
  const one = task(() => 1, { name: 'one', store });
  flow('kept', { store, defaults: { store } }, () => one());
  // @ts-expect-error the address of a store is no store
  task(() => 1, { name: 'two', store: 's3://bucket' });
}

/** The serializer says what comes back, else whoever asks. */
export function loading(store: ResultStore): void {
  const asked = load<{ readonly n: number }>(store, 'a.json');
  is<typeof asked, Promise<{ readonly n: number }>>(true);
  const written = load(store, 'a.txt', lines);
  is<typeof written, Promise<string[]>>(true);
  const unsaid = load(store, 'a.json');
  is<typeof unsaid, Promise<unknown>>(true);
}
