import { type Duration, toMs } from '../../base/duration.js';
import { describe, MillraceError } from '../../base/error.js';
import { checkStoreKey } from '../store-key.js';

/** Credentials are no option: they come from the AWS SDK's own chain (environment, profile, role of the machine) and are kept nowhere. */
export interface S3StoreOptions {
  readonly bucket: string;
  /** Put before every key, so that a bucket can be shared: `team/results`. @default none */
  readonly prefix?: string | undefined;
  /** The address of a server that speaks S3 (MinIO, R2, Ceph, GCS): `http://localhost:9000`. @default Amazon's, or what the SDK's settings say */
  readonly endpoint?: string | undefined;
  /** @default what the SDK's settings say (`AWS_REGION`, profile); `us-east-1` for an endpoint of your own */
  readonly region?: string | undefined;
  /** Names the bucket in the path instead of the host name. @default true with `endpoint`, else false */
  readonly forcePathStyle?: boolean;
  /**
   * Whether uploads carry a checksum that the server checks. Some servers refuse what they do not know of; reading verifies digests in any case.
   * @default 'WHEN_REQUIRED' with `endpoint`, else 'WHEN_SUPPORTED'
   */
  readonly requestChecksumCalculation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
  /** Whether the server's checksums are asked for and checked. @default as `requestChecksumCalculation` */
  readonly responseChecksumValidation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
  /** How often a request is tried before it fails, from 1. @default 5 */
  readonly maxAttempts?: number;
  /** How long a server may be silent before the request is given up and tried again. @default '60s' */
  readonly timeout?: Duration;
  /** Values above this many bytes go up in parts of this size: at least 5242880; an upload has at most 10,000 parts. @default 8388608 (8 MiB) */
  readonly partSize?: number;
  /** Values that go up at the same time. @default 8 */
  readonly uploads?: number;
}

/** The options, checked and filled in. */
export interface S3Settings {
  readonly bucket: string;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly forcePathStyle: boolean;
  readonly requestChecksumCalculation: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
  readonly responseChecksumValidation: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly partSize: number;
  readonly uploads: number;
}

/** Parts of one value that go up at the same time. */
export const PARTS_AT_ONCE = 4;
/** Requests of a store, beside its uploads, that are under way at the same time. */
export const REQUESTS_AT_ONCE = 64;
/** What S3 takes as a part that is not the last. */
const SMALLEST_PART = 5 * 1024 * 1024;

/** @throws MillraceError `OPTION_INVALID`, `DURATION_INVALID`, `STORE_KEY_INVALID` */
export function s3Settings(options: S3StoreOptions): S3Settings {
  if (typeof options !== 'object' || options === null) throw invalid('its options', 'an object with a bucket', options);
  const { bucket, endpoint, region, maxAttempts = 5, partSize = 8 * 1024 * 1024, uploads = 8 } = options;
  if (typeof bucket !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) throw invalid("'bucket'", 'the name of a bucket', bucket);
  if (endpoint !== undefined) checkEndpoint(endpoint);
  if (region !== undefined && (typeof region !== 'string' || region === '')) throw invalid("'region'", "a name such as 'eu-central-1'", region);
  if (!isWhole(maxAttempts, 1)) throw invalid("'maxAttempts'", 'a whole number from 1', maxAttempts);
  if (!isWhole(partSize, SMALLEST_PART)) throw invalid("'partSize'", `a whole number from ${SMALLEST_PART}`, partSize);
  if (!isWhole(uploads, 1)) throw invalid("'uploads'", 'a whole number from 1', uploads);
  // Servers other than Amazon's often know buckets by path alone, and not the newer checksums.
  const checksums = options.requestChecksumCalculation ?? (endpoint === undefined ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED');
  return {
    bucket,
    prefix: checkedPrefix(options.prefix ?? ''),
    endpoint,
    region,
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: options.responseChecksumValidation ?? checksums,
    maxAttempts,
    timeoutMs: toMs(options.timeout ?? '60s'),
    partSize,
    uploads,
  };
}

function checkedPrefix(prefix: string): string {
  const bare = typeof prefix === 'string' ? prefix.replace(/\/$/, '') : prefix;
  if (bare === '') return '';
  checkStoreKey(bare);
  return `${bare}/`;
}

/** A user name in the address would end in records and messages. */
function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalid("'endpoint'", "an address such as 'http://localhost:9000'", endpoint);
  if (url.username === '' && url.password === '' && url.search === '') return;
  throw new MillraceError('OPTION_INVALID', "s3Store expected 'endpoint' to be an address without credentials or a query", {
    hint: 'Credentials come from the SDK: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine.',
  });
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function invalid(what: string, expected: string, got: unknown): MillraceError {
  return new MillraceError('OPTION_INVALID', `s3Store expected ${what} to be ${expected}; got ${describe(got)}`);
}
