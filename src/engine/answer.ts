import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import type { Kept } from '../results/result-keeper.js';

/** `key` is where a new result shall be found again; without one it is not. */
export type Answer =
  | { readonly hit: CacheEntryRow; readonly key: string; readonly why: undefined }
  /** Others have left it at its address, and no record says that it is out of date. */
  | { readonly hit: undefined; readonly adopted: Kept; readonly key: string; readonly why: Reason }
  | { readonly hit: undefined; readonly adopted?: undefined; readonly key: string | undefined; readonly why: Reason };
