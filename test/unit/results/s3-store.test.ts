import { inspect } from 'node:util';
import { s3Store as fromEntry } from 'millrace/s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MillraceError, type ResultStore, type S3StoreOptions, s3Store } from '../../../src/index.js';
import { CREDENTIALS, useCredentials } from '../../s3/credentials.js';
import { type Asked, type Fault, type S3Server, startS3Server } from '../../s3/s3-server.js';

const MIB = 1024 * 1024;
const PART = 5 * MIB;

let server: S3Server;

beforeEach(async () => {
  useCredentials();
  server = await startS3Server({ credentials: CREDENTIALS, pageSize: 2 });
});
afterEach(() => server[Symbol.asyncDispose]());

const storeOf = (options: Partial<S3StoreOptions> = {}): ResultStore => s3Store({ bucket: 'results', endpoint: server.endpoint, ...options });
const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
const objects = () => [...server.buckets.get('results')!.objects.keys()];
const uploads = () => server.buckets.get('results')!.uploads.size;
const asked = (method: string) => server.log.filter((entry) => entry.asked.method === method);

async function* pieces(total: number, each = MIB): AsyncIterable<Uint8Array> {
  for (let sent = 0; sent < total; sent += each) yield bytes(Math.min(each, total - sent), (sent / each) % 251);
}

