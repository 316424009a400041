/** Why a node runs, or would run (S27). */
export const REASON_KINDS = [
  'no-result',
  'input-changed',
  'code-changed',
  'file-changed',
  'captured-variable',
  'version-changed',
  'expired',
  'forced',
  'missing',
  'corrupted',
  'upstream-pending',
  'not-cached',
] as const;

export interface Reason {
  readonly kind: (typeof REASON_KINDS)[number];
  /** Which input, file, variable … and, for small values, from what to what. */
  readonly detail?: string;
}
