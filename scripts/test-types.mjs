// The type tests on each supported TypeScript: test/types against the sources, and a user's project against the declarations as packed.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** Packages of node_modules that are compilers. */
const COMPILERS = ['typescript-5.9', 'typescript-6.0', 'typescript'];

/** Counts one test per TypeScript; prints what each compiler had to say. */
export async function testTypes(root) {
  if (!existsSync(join(root, 'dist', 'index.d.ts'))) {
    console.error('types: there is no dist/index.d.ts to test; run `npm run build`');
    return { passed: 0, failed: COMPILERS.length, skipped: 0 };
  }
  const consumer = createConsumer(root);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const name of COMPILERS) counts[(await testWith(name, root, consumer)) ? 'passed' : 'failed'] += 1;
  } finally {
    rmSync(consumer, { recursive: true, force: true });
  }
  return counts;
}

async function testWith(name, root, consumer) {
  const compiler = join(root, 'node_modules', name);
  const { version } = JSON.parse(readFileSync(join(compiler, 'package.json'), 'utf8'));
  const tsc = join(compiler, 'bin', 'tsc');
  const startedAt = performance.now();
  const outputs = await Promise.all([compile(tsc, join(root, 'test', 'types')), compile(tsc, consumer)]);
  const complaints = outputs.filter((output) => output !== undefined);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`types: TypeScript ${version} ${complaints.length === 0 ? 'passed' : 'failed'} in ${seconds} s`);
  for (const complaint of complaints) console.log(complaint);
  return complaints.length === 0;
}

/** @returns {Promise<string | undefined>} what the compiler complained of */
function compile(tsc, project) {
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '--noEmit', '-p', project], { cwd: project, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}`.trim() || String(error) : undefined);
    });
  });
}

/**
 * A project with Millrace installed: the declarations and package.json as they are published, only its runtime dependencies beside
 * them (a declaration that mentions a development dependency fails here), and every declaration checked.
 */
function createConsumer(root) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-consumer-'));
  const installed = join(folder, 'node_modules', 'millrace');
  cpSync(join(root, 'test', 'types', 'consumer'), folder, { recursive: true });
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true, filter: (path) => !/\.(js|map)$/.test(path) });
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
  return folder;
}
