import { MillraceError } from '../../base/error.js';
import type { S3Settings } from './s3-options.js';

/** What there is to see of an error of the SDK or of the network. */
interface Seen {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  /** Of the server's answer; undefined when there was none. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
}

/** Carries what neither the SDK nor the network threw past the translation of their errors: of a source, or of a signal. */
export class NotOfS3 {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

function see(error: unknown): Seen {
  const { name, message, code, $metadata, cause } = error as {
    readonly name?: string;
    readonly message?: string;
    readonly code?: string;
    readonly cause?: { readonly code?: string };
    readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  };
  return {
    name: String(name ?? 'Error'),
    message: String(message ?? ''),
    code: code ?? cause?.code,
    status: $metadata?.httpStatusCode,
    requestId: $metadata?.requestId,
  };
}

/** The server has it that something is there already, or that another write is under way. */
export function isConflict(error: unknown): boolean {
  const { status } = see(error);
  return status === 412 || status === 409;
}

/** The condition of a write is not known to this server. */
export function isNotImplemented(error: unknown): boolean {
  const { status, name } = see(error);
  return status === 501 || name === 'NotImplemented';
}

export function isAbsent(error: unknown): boolean {
  const { name, status } = see(error);
  return name === 'NoSuchKey' || name === 'NotFound' || (status === 404 && name !== 'NoSuchBucket' && name !== 'NoSuchUpload');
}

/** Whether a write may have been carried out although its answer was no success: it was lost, or came to a repetition of the request. */
export function leavesOpen(error: unknown): boolean {
  const { status, name } = see(error);
  return status === undefined || status >= 500 || status === 409 || status === 412 || name === 'NoSuchUpload' || name === 'RequestTimeout';
}

const UNREACHABLE = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

/**
 * An error of the SDK as one that says what to do. The SDK's own is not its cause: it holds the request as it was signed, and with it session
 * tokens, which must not get into logs and records.
 */
export function asS3Error(error: unknown, settings: S3Settings): unknown {
  if (error instanceof NotOfS3) return error.thrown;
  if (error instanceof MillraceError) return error;
  const seen = see(error);
  const [code, message, hint] = verdict(seen, settings);
  const cause = Object.assign(new Error(seen.message), { name: seen.name });
  return new MillraceError(code, `${message} (${[seen.name, seen.status, seen.requestId].filter((part) => part !== undefined).join(', ')})`, {
    cause,
    hint,
  });
}

function verdict({ name, code, status }: Seen, { bucket, endpoint, timeoutMs }: S3Settings): readonly [code: string, message: string, hint: string] {
  const server = endpoint ?? 'Amazon S3';
  if (name === 'NoSuchBucket') {
    return ['STORE_BUCKET_MISSING', `there is no bucket '${bucket}' at ${server}`, "Create it, or correct 'bucket' and 'endpoint' of the store."];
  }
  if (name === 'CredentialsProviderError' || /^(?:Token|CredentialsProvider)/.test(name)) {
    const hint = 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where the machine has a role.';
    return ['STORE_NO_CREDENTIALS', `no credentials were found for bucket '${bucket}' at ${server}`, hint];
  }
  if (['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'RequestTimeTooSkewed'].includes(name)) {
    const hint = 'Renew or correct them; where the time is told to be skewed, set the clock of this machine.';
    return ['STORE_CREDENTIALS_REFUSED', `${server} does not accept the credentials for bucket '${bucket}'`, hint];
  }
  if (['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'].includes(name) || status === 301) {
    return ['STORE_REGION_WRONG', `bucket '${bucket}' is not in the region that was asked`, "Set 'region' of the store to the bucket's."];
  }
  if (status === 401 || status === 403) {
    const hint = 'Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket (without the last, what is missing looks forbidden).';
    return ['STORE_ACCESS_DENIED', `access to bucket '${bucket}' at ${server} is denied`, hint];
  }
  if (status === undefined && (name === 'TimeoutError' || UNREACHABLE.includes(code ?? ''))) {
    const how = name === 'TimeoutError' ? `did not answer within ${timeoutMs} ms` : `cannot be reached${code === undefined ? '' : ` (${code})`}`;
    return ['STORE_UNREACHABLE', `${server} ${how}`, "Check 'endpoint' and the network, then resume or run again: what was recorded is kept."];
  }
  return ['STORE_FAILED', `bucket '${bucket}' at ${server} failed`, 'Run again; when it stays, ask whoever runs the server, with the request id.'];
}

/** @returns undefined for errors that have nothing to do with it */
export function asRegionError(error: unknown): MillraceError | undefined {
  if (!see(error).message.includes('Region is missing')) return undefined;
  return new MillraceError('STORE_NO_REGION', 'no region is set for the S3 store', { hint: "Give the store a 'region', or set AWS_REGION." });
}
