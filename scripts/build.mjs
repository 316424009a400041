// Builds dist/ from src/: declarations by the compiler, modules joined into few files by Rolldown, because Node spends half a millisecond on
// each file it loads. `--if-stale` does nothing when dist/ is newer than everything it is made of.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(root, 'src');
const DIST = join(root, 'dist');
const TSCONFIG = join(root, 'tsconfig.json');
/** The script and style of reports: bundled for browsers, into files that reports take in. */
const PAGE = join(SRC, 'report', 'page');
/** Later ones overrule earlier ones. */
const STYLES = ['colours', 'page', 'summary', 'graph', 'timeline', 'tables', 'log', 'detail', 'artifacts', 'media'];
const TSC = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** What the package offers to load: its `exports` and its `bin`. */
const ENTRIES = {
  index: 'index.ts',
  s3: 's3.ts',
  postgres: 'postgres.ts',
  'client/index': 'client/index.ts',
  'decorators/index': 'decorators/index.ts',
  'testing/index': 'testing/index.ts',
  'cli/main': 'cli/main.ts',
  // Started by a process that ends, with what it still has to say to a server.
  'last-words': 'last-words.ts',
  // Not for importing: a thread is started with it.
  'heartbeat-thread': 'runs/heartbeat/thread.ts',
  // Nor this: it writes lines for a process whose loop stands still.
  'line-thread': 'runs/postgres/line-thread.ts',
  // Nor this: it runs what `cached-scripts.mjs` makes of parts.
  'compile-cache': 'base/compile-cache.ts',
};

/**
 * What is loaded together is one file: modules, and all that they import at their top. What an earlier part has, a later one takes from it; what is
 * imported when it is needed, and in no part, stays apart. So a module leaves a part by being imported when needed.
 */
const PARTS = [
  // Before any other: they are run by it.
  { name: 'compile-cache', from: ['base/compile-cache.ts'] },
  // Every script that imports Millrace, and every run that is recorded.
  { name: 'core', from: ['index.ts'] },
  // `millrace run`, told to machines.
  { name: 'run', from: ['cli/program.ts'] },
  // A person looks on.
  { name: 'live', from: ['cli/human-printer.ts', 'cli/live-view.ts', 'cli/run-summary.ts'] },
  // A record that is new or old, and one that somebody looks into.
  { name: 'migrations', from: ['runs/sqlite/migrations.ts'] },
  { name: 'look-back', from: ['runs/sqlite/look-back.ts'] },
  { name: 'past', from: ['client/index.ts', 'runtime/past-run.ts', 'runtime/resume.ts', 'runtime/past/removal.ts', 'runtime/past/retention.ts'] },
  { name: 'postgres', from: ['postgres.ts', 'runs/postgres/postgres-record.ts', 'runs/postgres/postgres-care.ts', 'runs/postgres/move-record.ts'] },
  { name: 'drawing', from: ['runtime/drawing.ts', 'runtime/invalidate.ts', 'runtime/stored-output.ts'] },
];

/**
 * Packages that stay packages: native, large, or needed by few commands. The others, small and needed at every start, are joined in; they stay
 * dependencies all the same, so that their licences come along.
 */
const STAY_APART = [
  'reflect-metadata',
  'libsql',
  'rolldown',
  '@viz-js/viz',
  'node-cache',
  '@aws-sdk/client-s3',
  '@aws-sdk/lib-storage',
  'log-update',
  'string-width',
  'cli-truncate',
  'fastest-levenshtein',
  'markdown-it',
  'diff',
  'croner',
  'chokidar',
  'hono',
  '@hono/node-server',
  '@hono/zod-openapi',
  'pino',
  'zod',
];

const LATE_CHILD_PROCESS = '\0late-child-process';

/** Commander starts programs for commands that are programs of their own, of which there are none: what it would do so with is not loaded before. */
const lateChildProcess = {
  name: 'late-child-process',
  resolveId: (id, importer) => (isStartedByCommander(id, importer) ? LATE_CHILD_PROCESS : null),
  load: (id) => (id === LATE_CHILD_PROCESS ? `exports.spawn = (...args) => process.getBuiltinModule('node:child_process').spawn(...args);` : null),
};

process.exitCode = await main();

async function main() {
  if (!existsSync(SRC)) return 0; // installed as a dependency: dist/ came with the package
  if (process.argv.includes('--if-stale') && isFresh()) return 0;
  if (!existsSync(TSC)) return withoutCompiler();
  return await build();
}

/** `npm ci --omit=dev` in a checkout runs `prepare` as well: that is no error. Being asked to build is. */
function withoutCompiler() {
  console.error('build: the TypeScript compiler is not installed; run `npm ci` to get it');
  return process.env.npm_lifecycle_event === 'prepare' ? 0 : 1;
}

/**
 * Compiles beside dist/ and moves the result into its place when it is complete: a failed compile leaves the last good build alone,
 * and nobody loads half of one. The folder lies as deep as dist/, so that source maps point to src/ from either.
 */
