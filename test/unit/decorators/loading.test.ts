import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const path = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** Imports a built module in a fresh process; tells whether reflect-metadata came with it. */
async function loadsMetadata(entry: string): Promise<boolean> {
  expect(existsSync(path(entry)), `${entry} is missing: run \`npm run build\``).toBe(true);
  const { stdout } = await promisify(execFile)(process.execPath, [path('test/fixtures/budget/loaded-modules.mjs'), path(entry)], {
    maxBuffer: 2 ** 24,
  });
  const lines = stdout.trim().split('\n');
  return (JSON.parse(lines.at(-1) as string) as readonly string[]).some((module) => module.includes('reflect-metadata'));
}

describe('reflect-metadata', () => {
  it.each(['dist/index.js', 'dist/testing/index.js'])('is not loaded by %s', { timeout: 60_000 }, async (entry) => {
    expect(await loadsMetadata(entry)).toBe(false);
  });

  it('is not loaded by the command that runs a flow of functions', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-loading-'));
    try {
      writeFileSync(
        join(folder, 'plain.ts'),
        "import { flow } from 'millrace';\nexport const plain = flow('plain', () => 'defineMetadata' in Reflect);\n",
      );
      const { stdout } = await promisify(execFile)(process.execPath, [path('dist/cli/main.js'), 'run', 'plain.ts', '--json'], { cwd: folder });
      expect(JSON.parse(stdout)).toMatchObject({ state: 'success', result: false });
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });

  it('comes with the decorators', { timeout: 60_000 }, async () => {
    expect(await loadsMetadata('dist/decorators/index.js')).toBe(true);
  });
});
