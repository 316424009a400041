import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Bucket, type Conditions, Refusal, type StoredObject } from './bucket.js';
import { decodePayload } from './payload.js';
import { type Credentials, verifySignature } from './signature.js';

/**
 * What goes wrong with one request: it is refused for now (`unavailable`); the connection breaks in the middle of the answer (`cut`), or
 * before anything was done where there is no content to cut; the server falls silent (`stall`); it does what it was asked to, and the answer
 * is lost (`lost`).
 */
export type Fault = 'unavailable' | 'cut' | 'stall' | 'lost';

export interface Asked {
  readonly method: string;
  /** The object; empty for requests to the bucket. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export interface S3ServerOptions {
  readonly credentials: Credentials;
  readonly buckets?: readonly string[];
  /** Objects in one page of a list. @default 1000 */
  readonly pageSize?: number;
}

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly buckets: ReadonlyMap<string, Bucket>;
  /** Every request that came, and how it went. */
  readonly log: { readonly asked: Asked; readonly fault: Fault | undefined; readonly status: number | undefined }[];
  /** Decides what goes wrong. */
  fault: (asked: Asked) => Fault | undefined;
  /** False: conditions of writes are answered with 501, as some servers do. */
  conditions: boolean;
  /** Code of the refusal that every request gets, with its status. */
  refuse: readonly [status: number, code: string] | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Of a HEAD, which has no body. */
  readonly length?: number;
}

