import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it was sent, percent-encoded. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly canonical?: string };

const SCHEME = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const A_QUARTER_MS = 15 * 60_000;

/** Whether a request bears the signature (version 4) that its sender's secret gives, of its method, address, headers and body. */
export function verifySignature(request: SignedRequest, { accessKeyId, secretAccessKey, sessionToken }: Credentials): Verdict {
  const { headers, body } = request;
  const match = SCHEME.exec(headers.authorization ?? '');
  if (match === null) return { ok: false, code: headers.authorization === undefined ? 'AccessDenied' : 'AuthorizationHeaderMalformed' };
  const [, keyId, day, region, signedHeaders, signature] = match as unknown as string[];
  if (keyId !== accessKeyId) return { ok: false, code: 'InvalidAccessKeyId' };
  const time = String(headers['x-amz-date']);
  if (!time.startsWith(day!)) return { ok: false, code: 'AuthorizationHeaderMalformed' };
  if (Math.abs(Date.now() - Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))) > A_QUARTER_MS)
    return { ok: false, code: 'RequestTimeTooSkewed' };
  const bodyDigest = String(headers['x-amz-content-sha256']);
  const names = signedHeaders!.split(';');
  const mustBeSigned = Object.keys(headers).filter((name) => name === 'host' || name === 'content-md5' || name.startsWith('x-amz-'));
  if (mustBeSigned.some((name) => !names.includes(name))) return { ok: false, code: 'AccessDenied' };
  const canonical = canonicalRequest(request, names, bodyDigest);
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [region!, 's3', 'aws4_request'].reduce((secret, part) => hmac(secret, part), hmac(`AWS4${secretAccessKey}`, day!));
  if (hmac(key, toSign).toString('hex') !== signature) return { ok: false, code: 'SignatureDoesNotMatch', canonical };
  if (sessionToken !== headers['x-amz-security-token']) return { ok: false, code: 'InvalidToken' };
  const isSigned = /^[0-9a-f]{64}$/.test(bodyDigest);
  if (isSigned && sha256(body) !== bodyDigest) return { ok: false, code: 'XAmzContentSHA256Mismatch' };
  return { ok: true };
}

function canonicalRequest({ method, url, headers }: SignedRequest, names: readonly string[], bodyDigest: string): string {
  const [path = '', query = ''] = url.split('?');
  const pairs = query === '' ? [] : query.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  const lines = names.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replaceAll(/ +/g, ' ')}\n`,
  );
  return [method, path, pairs.sort().join('&'), lines.join(''), names.join(';'), bodyDigest].join('\n');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
