import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/**
 * Libraries that cost more to load than they are worth before anybody needs them: each is imported when first used. Who takes one off this
 * list raises the start-up time of every script that imports Millrace.
 */
const LAZY = [
  '@aws-sdk/client-s3',
  '@aws-sdk/lib-storage',
  '@hono/node-server',
  '@hono/zod-openapi',
  '@viz-js/viz',
  'commander',
  'hono',
  'kysely',
  'libsql',
  'log-update',
  'node-cache',
  'pino',
  'rolldown',
  'valibot',
  'zod',
];

/** Imports a built module in a fresh process. */
async function modulesLoadedBy(entry: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [path('test/fixtures/budget/loaded-modules.mjs'), entry], { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as readonly string[];
}

function packageOf(module: string): string | undefined {
  const inside = module.replaceAll('\\', '/').split('/node_modules/').at(-1);
  return module.includes('node_modules') ? inside?.match(/^(@[^/]+\/[^/]+|[^/]+)/)?.[0] : undefined;
}

describe('start-up budget', () => {
  it.each(['index.js', 's3.js'])('importing dist/%s loads no library that can wait until it is needed', async (file) => {
    const entry = path(`dist/${file}`);
    expect(existsSync(entry), `dist/${file} is missing: run \`npm run build\``).toBe(true);
    const modules = await modulesLoadedBy(entry);
    expect(modules.some((module) => module.endsWith(`/dist/${file}`))).toBe(true);
    expect(modules.filter((module) => LAZY.includes(packageOf(module) ?? ''))).toEqual([]);
  });

  it('would notice a library, also one that CommonJS modules require of each other', async () => {
    const esm = await modulesLoadedBy(path('node_modules/commander/esm.mjs'));
    expect(new Set(esm.map(packageOf))).toContain('commander');
    const commonJs = await modulesLoadedBy(path('node_modules/node-cache/index.js'));
    expect(commonJs.filter((module) => packageOf(module) === 'clone')).not.toEqual([]);
  });
});
