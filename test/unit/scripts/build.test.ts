import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const projects: string[] = [];

afterEach(() => {
  for (const project of projects.splice(0)) rmSync(project, { recursive: true, force: true });
});

/** A checkout in small: the build script, one source file with a bin beside it, and the compiler. */
function createProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'millrace-build-'));
  projects.push(project);
  mkdirSync(join(project, 'scripts'));
  mkdirSync(join(project, 'src', 'cli'), { recursive: true });
  for (const script of ['build.mjs', 'quiet-lines.mjs', 'plain-privates.mjs', 'syntax-tree.mjs'])
    cpSync(join(root, 'scripts', script), join(project, 'scripts', script));
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'), 'junction');
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2022',
    rootDir: 'src',
    outDir: 'dist',
    strict: true,
    types: [],
    sourceMap: true,
    declaration: true,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'small', type: 'module' }));
  writeFileSync(join(project, 'src', 'index.ts'), 'export const one: number = 1;\n');
  writeFileSync(join(project, 'src', 'cli', 'main.ts'), "#!/usr/bin/env node\nexport * from '../index.js';\n");
  // Sources are older than the build that follows, whatever the resolution of the file system's clock.
  const past = new Date(Date.now() - 60_000);
  for (const path of ['package.json', 'tsconfig.json', 'src', 'src/index.ts', 'src/cli', 'src/cli/main.ts'])
    utimesSync(join(project, path), past, past);
  return project;
}

function build(project: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, 'scripts', 'build.mjs'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, npm_lifecycle_event: '', ...env },
  });
  return { status, output: stdout + stderr };
}

async function exportOf(project: string, name: string): Promise<unknown> {
  const module = (await import(/* @vite-ignore */ pathToFileURL(join(project, 'dist', 'index.js')).href)) as Record<string, unknown>;
  return module[name];
}

// Each case compiles the package.
describe('build', { timeout: 60_000 }, () => {
  it('compiles, makes the command executable, and with --if-stale leaves a fresh build alone', async () => {
    const project = createProject();
    expect(build(project)).toEqual({ status: 0, output: '' });
    const main = join(project, 'dist', 'cli', 'main.js');
    expect(statSync(main).mode & 0o111).toBe(process.platform === 'win32' ? 0 : 0o111);
    expect(await exportOf(project, 'one')).toBe(1);

    const first = statSync(main).mtimeMs;
    expect(build(project, ['--if-stale'])).toEqual({ status: 0, output: '' });
    expect(statSync(main).mtimeMs).toBe(first);
  });

  it('builds again when a source is newer, and drops what a removed source had left', () => {
    const project = createProject();
    writeFileSync(join(project, 'src', 'extra.ts'), 'export const extra = 1;\n');
    build(project);
    rmSync(join(project, 'src', 'extra.ts'));
    const future = new Date(Date.now() + 60_000);
    utimesSync(join(project, 'src'), future, future);
    expect(build(project, ['--if-stale']).status).toBe(0);
    expect(readdirSync(join(project, 'dist'))).not.toContain('extra.d.ts');
  });

  it('keeps the last good build when the compiler finds an error, says so, fails, and leaves nothing behind', async () => {
    const project = createProject();
    build(project);
    writeFileSync(join(project, 'src', 'index.ts'), "export const one: number = 'one';\n");
    const { status, output } = build(project);
    expect(status).toBe(1);
    expect(output).toContain('TS2322');
    expect(output).toContain('build: tsc failed (exit code');
    expect(output).toContain('dist/ is still the last good build');
    expect(await exportOf(project, 'one')).toBe(1);
    expect(readdirSync(project).filter((name) => name.startsWith('.dist'))).toEqual([]);
  });

  it('does nothing where the package was installed without sources', () => {
    const project = createProject();
    rmSync(join(project, 'src'), { recursive: true });
    expect(build(project)).toEqual({ status: 0, output: '' });
    expect(existsSync(join(project, 'dist'))).toBe(false);
  });

  it('lets an install without development dependencies pass, but not a build', () => {
    const project = createProject();
    rmSync(join(project, 'node_modules'));
    expect(build(project, [], { npm_lifecycle_event: 'prepare' })).toMatchObject({ status: 0 });
    expect(build(project)).toEqual({ status: 1, output: 'build: the TypeScript compiler is not installed; run `npm ci` to get it\n' });
  });
});
