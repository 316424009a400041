import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The content of a request's body, or the code of what is wrong with it. */
export type Payload = { readonly content: Buffer; readonly checksums: Readonly<Record<string, string>> } | { readonly code: string };

/** Decodes `aws-chunked` bodies with their trailers, and verifies every checksum that came along, in headers or trailers. */
export function decodePayload(headers: IncomingHttpHeaders, body: Buffer): Payload {
  const isChunked = String(headers['x-amz-content-sha256']).startsWith('STREAMING-');
  const decoded = isChunked ? decodeChunks(body) : { content: body, trailers: {} };
  if (decoded === undefined) return { code: 'IncompleteBody' };
  const { content } = decoded;
  const announced = headers['x-amz-decoded-content-length'];
  if (isChunked && announced !== undefined && Number(announced) !== content.length) return { code: 'IncompleteBody' };
  const trailers: Record<string, string> = decoded.trailers;
  if (headers['x-amz-trailer'] !== undefined && trailers[String(headers['x-amz-trailer'])] === undefined) return { code: 'MalformedTrailerError' };
  if (headers['content-md5'] !== undefined && headers['content-md5'] !== digest('md5', content)) return { code: 'BadDigest' };
  const checksums: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...headers, ...trailers })) {
    const algorithm = /^x-amz-checksum-(crc32c?|sha1|sha256)$/.exec(name)?.[1];
    if (algorithm === undefined) continue;
    if (checksum(algorithm, content) !== value) return { code: 'BadDigest' };
    checksums[name] = String(value);
  }
  return { content, checksums };
}

/** `<hex length>[;chunk-signature=…]\r\n<bytes>\r\n` until a chunk of length 0, then trailers. */
function decodeChunks(body: Buffer): { readonly content: Buffer; readonly trailers: Record<string, string> } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const length = Number.parseInt(body.toString('latin1', at, end), 16);
    if (!Number.isInteger(length)) return undefined;
    at = end + 2;
    if (length === 0) break;
    if (at + length + 2 > body.length) return undefined;
    chunks.push(body.subarray(at, at + length));
    at += length + 2;
  }
  const trailers: Record<string, string> = {};
  for (const line of body.toString('latin1', at).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { content: Buffer.concat(chunks), trailers };
}

export function checksum(algorithm: string, content: Buffer): string {
  if (algorithm === 'crc32') return crc(content, 0xedb88320);
  if (algorithm === 'crc32c') return crc(content, 0x82f63b78);
  return digest(algorithm, content);
}

function digest(algorithm: string, content: Buffer): string {
  return createHash(algorithm).update(content).digest('base64');
}

const TABLES = new Map<number, Uint32Array>();

function crc(content: Buffer, polynomial: number): string {
  const table = TABLES.get(polynomial) ?? makeTable(polynomial);
  let value = 0xffffffff;
  for (const byte of content) value = table[(value ^ byte) & 0xff]! ^ (value >>> 8);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((value ^ 0xffffffff) >>> 0);
  return bytes.toString('base64');
}

function makeTable(polynomial: number): Uint32Array {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? polynomial ^ (value >>> 1) : value >>> 1;
    return value >>> 0;
  });
  TABLES.set(polynomial, table);
  return table;
}
