import { describe, MillraceError } from '../base/error.js';

const HEX = /^(?:[0-9a-f]{2})+$/;

/**
 * Digests and keys are kept as bytes, so whatever is no lower-case hex would not come back as it went in.
 * @throws MillraceError `DIGEST_INVALID`
 */
export function checkDigest(what: string, digest: string): string {
  if (HEX.test(digest)) return digest;
  throw new MillraceError('DIGEST_INVALID', `expected ${what} to be lower-case hex of whole bytes; got ${describe(digest)}`);
}

/** @throws MillraceError `DIGEST_INVALID` */
export function digestBytes(what: string, digest: string): Uint8Array {
  return Buffer.from(checkDigest(what, digest), 'hex');
}
