import { createHash, hash } from 'node:crypto';

/** sha256 as 64 characters of lower-case hex. Text is taken as UTF-8. */
export function sha256(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/** The first 16 bytes of sha256 as 32 characters of lower-case hex: value digests and keys, which need to be short rather than unforgeable. */
export function digest128(data: Uint8Array | string): string {
  return sha256(data).slice(0, 32);
}

/** sha256 of something that comes piece by piece. After `sha256()` it takes no more. */
export interface Hasher {
  update(data: Uint8Array | string): void;
  /** 64 characters of hex, once. */
  sha256(): string;
}

export function createHasher(): Hasher {
  const state = createHash('sha256');
  return {
    update: (data) => void state.update(data),
    sha256: () => state.digest('hex'),
  };
}
