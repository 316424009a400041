import type { Duration } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';

/** What a policy may look at. Digests are hex; `inputs` is keyed by parameter name. */
export interface CacheContext {
  readonly task: string;
  readonly code: string;
  readonly version?: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
  readonly flowName: string;
  readonly runId: string;
}

/** Decides when a result may be reused across runs (S20). `key` gives the part of the key it stands for, or undefined: do not reuse. */
export interface CachePolicy {
  readonly name: string;
  key(context: CacheContext): string | undefined;
  and(other: CachePolicy): CachePolicy;
  /** Leaves out arguments, by parameter name. */
  without(...args: string[]): CachePolicy;
  /** Entries older than this are misses (`expired`). */
  ttl(duration: Duration): CachePolicy;
  /** Milliseconds, when `ttl` was given. */
  readonly ttlMs?: number;
  /** Which parts of the key it covers, so that a miss can be explained (S27). */
  readonly covers: { readonly code: boolean; readonly inputs: boolean };
  /** Whether `key` may look at the code. Finding out what a task reaches takes time: it is not done for who does not ask. */
  readonly asksForCode: boolean;
}

/** @throws MillraceError with the code given, when what stands as the `cache` of a task or flow is no policy; `false` is one */
export function checkCachePolicy(policy: unknown, code: 'TASK_OPTION_INVALID' | 'FLOW_OPTION_INVALID', whose: string): void {
  if (policy === undefined || policy === false) return;
  if (typeof policy === 'object' && policy !== null && typeof (policy as CachePolicy).key === 'function') return;
  throw new MillraceError(code, `expected 'cache'${whose} to be a cache policy or false; got ${describe(policy)}`, {
    hint: 'Write cache: cache.default, with cache imported from millrace.',
  });
}
