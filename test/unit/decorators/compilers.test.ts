import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greet } from '../../fixtures/decorators/greeting.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const TSX = pathToFileURL(join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs')).href;
const TSC = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const CLI = join(root, 'dist', 'cli', 'main.js');

const GREETING = '<started: Hello Metaflow!> <started: Hello Metaflow!>';
const EXPECTED = { greeting: GREETING, nodes: ['start#0', 'Greeting.hello#0', 'repeat#0'] };

const folders: string[] = [];

/** A user's project with the fixture in it, and the built package installed. */
function createProject(compilerOptions: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-decorators-'));
  folders.push(folder);
  const source = readFileSync(join(root, 'test', 'fixtures', 'decorators', 'greeting.ts'), 'utf8');
  const shared = { target: 'ES2022', module: 'NodeNext', strict: true, types: ['node'], outDir: 'out', ...compilerOptions };
  writeFileSync(join(folder, 'greeting.ts'), source.replace(/'[^']*src\/decorators\/index\.js'/, "'millrace/decorators'"));
  writeFileSync(join(folder, 'main.ts'), "import { greet } from './greeting.js';\nprocess.stdout.write(await greet());\n");
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: shared, include: ['*.ts'] }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'millrace'), 'junction');
  symlinkSync(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'), 'junction');
  return folder;
}

async function node(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd }).catch(
    (error: { stdout: string; stderr: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
    },
  );
  return stdout;
}

beforeAll(() => {
  expect(existsSync(CLI), 'dist/ is missing: run `npm run build`').toBe(true);
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

const KINDS = [
  ['the language (TC39)', {}],
  ['experimentalDecorators', { experimentalDecorators: true }],
  ['experimentalDecorators, with fields that are assigned and not defined', { experimentalDecorators: true, useDefineForClassFields: false }],
] as const;

describe.each(KINDS)('decorators of %s', (_kind, compilerOptions) => {
  it('type-check and run when compiled by tsc', { timeout: 60_000 }, async () => {
    const folder = createProject(compilerOptions);
    await node(folder, TSC, '-p', folder);
    expect(JSON.parse(await node(folder, join(folder, 'out', 'main.js')))).toEqual(EXPECTED);
  });

  it('run under tsx', { timeout: 60_000 }, async () => {
    const folder = createProject(compilerOptions);
    expect(JSON.parse(await node(folder, '--import', TSX, 'main.ts'))).toEqual(EXPECTED);
  });

  it('run under our own command, which finds the exported class', { timeout: 60_000 }, async () => {
    const folder = createProject(compilerOptions);
    const out = await node(folder, CLI, 'run', 'greeting.ts', '--json', '--param', 'name=Metaflow', '--param', 'times=2');
    expect(JSON.parse(out)).toMatchObject({ flow: 'Greeting', state: 'success', result: GREETING });
  });
});

it('run under vitest, whose compiler lowers them where the nearest tsconfig.json says experimentalDecorators', async () => {
  expect(JSON.parse(await greet())).toEqual(EXPECTED);
});