async function keysOf(store: ResultStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

/** The first requests of a kind go wrong. */
function firstOf(isMeant: (one: Asked) => boolean, fault: Fault, times = 1): void {
  let left = times;
  server.fault = (one) => (isMeant(one) && left-- > 0 ? fault : undefined);
}

const isPut = ({ method, query }: Asked) => method === 'PUT' && !query.has('uploadId');
const isCompletion = ({ method, query }: Asked) => method === 'POST' && query.has('uploadId');

it('the entry millrace/s3 exports the same store', () => {
  expect(fromEntry).toBe(s3Store);
});

describe('where things lie', () => {
  it('keys are names behind the prefix, and the location tells both', async () => {
    const store = storeOf({ prefix: 'team a/results/' });
    await store.write('x/y.json', bytes(3));
    expect(objects()).toEqual(['team a/results/x/y.json']);
    expect(store.location).toBe('s3://results/team%20a/results/');
    expect((await store.head('x/y.json'))?.etag).toMatch(/^"[0-9a-f]{32}"$/);
  });

  it('lists page after page, without what is no key', async () => {
    const names = ['p/a', 'p/b', 'p/c d', 'p/e+f', 'p/g\u0001h', 'p/folder/', 'p//double', 'other'];
    for (const name of names) server.buckets.get('results')!.put(name, Buffer.from('x'), {}, { ifMatch: undefined, ifNoneMatch: undefined });
    expect(await keysOf(storeOf({ prefix: 'p' }))).toEqual(['a', 'b', 'c d', 'e+f', 'g\u0001h']);
    expect(asked('GET')).toHaveLength(4);
  });

  it('metadata goes along, and is encoded where headers cannot hold it', async () => {
    await storeOf().write('a', bytes(1), { meta: { Kind: 'plain text', place: 'Zürich', empty: '' } });
    const { headers } = server.buckets.get('results')!.objects.get('a')!;
    expect(headers).toMatchObject({ 'x-amz-meta-kind': 'plain text', 'x-amz-meta-place': 'Z%C3%BCrich' });
  });

  it('refuses names that are longer than S3 takes', async () => {
    const store = storeOf({ prefix: 'ü'.repeat(300) });
    await expect(store.write('é'.repeat(300), bytes(1))).rejects.toMatchObject({ code: 'STORE_KEY_INVALID' });
    expect(server.log).toEqual([]);
  });
});

describe('the first writer wins', () => {
  it('also when the answer to its put was lost, and the repetition finds the object there', async () => {
    firstOf(isPut, 'lost');
    expect(await storeOf().write('a', bytes(4), { ifAbsent: true })).toEqual({ created: true });
    expect(asked('PUT').map(({ status }) => status)).toEqual([200, 412]);
    expect(await storeOf().write('a', bytes(5), { ifAbsent: true })).toEqual({ created: false });
  });

  it('also when every answer was lost', async () => {
    firstOf(isPut, 'lost', 2);
    expect(await storeOf({ maxAttempts: 2 }).write('a', bytes(4), { ifAbsent: true })).toEqual({ created: true });
    firstOf(isPut, 'lost', 2);
    expect(await storeOf({ maxAttempts: 2 }).write('a', bytes(6))).toEqual({ created: true });
    expect(await storeOf().read('a')).toHaveLength(6);
  });

  it('tries again when another write was in its way and came to nothing', async () => {
    let refusals = 2;
    server.fault = (one) => {
      server.refuse = isPut(one) && refusals-- > 0 ? [409, 'ConditionalRequestConflict'] : undefined;
      return undefined;
    };
    expect(await storeOf({ maxAttempts: 1 }).write('a', bytes(4), { ifAbsent: true })).toEqual({ created: true });
    expect(asked('PUT').map(({ status }) => status)).toEqual([409, 409, 200]);
  });

  it('where the server knows no conditions, it looks first, from then on', async () => {
    server.conditions = false;
    const store = storeOf();
    expect(await store.write('a', bytes(1), { ifAbsent: true })).toEqual({ created: true });
    expect(await store.write('a', bytes(2), { ifAbsent: true })).toEqual({ created: false });
    expect(await store.read('a')).toHaveLength(1);
    expect(asked('PUT').map(({ status }) => status)).toEqual([501, 200]);
    expect(await store.write('large', pieces(PART + 1), { ifAbsent: true })).toEqual({ created: true });
  });
});

describe('large values', () => {
  const partsOf = () => server.log.filter((entry) => entry.asked.query.has('partNumber')).length;

  it('go up in parts, bytes and streams alike', async () => {
    const store = storeOf({ partSize: PART });
    const all: Uint8Array[] = [];
    for await (const piece of pieces(PART * 2 + 7)) all.push(piece);
    const large = Buffer.concat(all);
    expect(await store.write('bytes', large, { ifAbsent: true })).toEqual({ created: true });
    expect(await store.write('stream', pieces(PART * 2 + 7), { ifAbsent: true, meta: { kind: 'x' } })).toEqual({ created: true });
    expect(partsOf()).toBe(6);
    expect(Buffer.compare(await store.read('bytes'), large)).toBe(0);
    expect(Buffer.compare(await store.read('stream'), large)).toBe(0);
    expect(server.buckets.get('results')!.objects.get('stream')!.headers).toMatchObject({ 'x-amz-meta-kind': 'x' });
    expect(uploads()).toBe(0);
  });

  it('that are there already are not sent', async () => {
    const store = storeOf();
    await store.write('a', bytes(1));
    let pulled = false;
    const source = (async function* () {
      pulled = true;
      yield bytes(PART * 3);
    })();
    expect(await store.write('a', source, { ifAbsent: true })).toEqual({ created: false });
    expect([pulled, partsOf()]).toEqual([false, 0]);
  });

  it('appear while ours is on its way: ours is discarded', async () => {
    server.fault = (one) => {
      if (isCompletion(one)) server.buckets.get('results')!.put('a', Buffer.from('theirs'), {}, { ifMatch: undefined, ifNoneMatch: undefined });
      return undefined;
    };
    expect(await storeOf({ partSize: PART }).write('a', pieces(PART + 1), { ifAbsent: true })).toEqual({ created: false });
    expect(Buffer.from(await storeOf().read('a')).toString()).toBe('theirs');
    expect(uploads()).toBe(0);
  });

  it.each([false, true])('survive that the answer to their completion is lost (ifAbsent: %s)', async (ifAbsent) => {
    firstOf(isCompletion, 'lost');
    expect(await storeOf({ partSize: PART }).write('a', pieces(PART + 1), { ifAbsent })).toEqual({ created: true });
    expect(await storeOf().read('a')).toHaveLength(PART + 1);
    expect(uploads()).toBe(0);
  });

  it('whose source fails in the middle leave nothing, and tell the source’s error as it was', async () => {
    const reason = Object.assign(new Error('the source failed'), { code: 'ECONNRESET' });
    const source = (async function* () {
      yield* pieces(PART * 2);
      throw reason;
    })();
    await expect(storeOf({ partSize: PART }).write('a', source)).rejects.toBe(reason);
    expect([objects(), uploads()]).toEqual([[], 0]);
  });

  it('that cannot be sent leave no parts', async () => {
    let parts = 0;
    server.fault = ({ query }) => {
      server.refuse = query.has('partNumber') && ++parts > 1 ? [403, 'AccessDenied'] : undefined;
      return undefined;
    };
    await expect(storeOf({ partSize: PART }).write('a', pieces(PART * 3))).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' });
    expect([objects(), uploads()]).toEqual([[], 0]);
  });

  it('and small ones share the store’s uploads', async () => {
    let [now, most] = [0, 0];
    const source = async function* (): AsyncIterable<Uint8Array> {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      yield bytes(10);
      now--;
    };
    const store = storeOf({ uploads: 3 });
    await Promise.all(Array.from({ length: 12 }, (_, at) => store.write(`k${at}`, source())));
    expect(most).toBe(3);
  });
});

describe('reading', () => {
  const large = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);

  it('goes on where the answer broke off', async () => {
    const store = storeOf();
    await store.write('a', large);
    firstOf(({ method }) => method === 'GET', 'cut', 2);
    expect(Buffer.compare(await store.read('a'), large)).toBe(0);
    const [, second, third] = asked('GET');
    expect([second?.status, third?.status]).toEqual([206, 206]);
    expect(second?.asked.headers['if-match']).toBe((await store.head('a'))?.etag);
  });

  it('never mixes two versions', async () => {
    const store = storeOf();
    await store.write('a', large);
    const other = large.map((byte) => byte ^ 1);
    server.fault = ({ method }) => {
      if (method !== 'GET' || asked('GET').length > 0) return undefined;
      setImmediate(() => server.buckets.get('results')!.put('a', Buffer.from(other), {}, { ifMatch: undefined, ifNoneMatch: undefined }));
      return 'cut';
    };
    expect(Buffer.compare(await store.read('a'), other)).toBe(0);
    expect(asked('GET').map(({ status }) => status)).toEqual([200, 412, 200]);
  });

  it('gives up a server that falls silent, after as many attempts as it may', async () => {
    const store = storeOf({ timeout: '50ms', maxAttempts: 2 });
    await storeOf().write('a', large);
    server.fault = () => 'stall';
    await expect(store.read('a')).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('did not answer within 50 ms'),
    });
    expect(asked('GET')).toHaveLength(2);
  });

  it('a body that breaks off every time is told as what it is, with bounded attempts', async () => {
    const store = storeOf({ maxAttempts: 3 });
    await store.write('a', large);
    server.fault = ({ method }) => (method === 'GET' ? 'cut' : undefined);
    await expect(store.read('a')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(asked('GET')).toHaveLength(3);
  });

  it('notices by its checksum what was changed on the way, and does not hand it out', async () => {
    const store = storeOf({ requestChecksumCalculation: 'WHEN_SUPPORTED', maxAttempts: 2 });
    await store.write('a', large);
    const bucket = server.buckets.get('results')!;
    const whole = bucket.objects.get('a')!;
    bucket.objects.set('a', { ...whole, content: Buffer.from(large.map((byte) => byte ^ 2)) });
    await expect(store.read('a')).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringMatching(/failed/) });
  });

  it('ends with the reason of its signal, in the middle of an answer too', async () => {
    const store = storeOf();
    await store.write('a', large);
    server.fault = () => 'stall';
    const abort = new AbortController();
    const reading = store.read('a', { signal: abort.signal });
    await expect.poll(() => asked('GET').length).toBe(1);
    abort.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('what goes wrong is told with what to do', () => {
  async function failure(work: Promise<unknown>): Promise<MillraceError> {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof MillraceError) return error;
    throw new TypeError('expected an error of Millrace', { cause: error });
  }

  it.each<[string, string, (store: () => ResultStore) => Promise<unknown>]>([
    ['a bucket that is not there', 'STORE_BUCKET_MISSING', () => storeOf({ bucket: 'nobodys' }).write('a', bytes(1))],
    ['reading from it', 'STORE_BUCKET_MISSING', () => storeOf({ bucket: 'nobodys' }).read('a')],
    ['listing it', 'STORE_BUCKET_MISSING', () => keysOf(storeOf({ bucket: 'nobodys' }))],
    ['an address where nobody listens', 'STORE_UNREACHABLE', () => storeOf({ endpoint: 'http://127.0.0.1:9', maxAttempts: 1 }).head('a')],
  ])('%s is %s', async (_, code, work) => {
    const error = await failure(work(storeOf));
    expect(error.code).toBe(code);
    expect(error.hint).toBeTruthy();
  });

  it.each([
    [403, 'AccessDenied', 'STORE_ACCESS_DENIED'],
    [403, 'ExpiredToken', 'STORE_CREDENTIALS_REFUSED'],
    [400, 'AuthorizationHeaderMalformed', 'STORE_REGION_WRONG'],
    [500, 'InternalError', 'STORE_FAILED'],
  ])('%i %s is %s', async (status, name, code) => {
    server.refuse = [status, name];
    expect(await failure(storeOf({ maxAttempts: 1 }).write('a', bytes(1)))).toMatchObject({ code, hint: expect.stringMatching(/./) });
  });

  it('a 403 without a body, as HEAD has it, is STORE_ACCESS_DENIED too', async () => {
    server.refuse = [403, 'AccessDenied'];
    expect(await failure(storeOf().head('a'))).toMatchObject({ code: 'STORE_ACCESS_DENIED', hint: expect.stringContaining('s3:ListBucket') });
  });

  it('no credentials is STORE_NO_CREDENTIALS; they are found once they are there', async () => {
    useCredentials({ accessKeyId: '', secretAccessKey: '' });
    const store = storeOf();
    expect(await failure(store.write('a', bytes(1)))).toMatchObject({ code: 'STORE_NO_CREDENTIALS', hint: expect.stringContaining('AWS_PROFILE') });
    expect(server.log).toEqual([]);
    useCredentials();
    expect(await store.write('a', bytes(1))).toEqual({ created: true });
  });

  it('no region is STORE_NO_REGION, unless the server is one of one’s own', async () => {
    expect(await failure(s3Store({ bucket: 'results' }).head('a'))).toMatchObject({ code: 'STORE_NO_REGION' });
    expect(await storeOf().head('a')).toBeUndefined();
  });

  it('a wrong secret is STORE_CREDENTIALS_REFUSED; secrets and session tokens are in no part of an error', async () => {
    const canaries = { secretAccessKey: 'canary-of-the-secret', sessionToken: 'canary-of-the-session' };
    useCredentials({ ...CREDENTIALS, ...canaries });
    const error = await failure(storeOf().write('a', bytes(1)));
    expect(error.code).toBe('STORE_CREDENTIALS_REFUSED');
    const shown = inspect(error, { depth: 20, showHidden: true, getters: true }) + JSON.stringify(error);
    for (const canary of Object.values(canaries)) expect(shown).not.toContain(canary);
    expect(inspect(storeOf(), { depth: 20, showHidden: true })).not.toContain('canary');
  });

  it.each<[string, unknown]>([
    ['no bucket', {}],
    ['a bucket that is a path', { bucket: 'a/b' }],
    ['no address', { bucket: 'abc', endpoint: 'localhost:9000' }],
    ['credentials in the address', { bucket: 'abc', endpoint: 'http://me:secret@localhost' }],
    ['no attempts', { bucket: 'abc', maxAttempts: 0 }],
    ['parts that are too small', { bucket: 'abc', partSize: 1_000 }],
    ['half an upload', { bucket: 'abc', uploads: 0.5 }],
    ['no options', undefined],
  ])('%s is OPTION_INVALID when the store is made', (_, options) => {
    expect(() => s3Store(options as S3StoreOptions)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.not.stringContaining('secret@') }),
    );
  });
});
