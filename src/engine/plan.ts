import { compareCode } from '../code/compare-code.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow, InputDigest } from '../model/records.js';

/** Everything a decision depends on, looked up beforehand: what makes `decide` pure, and the same for a run and a preview. */
export interface Facts {
  /** `none`: nothing asked for reuse, or the policy said no. */
  readonly key: string | undefined;
  /** The run that asks. */
  readonly run: string;
  readonly forced: boolean;
  /** Answers to the key, newest first. */
  readonly entries: readonly CacheEntryRow[];
  /** Milliseconds; undefined keeps for ever. */
  readonly ttlMs: number | undefined;
  readonly now: number;
  /** The call's own parts, and the most alike earlier result of the task: what a miss is explained with. */
  readonly code: string;
  /** What the code is made of, as entries keep it. */
  readonly codeParts: string | undefined;
  readonly version: string | undefined;
  readonly covers: CachePolicy['covers'];
  readonly inputs: Readonly<Record<string, InputDigest>>;
  readonly earlier: CacheEntryRow | undefined;
}

export type Decision = { readonly action: 'reuse'; readonly entry: CacheEntryRow } | { readonly action: 'run'; readonly why: Reason };

/** Run or reuse, and why (S20, S23, S25, S27). Bytes are looked at afterwards: what is gone or broken turns reuse into `missing` or `corrupted`. */
export function decide(facts: Facts): Decision {
  if (facts.key === undefined) return { action: 'run', why: { kind: 'not-cached' } };
  const [newest] = facts.entries;
  // What this very run has made is as fresh as can be: identical calls execute once, forced or not (S24).
  if (facts.forced && newest?.run !== facts.run) return { action: 'run', why: { kind: 'forced' } };
  if (newest === undefined) return { action: 'run', why: explainMiss(facts) };
  const age = facts.now - newest.createdAt;
  if (facts.ttlMs !== undefined && age > facts.ttlMs) {
    return { action: 'run', why: { kind: 'expired', detail: `made ${new Date(newest.createdAt).toISOString()}, kept for ${facts.ttlMs} ms` } };
  }
  return { action: 'reuse', entry: newest };
}

function explainMiss({ earlier, code, codeParts, version, covers, inputs }: Facts): Reason {
  if (earlier === undefined) return { kind: 'no-result' };
  if (covers.code && earlier.version !== version) return { kind: 'version-changed', detail: `${earlier.version ?? 'none'} -> ${version ?? 'none'}` };
  if (covers.code && version === undefined && earlier.code !== code) return codeChange(earlier.codeParts, codeParts);
  const changed = changedInputs(earlier.inputs, inputs);
  return changed.length === 0 ? { kind: 'no-result' } : { kind: 'input-changed', detail: changed.join(', ') };
}

/** Most name one declaration; who changed many files knows it. */
const MAX_NAMED = 3;

function codeChange(before: string | undefined, now: string | undefined): Reason {
  const details = compareCode(before, now).map(({ detail }) => detail);
  if (details.length === 0) return { kind: 'code-changed' };
  const more = details.length > MAX_NAMED ? ` and ${details.length - MAX_NAMED} more` : '';
  return { kind: 'code-changed', detail: `${details.slice(0, MAX_NAMED).join(', ')}${more}` };
}

function changedInputs(before: Facts['inputs'], now: Facts['inputs']): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.filter((name) => before[name]?.digest !== now[name]?.digest).map((name) => changeText(name, before[name], now[name]));
}

function changeText(name: string, before: InputDigest | undefined, now: InputDigest | undefined): string {
  const from = before?.shown ?? (before ? undefined : 'nothing');
  const to = now?.shown ?? (now ? undefined : 'nothing');
  return from === undefined || to === undefined ? name : `${name}: ${from} -> ${to}`;
}

/** Of earlier results, the one that differs in the fewest inputs; the newest of equals. */
export function mostAlike(entries: Iterable<CacheEntryRow>, inputs: Facts['inputs'], limit = 50): CacheEntryRow | undefined {
  let best: CacheEntryRow | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  let seen = 0;
  for (const entry of entries) {
    if (++seen > limit) break;
    const count = changedInputs(entry.inputs, inputs).length;
    if (count < fewest) [best, fewest] = [entry, count];
  }
  return best;
}
