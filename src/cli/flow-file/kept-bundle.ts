import { mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digest128 } from '../../base/digest.js';
import { faultPoint } from '../../base/fault-point.js';
import { type FileState, foldersOf, isAsItWas, isSettled, namesIn, stateOf } from '../../code/file-states.js';
import { tsconfigsIn } from '../../code/tsconfigs.js';
import type { Bundle, ImportOf } from './bundle.js';

/** Raised when the same files are to give another bundle. */
const FORMAT = 1;

/** A bundle, and everything that it hangs on. */
interface Page {
  readonly format: number;
  readonly entry: string;
  readonly code: string;
  readonly packages: readonly (readonly [url: string, by: ImportOf])[];
  readonly files: readonly FileState[];
  readonly folders: readonly (readonly [path: string, names: string])[];
  /** Where each package was looked for, and what lay there: `null` is nothing. */
  readonly links: readonly (readonly [path: string, target: string | null])[];
}

/**
 * The bundle of an earlier process, while every file in it is as it was and every import would find the same. Loading the bundler and bundling
 * fifty files takes longer than all that a run of hits does besides.
 * @param home the project folder
 */
export function findKeptBundle(home: string, entry: string): Bundle | undefined {
  try {
    const { format, code, packages, files, folders, links, ...page } = JSON.parse(readFileSync(pageOf(home, entry), 'utf8')) as Page;
    const isValid =
      format === FORMAT &&
      page.entry === entry &&
      files.every(isAsItWas) &&
      folders.every(([path, names]) => namesIn(path) === names) &&
      links.every(([path, target]) => targetOf(path) === target);
    return isValid ? { code, modules: files.map(([path]) => path), unresolved: [], packages: new Map(packages) } : undefined;
  } catch {
    // There is none, or it cannot be read.
    return undefined;
  }
}

/**
 * Looks at what a bundle hangs on, which may change from now on.
 * @param startedAt when bundling began: files that changed later may not be what is in it
 * @returns what keeps the bundle for later processes, where the project has a folder by then; undefined: it cannot be kept
 */
export function keepBundle(home: string, entry: string, bundle: Bundle, startedAt: number): (() => void) | undefined {
  const page = describe(entry, bundle, startedAt);
  return page && (() => write(home, page));
}

function pageOf(home: string, entry: string): string {
  return join(home, 'code', `${digest128(`bundle ${entry}`)}.bundle.json`);
}

/** Undefined: what the bundle hangs on cannot be told from files. */
function describe(entry: string, { code, modules, unresolved, packages }: Bundle, startedAt: number): Page | undefined {
  if (unresolved.length > 0) return undefined;
  const folders = foldersOf([entry, ...modules]);
  const settings = tsconfigsIn(folders);
  if (settings === undefined) return undefined;
  const manifests = folders.map((folder) => join(folder, 'package.json')).filter((path) => stateOf(path) !== undefined);
  const outside = [...packages.keys()].filter((url) => url.startsWith('file:')).flatMap((url) => withManifest(fileURLToPath(url)));
  const files = [...new Set([...modules, ...settings, ...manifests, ...outside, ...bundlers()])].map(stateOf);
  if (!files.every((state): state is FileState => state !== undefined && isSettled(state, startedAt))) return undefined;
  const names = new Set([...packages.values()].map(({ specifier }) => packageName(specifier)));
  const places = folders.flatMap((folder) => [...names].map((name) => join(folder, 'node_modules', name)));
  return {
    format: FORMAT,
    entry,
    code,
    packages: [...packages],
    files,
    folders: folders.map((folder) => [folder, namesIn(folder)]),
    links: places.map((path) => [path, targetOf(path)]),
  };
}

function withManifest(path: string): readonly string[] {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (stateOf(manifest) !== undefined) return [path, manifest];
  }
  return [path];
}

/** Another version of these makes other bundles. */
function bundlers(): readonly string[] {
  const { resolve } = createRequire(import.meta.url);
  const found = ['rolldown', 'esbuild'].flatMap((name) => {
    try {
      return withManifest(resolve(name));
    } catch {
      return [];
    }
  });
  return [fileURLToPath(import.meta.url), ...found];
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function targetOf(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}

/** It holds code that will run: others of the machine need not be able to read it. */
function write(home: string, page: Page): void {
  const path = pageOf(home, page.entry);
  const temporary = `${path}.${process.pid}`;
  try {
    if (!statSync(home).isDirectory()) return;
    mkdirSync(dirname(path), { recursive: true });
    faultPoint('bundle.write');
    writeFileSync(temporary, JSON.stringify(page), { mode: 0o600 });
    faultPoint('bundle.rename');
    renameSync(temporary, path);
  } catch {
    // The next process bundles for itself.
  }
}