async function build() {
  const startedAt = new Date();
  const fresh = join(root, `.dist-${process.pid}`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  try {
    if (!compile('-p', TSCONFIG, '--outDir', fresh, '--emitDeclarationOnly')) return 1;
    if (existsSync(PAGE) && !compile('-p', PAGE)) return 1;
    await joinModules(fresh);
    await quietLines(fresh);
    if (existsSync(join(SRC, ENTRIES['compile-cache']))) await cacheScripts(fresh);
    if (existsSync(PAGE)) await joinPage(join(fresh, 'report'));
    makeExecutable(join(fresh, 'cli', 'main.js'));
    // The folder's own time is the stamp: what changes while the compiler runs is newer than it.
    utimesSync(fresh, startedAt, startedAt);
    putInPlace(fresh);
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function compile(...args) {
  const compiled = spawnSync(process.execPath, [TSC, ...args], { cwd: root, stdio: 'inherit' });
  if (compiled.error) throw compiled.error;
  if (compiled.status === 0) return true;
  const why = compiled.signal ?? `exit code ${compiled.status}`;
  console.error(`build: tsc failed (${why}); ${existsSync(DIST) ? 'dist/ is still the last good build' : 'there is no dist/'}`);
  return false;
}

/** Imported when needed: `--if-stale` runs before every start. */
async function joinModules(outputFolder) {
  const { build: bundle } = await import('rolldown');
  const { plainPrivates } = await import('./plain-privates.mjs');
  const sources = Object.entries(ENTRIES).map(([name, file]) => [name, join(SRC, file)]);
  const input = Object.fromEntries(sources.filter(([, file]) => existsSync(file)));
  await bundle({
    input,
    platform: 'node',
    external: isApart,
    plugins: [plainPrivates(), lateChildProcess],
    // What is newer than the oldest Node we run on (`await using`) is lowered: the bundler does not read tsconfig's target.
    transform: { target: 'node20' },
    logLevel: 'warn',
    checks: { pluginTimings: false },
    output: {
      dir: outputFolder,
      format: 'esm',
      charset: 'ascii',
      sourcemap: true,
      keepNames: true,
      // Comments are half of the text, and Node reads all of it at every start.
      minify: { compress: false, mangle: { toplevel: false, keepNames: true }, codegen: { removeWhitespace: true } },
      entryFileNames: '[name].js',
      chunkFileNames: 'parts/[name].js',
      codeSplitting: { groups: groupsOfParts() },
    },
  });
}

/** Before the page is there, which browsers run. */
async function quietLines(folder) {
  const { withQuietLines } = await import('./quiet-lines.mjs');
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js'));
  for (const path of files.map((file) => join(folder, file))) writeFileSync(path, withQuietLines(readFileSync(path, 'utf8')));
}

async function cacheScripts(folder) {
  const { makeCachedScripts } = await import('./cached-scripts.mjs');
  makeCachedScripts(folder);
}

/** A group takes along what its modules import, unless an earlier one has it: their order is that of their priorities. */
function groupsOfParts() {
  let parts;
  return PARTS.map(({ name }, index) => ({
    name(id, graph) {
      parts ??= divide(graph);
      return parts.get(id) === name ? name : null;
    },
    debugName: name,
    priority: PARTS.length - index,
  }));
}

/** What part each module is in, from what the bundler knows of who imports what. */
function divide(graph) {
  const parts = new Map();
  for (const { name, from } of PARTS) {
    const found = from.map((file) => join(SRC, file));
    for (const id of found) {
      const module = parts.has(id) ? null : graph.getModuleInfo(id);
      if (module === null || module.isExternal) continue;
      parts.set(id, name);
      found.push(...module.importedIds);
    }
  }
  return parts;
}

/** One classic script and one style sheet, without source maps: they are put into pages that stand alone. */
async function joinPage(outputFolder) {
  const { build: bundle } = await import('rolldown');
  await bundle({
    input: join(PAGE, 'main.ts'),
    platform: 'browser',
    tsconfig: join(PAGE, 'tsconfig.json'),
    transform: { target: 'es2022' },
    logLevel: 'warn',
    output: { file: join(outputFolder, 'page.js'), format: 'iife', minify: true },
  });
  const styles = STYLES.map((name) => readFileSync(join(PAGE, 'styles', `${name}.css`), 'utf8'));
  writeFileSync(join(outputFolder, 'page.css'), styles.join('\n'));
}

function isStartedByCommander(id, importer) {
  return id === 'node:child_process' && /[\\/]node_modules[\\/]commander[\\/]/.test(importer ?? '');
}

function isApart(id, importer) {
  if (isStartedByCommander(id, importer)) return false;
  return id.startsWith('node:') || STAY_APART.some((name) => id === name || id.startsWith(`${name}/`));
}

function makeExecutable(path) {
  if (existsSync(path)) chmodSync(path, 0o755);
}

/** A folder cannot be renamed over a full one; another build may put its own there in between, then that one is moved away too. */
function putInPlace(fresh) {
  const old = `${fresh}-old`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (existsSync(DIST)) renameSync(DIST, old);
      renameSync(fresh, DIST);
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    } finally {
      rmSync(old, { recursive: true, force: true });
    }
  }
}

/** Folders count too: removing a file changes nothing but its folder. */
function isFresh() {
  const builtAt = statSync(DIST, { throwIfNoEntry: false })?.mtimeMs;
  if (builtAt === undefined) return false;
  const isOlder = (path) => statSync(path).mtimeMs < builtAt;
  if (![SRC, TSCONFIG, join(root, 'package.json')].every(isOlder)) return false;
  return readdirSync(SRC, { recursive: true }).every((entry) => isOlder(join(SRC, entry)));
}
