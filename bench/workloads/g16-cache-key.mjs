import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

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
  prepare,
  variants: Object.fromEntries(
    Object.entries(CASES).map(([name, [names, makeArgs]]) => [name, ({ folder }) => keysOf(join(folder, ENTRY), names, makeArgs)]),
  ),
  rows: Object.keys(CASES).map((name) => ({ title: `cache key of ${name}`, ours: name, unit: 'µs', bar: 3, stretch: 2 })),
};

const ENTRY = 'keys.mjs';

/** The parts that make keys are no entry of the package: they are bundled from their sources, as the build does it. */
async function prepare({ folder }) {
  const { rolldown } = await import('rolldown');
  const from = (path) => JSON.stringify(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)));
  const code = `export * from ${from('engine/inputs.ts')}; export * from ${from('cache/key.ts')}; export * from ${from('cache/policy.ts')};`;
  const entry = { name: 'entry', resolveId: (id) => (id === ENTRY ? id : null), load: (id) => (id === ENTRY ? code : null) };
  const build = await rolldown({ input: ENTRY, platform: 'node', plugins: [entry] });
  await build.write({ file: join(folder, ENTRY), format: 'esm' });
  await build.close();
}

/** The way a call takes before its cache is asked: digest of each argument, then the key of `cache.default`. */
async function keysOf(file, names, makeArgs) {
  const { cache, cacheKey, inputDigests } = await import(pathToFileURL(file).href);
  const noReference = () => undefined;
  const call = { task: 'fit', code: '0123456789abcdef0123456789abcdef', params: {}, flowName: 'bench', runId: 'bench' };
  return () => {
    let length = 0;
    const startedAt = performance.now();
    for (let n = 0; n < KEYS; n++) {
      const known = inputDigests(makeArgs(n), names, noReference);
      const inputs = {};
      for (const name in known) inputs[name] = known[name].digest;
      length += cacheKey(cache.default, {
        task: call.task,
        code: call.code,
        inputs,
        params: call.params,
        flowName: call.flowName,
        runId: call.runId,
      }).length;
    }
    if (length !== KEYS * 32) throw new Error('expected keys of 32 characters');
    return ((performance.now() - startedAt) * US_PER_MS) / KEYS;
  };
}
