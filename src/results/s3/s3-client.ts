import { randomUUID } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { asRegionError, isAbsent } from './s3-error.js';
import { PARTS_AT_ONCE, REQUESTS_AT_ONCE, type S3Settings } from './s3-options.js';
import { s3RetryStrategy } from './s3-retry.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** A write is known again by this, also when its answer was lost. */
const MARK = 'millrace-write';

export interface S3Head {
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly modified: Date;
  /** Of the write that made it; undefined for what others wrote. */
  readonly mark: string | undefined;
}

export interface S3Body {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Of these pieces. */
  readonly bytes: number;
  readonly etag: string | undefined;
  /** Whether it begins where it was asked to, and not at the start. */
  readonly partial: boolean;
}

/** What an upload takes with it. */
export interface S3Marked {
  readonly mark: string;
  readonly metadata: Record<string, string>;
}

/** What of an S3 client the store needs. Names are whole: with the prefix of the store. Errors are the SDK's. */
export interface S3Objects {
  readonly sdk: Sdk;
  readonly client: S3Client;
  head(name: string): Promise<S3Head | undefined>;
  /** From byte `from` on; with `etag`, only while it is still the same object. */
  get(name: string, options: { readonly from: number; readonly etag: string | undefined; readonly signal: AbortSignal | undefined }): Promise<S3Body>;
  delete(name: string): Promise<void>;
  /** One page of names that start with a prefix, and where the next one begins. */
  page(prefix: string, after: string | undefined): Promise<{ readonly names: readonly string[]; readonly next: string | undefined }>;
}

export async function openS3(settings: S3Settings): Promise<S3Objects> {
  const sdk = await import('@aws-sdk/client-s3');
  return s3Objects(sdk, await makeClient(sdk, settings), settings.bucket);
}

async function makeClient(sdk: Sdk, settings: S3Settings): Promise<S3Client> {
  const { endpoint, forcePathStyle, requestChecksumCalculation, responseChecksumValidation, maxAttempts, timeoutMs } = settings;
  // One for each request that can be under way: to wait for a free one would count as not being connected.
  const maxSockets = REQUESTS_AT_ONCE + settings.uploads * (PARTS_AT_ONCE + 1);
  const make = (region: string | undefined): S3Client =>
    new sdk.S3Client({
      forcePathStyle,
      requestChecksumCalculation,
      responseChecksumValidation,
      maxAttempts,
      retryStrategy: s3RetryStrategy(maxAttempts),
      followRegionRedirects: true,
      requestHandler: { connectionTimeout: timeoutMs, socketTimeout: timeoutMs, httpAgent: { maxSockets }, httpsAgent: { maxSockets } },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
    });
  const client = make(settings.region);
  try {
    await client.config.region();
    return client;
  } catch (error) {
    if (endpoint === undefined) throw asRegionError(error) ?? error;
    // A server of one's own has no regions, yet signatures name one.
    return make('us-east-1');
  }
}

function s3Objects(sdk: Sdk, client: S3Client, bucket: string): S3Objects {
  return {
    sdk,
    client,

    async head(name) {
      try {
        const answer = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: name }));
        return {
          bytes: answer.ContentLength ?? 0,
          etag: answer.ETag,
          modified: answer.LastModified ?? new Date(0),
          mark: answer.Metadata?.[MARK],
        };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async get(name, { from, etag, signal }) {
      const again = from > 0 && etag !== undefined ? { Range: `bytes=${from}-`, IfMatch: etag } : {};
      const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: name, ...again });
      const answer = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
      return {
        pieces: answer.Body as unknown as AsyncIterable<Uint8Array>,
        bytes: answer.ContentLength ?? 0,
        etag: answer.ETag,
        partial: answer.$metadata.httpStatusCode === 206,
      };
    },

    async delete(name) {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: name }));
    },

    async page(prefix, after) {
      const answer = await client.send(
        // Without the encoding, names with control characters would not be XML.
        new sdk.ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          EncodingType: 'url',
          ...(after === undefined ? {} : { ContinuationToken: after }),
        }),
      );
      const decode = answer.EncodingType === 'url' ? decodeName : (name: string) => name;
      return {
        names: (answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [decode(Key)])),
        next: answer.IsTruncated === true ? answer.NextContinuationToken : undefined,
      };
    },
  };
}

function decodeName(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '));
}

/** @param meta of the caller's; what is not plain ASCII is percent-encoded, since it travels in headers */
export function newMark(meta: Readonly<Record<string, string>>): S3Marked {
  const mark = randomUUID();
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(meta)) {
    metadata[name.toLowerCase()] = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) ? value : encodeURIComponent(value);
  }
  metadata[MARK] = mark;
  return { mark, metadata };
}