/**
 * A server of the S3 protocol as far as stores of results go, kept in memory: signatures and checksums verified, conditional writes, uploads in
 * parts, ranges, paged lists. What it does not know it answers with 501.
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const buckets = new Map((options.buckets ?? ['results']).map((name) => [name, new Bucket()]));
  const state: Omit<S3Server, typeof Symbol.asyncDispose> & { endpoint: string } = {
    endpoint: '',
    buckets,
    log: [],
    fault: () => undefined,
    conditions: true,
    refuse: undefined,
  };
  const server = createServer((request, response) => {
    void receive(request).then(
      (body) => void serve(request, body, response),
      () => response.destroy(),
    );
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  state.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(state, {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  });

  function serve(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const place = placeOf(request);
    const asked: Asked = { method: request.method ?? '', name: place.name, query: place.query, headers: request.headers };
    const fault = state.fault(asked);
    const entry = { asked, fault, status: undefined as number | undefined };
    state.log.push(entry);
    if (fault === 'unavailable') return send(response, refusal(503, 'SlowDown', asked), asked);
    const isDone = fault !== 'stall' && (fault !== 'cut' || asked.method === 'GET');
    if (!isDone) return fault === 'cut' ? void response.socket?.destroy() : undefined;
    const answer = answerTo(request, body, asked, place.bucket);
    entry.status = answer.status;
    if (fault === 'lost') response.socket?.destroy();
    else if (fault === 'cut') sendHalf(response, answer);
    else send(response, answer, asked);
  }

  function answerTo(request: IncomingMessage, body: Buffer, asked: Asked, bucketName: string): Answer {
    const verdict = verifySignature({ method: asked.method, url: request.url ?? '', headers: request.headers, body }, options.credentials);
    if (!verdict.ok) return refusal(403, verdict.code, asked, verdict.canonical);
    if (state.refuse !== undefined) return refusal(...state.refuse, asked);
    const bucket = buckets.get(bucketName);
    if (bucket === undefined && asked.method === 'PUT' && asked.name === '') {
      buckets.set(bucketName, new Bucket());
      return { status: 200 };
    }
    if (bucket === undefined) return refusal(404, 'NoSuchBucket', asked);
    const payload = decodePayload(request.headers, body);
    if ('code' in payload) return refusal(400, payload.code, asked);
    try {
      return act(bucket, asked, payload.content, { ...kept(request.headers), ...payload.checksums });
    } catch (error) {
      if (error instanceof Refusal) return refusal(error.status, error.code, asked);
      throw error;
    }
  }

  function act(bucket: Bucket, asked: Asked, content: Buffer, headers: Readonly<Record<string, string>>): Answer {
    const { method, name, query } = asked;
    const upload = query.get('uploadId');
    const conditions: Conditions = { ifMatch: asked.headers['if-match'], ifNoneMatch: asked.headers['if-none-match'] };
    if (Buffer.byteLength(name) > 1_024) throw new Refusal(400, 'KeyTooLongError');
    const isWrite = method === 'PUT' || method === 'POST';
    if (isWrite && !state.conditions && conditions.ifNoneMatch !== undefined) throw new Refusal(501, 'NotImplemented');
    if (name === '') return method === 'GET' && query.get('list-type') === '2' ? listing(bucket, query) : refusal(501, 'NotImplemented', asked);
    if (method === 'GET' || method === 'HEAD') return reading(bucket.objects.get(name), asked, conditions);
    if (method === 'POST' && query.has('uploads'))
      return xml(200, `<InitiateMultipartUploadResult><UploadId>${bucket.begin(name, headers)}</UploadId></InitiateMultipartUploadResult>`);
    if (upload !== null && method === 'PUT')
      return { status: 200, headers: { ETag: bucket.part(upload, name, Number(query.get('partNumber')), content), ...checksumsOf(headers) } };
    if (upload !== null && method === 'POST') {
      const { etag } = bucket.complete(upload, name, partsIn(content.toString()), conditions);
      return xml(200, `<CompleteMultipartUploadResult><Key>${escapeXml(name)}</Key><ETag>${escapeXml(etag)}</ETag></CompleteMultipartUploadResult>`);
    }
    if (method === 'DELETE') {
      if (upload === null) bucket.objects.delete(name);
      else bucket.abort(upload, name);
      return { status: 204 };
    }
    if (method === 'PUT') return { status: 200, headers: { ETag: bucket.put(name, content, headers, conditions).etag, ...checksumsOf(headers) } };
    return refusal(501, 'NotImplemented', asked);
  }

  function listing(bucket: Bucket, query: URLSearchParams): Answer {
    const max = Math.min(Number(query.get('max-keys') ?? 1_000), options.pageSize ?? 1_000);
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString() || (query.get('start-after') ?? '');
    const { found, truncated } = bucket.list(query.get('prefix') ?? '', after, max);
    const isEncoded = query.get('encoding-type') === 'url';
    const written = (name: string): string => (isEncoded ? encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%20', '+') : escapeXml(name));
    const contents = found.map(
      ([name, { content, etag, modified }]) =>
        `<Contents><Key>${written(name)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>${escapeXml(etag)}</ETag><Size>${content.length}</Size></Contents>`,
    );
    const next = truncated ? `<NextContinuationToken>${Buffer.from(found.at(-1)![0]).toString('base64')}</NextContinuationToken>` : '';
    const encoding = isEncoded ? '<EncodingType>url</EncodingType>' : '';
    return xml(
      200,
      `<ListBucketResult><IsTruncated>${truncated}</IsTruncated><KeyCount>${found.length}</KeyCount>${encoding}${next}${contents.join('')}</ListBucketResult>`,
    );
  }
}

function reading(found: StoredObject | undefined, asked: Asked, { ifMatch, ifNoneMatch }: Conditions): Answer {
  if (found === undefined) return refusal(404, 'NoSuchKey', asked);
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== found.etag) return refusal(412, 'PreconditionFailed', asked);
  if (ifNoneMatch !== undefined && (ifNoneMatch === '*' || ifNoneMatch === found.etag)) return { status: 304, headers: { ETag: found.etag } };
  const { content, etag, modified } = found;
  const isAskedForSums = asked.headers['x-amz-checksum-mode'] === 'ENABLED';
  const headers = { ...found.headers, ETag: etag, 'Last-Modified': modified.toUTCString(), 'Accept-Ranges': 'bytes' };
  const withoutSums = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-')));
  const range = /^bytes=(\d+)-(\d*)$/.exec(asked.headers.range ?? '');
  if (range === null) {
    const body = asked.method === 'HEAD' ? {} : { body: content };
    return { status: 200, headers: isAskedForSums ? headers : withoutSums, length: content.length, ...body };
  }
  const [from, to] = [Number(range[1]), range[2] === '' ? content.length - 1 : Math.min(Number(range[2]), content.length - 1)];
  if (from >= content.length) return refusal(416, 'InvalidRange', asked);
  const part = content.subarray(from, to + 1);
  return { status: 206, headers: { ...withoutSums, 'Content-Range': `bytes ${from}-${to}/${content.length}` }, length: part.length, body: part };
}

function placeOf(request: IncomingMessage): { readonly bucket: string; readonly name: string; readonly query: URLSearchParams } {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const [, bucket = '', ...rest] = path.split('/');
  return { bucket, name: decodeURIComponent(rest.join('/')), query: new URLSearchParams(query) };
}

function kept(headers: IncomingMessage['headers']): Record<string, string> {
  const names = Object.keys(headers).filter((name) => name.startsWith('x-amz-meta-') || name === 'content-type');
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]));
}

function checksumsOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-checksum-')));
}

function partsIn(text: string): { readonly number: number; readonly etag: string }[] {
  return [...text.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: (/<ETag>(.*?)</.exec(part)?.[1] ?? '').replaceAll('&quot;', '"'),
  }));
}

function refusal(status: number, code: string, asked: Asked, canonical?: string): Answer {
  if (asked.method === 'HEAD') return { status };
  const shown = canonical === undefined ? '' : `<CanonicalRequest>${escapeXml(canonical)}</CanonicalRequest>`;
  return xml(
    status,
    `<Error><Code>${code}</Code><Message>${code}, as the server says it</Message>${shown}<RequestId>${randomUUID()}</RequestId></Error>`,
  );
}

function xml(status: number, text: string): Answer {
  return { status, headers: { 'Content-Type': 'application/xml' }, body: `<?xml version="1.0" encoding="UTF-8"?>\n${text}` };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function send(response: ServerResponse, { status, headers, body, length }: Answer, { method }: Asked): void {
  const size = length ?? Buffer.byteLength(body ?? '');
  response.writeHead(status, {
    'x-amz-request-id': randomUUID(),
    ...(status === 204 || status === 304 ? {} : { 'Content-Length': String(size) }),
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

function sendHalf(response: ServerResponse, { status, headers, body = '', length }: Answer): void {
  const bytes = Buffer.from(body as string);
  response.writeHead(status, { 'Content-Length': String(length ?? bytes.length), ...headers });
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => setImmediate(() => response.socket?.destroy()));
}

async function receive(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
