import { formatMs } from '../log/format-ms.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import { causesOfMiss, explainMiss, joinReasons, type MissFacts } from './explain.js';

/** Everything a decision depends on, looked up beforehand: what makes `decide` pure, and the same for a run and a preview. */
export interface Facts {
  /** `none`: nothing asked for reuse, or the policy said no. */
  readonly key: string | undefined;
  /** The run that asks. */
  readonly run: string;
  /** By what: `clean was forced`. */
  readonly forced: string | undefined;
  /** Answers to the key, newest first. */
  readonly entries: readonly CacheEntryRow[];
  /** Milliseconds; undefined keeps for ever. */
  readonly ttlMs: number | undefined;
  readonly now: number;
  /** To explain a miss with; undefined where nothing was missed. */
  readonly miss: MissFacts | undefined;
}

export type Decision = { readonly action: 'reuse'; readonly entry: CacheEntryRow } | { readonly action: 'run'; readonly why: Reason };

/** Run or reuse, and why (S20, S23, S25, S27). Bytes are looked at afterwards: what is gone or broken turns reuse into `missing` or `corrupted`. */
export function decide({ key, run, forced, entries, ttlMs, now, miss }: Facts): Decision {
  if (key === undefined) return { action: 'run', why: { kind: 'not-cached', detail: 'its policy gives no key' } };
  const [newest] = entries;
  // What this very run has made is as fresh as can be: identical calls execute once, forced or not (S24).
  if (forced !== undefined && newest?.run !== run) return { action: 'run', why: explainForce(forced, miss) };
  if (newest === undefined) return { action: 'run', why: miss === undefined ? { kind: 'no-result' } : explainMiss(miss) };
  const age = now - newest.createdAt;
  if (ttlMs !== undefined && age > ttlMs) {
    return { action: 'run', why: { kind: 'expired', detail: `made ${new Date(newest.createdAt).toISOString()}, kept for ${formatMs(ttlMs)}` } };
  }
  return { action: 'reuse', entry: newest };
}

/** Also what would have made it run by itself. */
function explainForce(forced: string, miss: MissFacts | undefined): Reason {
  const others = miss === undefined ? [] : causesOfMiss(miss).filter(({ kind }) => kind !== 'no-result');
  return joinReasons([{ kind: 'forced', detail: forced }, ...others]) as Reason;
}
