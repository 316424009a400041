const KEYS = 50_000;
const US_PER_MS = 1_000;

/** Small arguments, others for each number, with the names they have in the task. */
const CASES = {
  'a number and a text': [['rows', 'species'], (n) => [n, 'gentoo']],
  'a number and an object of three': [['rows', 'settings'], (n) => [n, { depth: 3, rate: 0.25, kind: 'gentoo' }]],
};

export const workload = {
  goal: 'G16',
  title: 'cache key of small arguments',
  repetitions: 5,
  variants: Object.fromEntries(Object.entries(CASES).map(([name, [names, makeArgs]]) => [name, () => keysOf(names, makeArgs)])),
  rows: Object.keys(CASES).map((name) => ({ title: `cache key of ${name}`, ours: name, unit: 'µs', bar: 3, stretch: 2 })),
};

/** The way a call takes before its cache is asked: digest of each argument, then the key of `cache.default`. */
async function keysOf(names, makeArgs) {
  const [{ inputDigests }, { cacheKey }, { cache }] = await Promise.all([
    import('../../dist/engine/inputs.js'),
    import('../../dist/cache/key.js'),
    import('../../dist/cache/policy.js'),
  ]);
  const noReference = () => undefined;
  const call = { task: 'fit', code: '0123456789abcdef0123456789abcdef', params: {}, flowName: 'bench', runId: 'bench' };
  return () => {
    let length = 0;
    const startedAt = performance.now();
    for (let n = 0; n < KEYS; n++) {
      const known = inputDigests(makeArgs(n), names, noReference);
      const inputs = {};
      for (const name in known) inputs[name] = known[name].digest;
      length += cacheKey(cache.default, { ...call, inputs }).length;
    }
    if (length !== KEYS * 32) throw new Error('expected keys of 32 characters');
    return ((performance.now() - startedAt) * US_PER_MS) / KEYS;
  };
}
