import type { CachePolicy } from '../model/cache-policy.js';
import type { Reason } from '../model/reason.js';
import type { InputDigest } from '../model/records.js';
import type { EarlierCall } from './earlier-calls.js';
import { inputChanges } from './input-changes.js';

/** What a miss is explained with: the call's own parts, and the earlier result that it is most alike to. */
export interface MissFacts {
  readonly covers: CachePolicy['covers'];
  readonly policyName: string;
  readonly code: string;
  /** What differs in the code since that earlier call, as far as it is known. */
  readonly codeChanges: readonly Reason[];
  readonly version: string | undefined;
  readonly inputs: Readonly<Record<string, InputDigest>>;
  readonly earlier: EarlierCall | undefined;
  /** Names of the files whose content is not what that earlier call read. */
  readonly changedFiles: string | undefined;
  /** Whether an input has a say in the key. */
  readonly counts: (name: string) => boolean;
  readonly sourceOf: (name: string) => string | undefined;
}

/** In the order in which people want to hear of them: what they did themselves first. */
const ORDER: readonly Reason['kind'][] = [
  'forced',
  'version-changed',
  'code-changed',
  'captured-variable',
  'file-changed',
  'input-changed',
  'expired',
  'missing',
  'corrupted',
  'upstream-pending',
  'not-cached',
  'no-result',
];

/** How a cause is called that is not the first. */
const NOUNS: Partial<Readonly<Record<Reason['kind'], string>>> = {
  'version-changed': 'version',
  'code-changed': 'code',
  'captured-variable': 'captured variable',
  'file-changed': 'file',
  'input-changed': 'input',
};

/** Most changes have one cause; who changed many knows them. */
const NAMED = 3;

/** Every cause of a miss, in one reason (S27): `code-changed: src/lib.ts: normalise; input days: 365 -> 30`. */
export function explainMiss(facts: MissFacts): Reason {
  return joinReasons(causesOfMiss(facts)) ?? { kind: 'no-result' };
}

/** What differs from the earlier call. Empty: there was none. */
export function causesOfMiss(facts: MissFacts): readonly Reason[] {
  const { earlier, covers, code, version, policyName, changedFiles } = facts;
  if (earlier === undefined) return [];
  const { entry } = earlier;
  const causes: Reason[] = [];
  if (covers.code && entry.version !== version)
    causes.push({ kind: 'version-changed', detail: `${entry.version ?? 'none'} -> ${version ?? 'none'}` });
  else if (covers.code && version === undefined && entry.code !== code) causes.push(...byKind(facts.codeChanges));
  if (changedFiles !== undefined) causes.push({ kind: 'file-changed', detail: changedFiles });
  const inputs = changesOfInputs(facts, earlier);
  if (inputs.length > 0) causes.push({ kind: 'input-changed', detail: listed(inputs) });
  // A policy of one's own, of the parameters, of the run: what it looked at is not kept.
  if (causes.length === 0) causes.push({ kind: 'no-result', detail: `none with this key of the policy '${policyName}'` });
  return causes;
}

/** One reason of many: the first in order gives its kind, the others are told in its detail. Undefined for none. */
export function joinReasons(reasons: readonly Reason[]): Reason | undefined {
  const [first, ...others] = reasons.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  if (first === undefined) return undefined;
  const told = others.map(({ kind, detail }) => [NOUNS[kind] ?? kind.replaceAll('-', ' '), detail].filter((part) => part !== undefined).join(' '));
  const details = [...(first.detail === undefined ? [] : [first.detail]), ...told];
  return details.length === 0 ? { kind: first.kind } : { kind: first.kind, detail: details.join('; ') };
}

function changesOfInputs({ inputs, counts, sourceOf }: MissFacts, { entry, isOneOfMany }: EarlierCall): readonly string[] {
  return inputChanges(entry.inputs, inputs, { counts, sourceOf, isFromUnknown: isOneOfMany });
}

/** Code, and captured variables: one reason each. */
function byKind(changes: readonly Reason[]): readonly Reason[] {
  if (changes.length === 0) return [{ kind: 'code-changed' }];
  const kinds = [...new Set(changes.map(({ kind }) => kind))];
  return kinds.map((kind) => ({ kind, detail: listed(changes.flatMap((change) => (change.kind === kind ? [change.detail ?? ''] : []))) }));
}

function listed(changes: readonly string[]): string {
  const more = changes.length > NAMED ? ` and ${changes.length - NAMED} more` : '';
  return `${changes.slice(0, NAMED).join(', ')}${more}`;
}
