import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CREDENTIALS, useCredentials } from '../../s3/credentials.js';
import { checksum, decodePayload } from '../../s3/payload.js';
import { type S3Server, startS3Server } from '../../s3/s3-server.js';

let server: S3Server;
let client: S3Client;

beforeEach(async () => {
  useCredentials();
  server = await startS3Server({ credentials: CREDENTIALS });
  client = new S3Client({ endpoint: server.endpoint, region: 'eu-central-1', forcePathStyle: true, maxAttempts: 1 });
});
afterEach(() => server[Symbol.asyncDispose]());

const put = (input: Partial<PutObjectCommandInput>) =>
  client.send(new PutObjectCommand({ Bucket: 'results', Key: 'a b/ü+c', Body: 'hello', ...input }));
const get = async (input: object = {}) =>
  (await client.send(new GetObjectCommand({ Bucket: 'results', Key: 'a b/ü+c', ...input }))).Body?.transformToString();
const stored = () => server.buckets.get('results')!.objects.get('a b/ü+c');

describe('the server that tests of S3 run against', () => {
  it('knows what Amazon’s client signs, and gives it back with a checksum that the client verifies', async () => {
    await put({});
    expect(stored()?.headers['x-amz-checksum-crc32']).toBe(checksum('crc32', Buffer.from('hello')));
    expect(await get()).toBe('hello');
  });

  it('decodes streams that come in chunks, with their checksum at the end', async () => {
    await put({ Body: Readable.from([Buffer.from('one '), Buffer.from('two')]), ContentLength: 7, ChecksumAlgorithm: 'SHA256' });
    const [{ asked }] = server.log as [(typeof server.log)[number]];
    expect(asked.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    expect(stored()?.content.toString()).toBe('one two');
    expect(stored()?.headers['x-amz-checksum-sha256']).toBe(checksum('sha256', Buffer.from('one two')));
  });

  it.each([
    ['a wrong checksum', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'hello', 'BadDigest'],
    ['a wrong MD5', { 'content-md5': 'AAAA' }, 'hello', 'BadDigest'],
    ['half a body', { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }, '5\r\nhel', 'IncompleteBody'],
    ['no trailer', { 'x-amz-content-sha256': 'STREAMING-X', 'x-amz-trailer': 'x-amz-checksum-crc32' }, '0\r\n\r\n', 'MalformedTrailerError'],
  ])('refuses %s', (_, headers, body, code) => {
    expect(decodePayload(headers, Buffer.from(body))).toEqual({ code });
  });

  it('knows CRC-32 and CRC-32C by their check values', () => {
    expect(Buffer.from(checksum('crc32', Buffer.from('123456789')), 'base64').toString('hex')).toBe('cbf43926');
    expect(Buffer.from(checksum('crc32c', Buffer.from('123456789')), 'base64').toString('hex')).toBe('e3069283');
  });

  it('refuses other keys, other secrets, and requests without a signature', async () => {
    useCredentials({ ...CREDENTIALS, secretAccessKey: 'wrong' });
    client = new S3Client({ endpoint: server.endpoint, region: 'x', forcePathStyle: true });
    await expect(put({})).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    useCredentials({ accessKeyId: 'nobody', secretAccessKey: 'wrong' });
    client = new S3Client({ endpoint: server.endpoint, region: 'x', forcePathStyle: true });
    await expect(put({})).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    expect((await fetch(`${server.endpoint}/results/a`, { method: 'PUT', body: 'x' })).status).toBe(403);
    expect(stored()).toBeUndefined();
  });

  it('refuses what was changed after it was signed', async () => {
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: unknown }).body = Buffer.from('jello');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(put({})).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' });
  });

  it('keeps conditions and ranges', async () => {
    const { ETag } = await put({ IfNoneMatch: '*' });
    await expect(put({ IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(put({ IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await put({ IfMatch: ETag, Body: 'world' });
    expect(await get({ Range: 'bytes=1-2' })).toBe('or');
    await expect(get({ Range: 'bytes=9-' })).rejects.toMatchObject({ name: 'InvalidRange' });
    await expect(get({ IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });
});
