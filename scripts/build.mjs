// Builds dist/ from src/. `--if-stale` does nothing when dist/ is newer than everything it is made of.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(root, 'src');
const DIST = join(root, 'dist');
const TSCONFIG = join(root, 'tsconfig.json');
const TSC = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

process.exitCode = main();

function main() {
  if (!existsSync(SRC)) return 0; // installed as a dependency: dist/ came with the package
  if (process.argv.includes('--if-stale') && isFresh()) return 0;
  if (!existsSync(TSC)) return withoutCompiler();
  return build();
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
function build() {
  const startedAt = new Date();
  const fresh = join(root, `.dist-${process.pid}`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  try {
    const compiled = spawnSync(process.execPath, [TSC, '-p', TSCONFIG, '--outDir', fresh], { cwd: root, stdio: 'inherit' });
    if (compiled.error) throw compiled.error;
    if (compiled.status !== 0) {
      const why = compiled.signal ?? `exit code ${compiled.status}`;
      console.error(`build: tsc failed (${why}); ${existsSync(DIST) ? 'dist/ is still the last good build' : 'there is no dist/'}`);
      return 1;
    }
    makeExecutable(join(fresh, 'cli', 'main.js'));
    // The folder's own time is the stamp: what changes while the compiler runs is newer than it.
    utimesSync(fresh, startedAt, startedAt);
    putInPlace(fresh);
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
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
