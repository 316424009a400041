import { valueDigest } from '../base/canonical.js';
import { toMs } from '../base/duration.js';
import type { CacheContext, CachePolicy } from '../model/cache-policy.js';

interface Parts {
  readonly name: string;
  readonly key: (context: CacheContext) => string | undefined;
  readonly covers: CachePolicy['covers'];
  readonly asksForCode: boolean;
  readonly ttlMs?: number;
}

/** Policies are values: each combinator gives a new one. */
function policy(parts: Parts): CachePolicy {
  return Object.freeze({
    ...parts,
    and: (other) =>
      policy({
        name: `${parts.name} + ${other.name}`,
        key: (context) => join(parts.key(context), other.key(context)),
        covers: { code: parts.covers.code || other.covers.code, inputs: parts.covers.inputs || other.covers.inputs },
        asksForCode: parts.asksForCode || other.asksForCode,
        ...shortest(parts.ttlMs, other.ttlMs),
      }),
    without: (...args) =>
      policy({
        ...parts,
        name: `${parts.name} without ${args.join(', ')}`,
        key: (context) => parts.key({ ...context, inputs: leaveOut(context.inputs, args) }),
      }),
    ttl: (duration) => policy({ ...parts, ttlMs: toMs(duration) }),
  } satisfies CachePolicy);
}

function join(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? undefined : `${a}\n${b}`;
}

function shortest(a: number | undefined, b: number | undefined): { ttlMs?: number } {
  if (a === undefined) return b === undefined ? {} : { ttlMs: b };
  return { ttlMs: b === undefined ? a : Math.min(a, b) };
}

function leaveOut(inputs: CacheContext['inputs'], args: readonly string[]): CacheContext['inputs'] {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !args.includes(name)));
}

/** Digests hold neither `=` nor line ends, and parameter names no `=`, so that no two lists of inputs read the same. */
function inputsKey({ inputs }: CacheContext): string {
  let key = '';
  for (const name in inputs) key += `${name}=${inputs[name]}\n`;
  return key;
}

const inputs = policy({ name: 'inputs', key: inputsKey, covers: { code: false, inputs: true }, asksForCode: false });
/** `version` stands in for the digest of the code (S22). */
const code = policy({
  name: 'code',
  key: (context) => (context.version === undefined ? `code ${context.code}` : `version ${JSON.stringify(context.version)}`),
  covers: { code: true, inputs: false },
  asksForCode: true,
});

/** When results may be reused across runs (S20). Combine with `and`, narrow with `without`, limit in time with `ttl`. */
export const cache = Object.freeze({
  /** Same arguments. */
  inputs,
  /** Same code, or same `version`. */
  code,
  /** Same parameters of the run. */
  params: policy({
    name: 'params',
    key: ({ params }) =>
      Object.keys(params)
        .sort()
        .map((name) => `${name}=${valueDigest(params[name])}`)
        .join('\n'),
    covers: { code: false, inputs: false },
    asksForCode: false,
  }),
  /** Only within one run. */
  run: policy({ name: 'run', key: ({ runId }) => `run ${runId}`, covers: { code: false, inputs: false }, asksForCode: false }),
  /** Never. */
  none: policy({ name: 'none', key: () => undefined, covers: { code: false, inputs: false }, asksForCode: false }),
  /** inputs + code + version: what is asked for in most cases. */
  default: policy({
    name: 'default',
    key: (context) => join(inputsKey(context), code.key(context)),
    covers: { code: true, inputs: true },
    asksForCode: true,
  }),
  /** A key of one's own; undefined means: do not reuse. */
  key: (key: (context: CacheContext) => string | undefined): CachePolicy =>
    policy({ name: 'custom', key, covers: { code: false, inputs: false }, asksForCode: true }),
});
