// `npm test`: unit to end-to-end tests with vitest, then the type tests on every TypeScript that users may have.
// Arguments go to vitest, which then runs alone: `npm test -- test/unit/graph`. The last line is always `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { SERVICES } from './test-services.mjs';
import { testTypes } from './test-types.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const vitestArguments = process.argv.slice(2);
const services = await startServices();
try {
  const counts = [await runVitest(vitestArguments, services.env)];
  if (vitestArguments.length === 0) counts.push(await testTypes(root));
  services.report();
  finish(counts);
} finally {
  await services.stop();
}

/**
 * Real components that tests are run against, started here and stopped at the end, in this order. A service is
 * `{ name, start(): Promise<{ against: string, env?: Record<string, string>, stop?(): Promise<void> } | { missing: string }> }`:
 * `against` says what it is (a URL given by the user, a binary started on a free port), `missing` why there is none and which tests
 * are therefore skipped. `env` reaches the tests.
 */
async function startServices() {
  const started = [];
  for (const service of SERVICES) started.push({ name: service.name, ...(await service.start()) });
  return {
    env: Object.assign({}, ...started.map((service) => service.env)),
    report() {
      if (started.length === 0) console.log('services: none, every test ran in processes of its own');
      for (const { name, against, missing } of started) console.log(`services: ${name}: ${against ?? `not tested, ${missing}`}`);
    },
    async stop() {
      for (const service of started.reverse()) await service.stop?.();
    },
  };
}

async function runVitest(args, env) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-counts-'));
  const countsFile = join(folder, 'counts.json');
  try {
    const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts', 'plain-reporter.mjs')}`];
    const command = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...args];
    const ended = await run(command, { ...process.env, ...env, MILLRACE_TEST_COUNTS: countsFile });
    const counts = readCounts(countsFile);
    // Coverage thresholds, a crash, no test at all: what no single test can show is a failure of its own.
    if (ended !== 0 && counts.failed === 0) {
      console.error(`test: vitest ended with ${ended} although no test failed`);
      counts.failed = 1;
    }
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

/** @returns {Promise<number | string>} the exit code, or the signal that ended it */
function run(command, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { cwd: root, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
}

function finish(counts) {
  const sum = (name) => counts.reduce((total, count) => total + count[name], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}
