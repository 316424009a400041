import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CREDENTIALS, credentialsEnv } from '../s3/credentials.js';
import { type S3Server, startS3Server } from '../s3/s3-server.js';
import { type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const FLOW = fileURLToPath(new URL('../../examples/s3/flow.ts', import.meta.url));

interface Ran {
  readonly run: string;
  readonly state: string;
  readonly result: unknown;
}

describe('examples/s3', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-s3-example-'));
  let server: S3Server;
  let shell: Shell;
  beforeAll(async () => {
    server = await startS3Server({ credentials: CREDENTIALS, buckets: ['weather'] });
    shell = shellIn(folder, { ...credentialsEnv(), S3_ENDPOINT: server.endpoint, S3_BUCKET: 'weather' });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  const states = async (run: string) => statesOf(await shell.json<RecordedRun>('inspect', run));
  const result = { year: 2013, rainMm: 828, warmest: 33.9 };

  it('keeps every result in the bucket; the second run takes all of them from there', async () => {
    const first = await shell.json<Ran>('run', FLOW, 'climate');
    expect(first).toMatchObject({ state: 'success', result });
    expect(await states(first.run)).toEqual({ 'days#0': 'success', 'ofYear#0': 'success', 'sumUp#0': 'success' });
    const names = [...server.buckets.get('weather')!.objects.keys()];
    expect(names).toHaveLength(3);
    expect(names.every((name) => name.startsWith('climate/results/'))).toBe(true);
    server.log.length = 0;
    const second = await shell.json<Ran>('run', FLOW, 'climate');
    expect(second).toMatchObject({ state: 'success', result });
    expect(Object.values(await states(second.run))).toEqual(['cached', 'cached', 'cached']);
    // The value that the body gives back is read; nothing new is written.
    const of = (method: string) => server.log.filter(({ asked }) => asked.method === method);
    expect(new Set(of('GET').map(({ asked }) => asked.name)).size).toBe(1);
    expect(of('PUT').filter(({ status }) => status !== 412)).toEqual([]);
  });

  it('S25: what was deleted in the bucket is computed anew', async () => {
    const { objects } = server.buckets.get('weather')!;
    objects.clear();
    const again = await shell.json<Ran>('run', FLOW, 'climate');
    expect(again).toMatchObject({ state: 'success', result });
    expect(objects.size).toBeGreaterThan(0);
  });

  it('another flow, in another project, reads a result by the address that inspect shows', async () => {
    const { artifacts } = await shell.json<{ artifacts: readonly { ref: { uri: string } }[] }>('inspect', 'climate/latest/sumUp');
    const uri = artifacts[0]!.ref.uri;
    expect(uri).toMatch(/^s3:\/\/weather\/climate\/results\/[0-9a-f]{2}\/[0-9a-f]{62}\.json$/);
    const elsewhere = shellIn(folder, {
      ...credentialsEnv(),
      S3_ENDPOINT: server.endpoint,
      S3_BUCKET: 'weather',
      MILLRACE_HOME: join(folder, 'other'),
    });
    expect(await elsewhere.json<Ran>('run', FLOW, 'look', '--param', `address=${uri}`)).toMatchObject({ state: 'success', result });
  });

  it('a look-up that does not know the store says where the value lies', async () => {
    const { out, code } = await shell.millrace('inspect', 'climate/latest/sumUp');
    expect(code).toBe(0);
    expect(out).toContain('lies in s3://weather/climate/, a store that this process does not have');
  });

  it('a server that is not there fails the task with what to do, not with a stack', async () => {
    const env = { ...credentialsEnv(), S3_ENDPOINT: 'http://127.0.0.1:9', S3_BUCKET: 'weather', MILLRACE_HOME: join(folder, 'third') };
    const { code, err } = await shellIn(folder, env).millrace('run', FLOW, 'climate', '--quiet');
    expect(code).toBe(1);
    expect(err).toContain('http://127.0.0.1:9 cannot be reached (ECONNREFUSED)');
    expect(err).toContain("Check 'endpoint' and the network");
  });
});
