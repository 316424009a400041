import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, sep } from 'node:path';
import { digest128 } from '../base/digest.js';
import { OWN_FOLDERS } from '../base/own-files.js';
import { ModuleCode } from './module-code.js';
import type { SyntaxNode } from './syntax.js';

/** What an import comes to. */
export type Resolved =
  | { readonly kind: 'module'; readonly path: string }
  /** A file that is no code: JSON, a text, an image. It counts by its content. */
  | { readonly kind: 'asset'; readonly path: string }
  | { readonly kind: 'package'; readonly name: string; readonly version: string }
  /** Node's own modules, and Millrace: they count by their name alone. */
  | { readonly kind: 'builtin' }
  | { readonly kind: 'unresolved' };

export interface Asset {
  readonly digest: string;
}

/** The parser and the resolver, as far as they are used: the one place that knows whose they are. */
export interface Parser {
  parse(path: string, text: string): { readonly program: SyntaxNode; readonly problem: string | undefined };
  /** The file that an import in `importer` means, packages included. */
  resolve(importer: string, specifier: string): string | undefined;
}

/** Loaded when the first cached task asks: it takes longer than all the rest. */
export async function loadParser(): Promise<Parser> {
  const [{ parseSync }, { ResolverFactory }] = await Promise.all([import('rolldown/utils'), import('rolldown/experimental')]);
  const shared = {
    tsconfig: 'auto',
    // What Node itself goes by, and the bundler of flow files.
    conditionNames: ['node', 'import', 'module-sync', 'node-addons', 'default'],
    mainFields: ['main'],
    extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json'],
    builtinModules: true,
  } as const;
  const fromTypeScript = { '.js': ['.ts', '.tsx', '.js', '.jsx'], '.jsx': ['.tsx', '.jsx'], '.mjs': ['.mts', '.mjs'], '.cjs': ['.cts', '.cjs'] };
  const options = { ...shared, conditionNames: [...shared.conditionNames], mainFields: [...shared.mainFields], extensions: [...shared.extensions] };
  const typescript = new ResolverFactory({ ...options, extensionAlias: fromTypeScript });
  const javascript = new ResolverFactory({ ...options, extensionAlias: { '.js': ['.js', '.ts', '.tsx'], '.mjs': ['.mjs', '.mts'] } });
  return {
    parse(path, text) {
      const { program, errors } = parseSync(path, text, { lang: languageOf(path), sourceType: 'unambiguous', preserveParens: false });
      return { program: program as unknown as SyntaxNode, problem: errors[0]?.message };
    },
    resolve(importer, specifier) {
      const resolver = /\.[cm]?tsx?$/.test(importer) ? typescript : javascript;
      return resolver.resolveFileSync(importer, specifier).path?.replace(/[?#].*$/, '');
    },
  };
}

function languageOf(path: string): 'ts' | 'tsx' | 'js' | 'jsx' {
  const extension = extname(path);
  if (extension === '.tsx') return 'tsx';
  // JSX in a plain .js file is common, and harmless to allow.
  return /^\.[cm]?ts$/.test(extension) ? 'ts' : 'jsx';
}

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

interface Known<T> {
  readonly mtimeMs: number;
  readonly size: number;
  readonly value: T;
}

/** For the life of the process: a file is parsed once, and again only when it has changed. */
const modules = new Map<string, Known<ModuleCode | string>>();

/** Everything a look at sources depended on. */
export interface Consulted {
  readonly files: ReadonlySet<string>;
  /** False: something was not found, which may be there tomorrow in a place that nobody looks at. */
  readonly isComplete: boolean;
}

/** The files of a project as one look-up sees them: each is looked at once. */
export class Sources {
  readonly #parser: Parser;
  readonly #modules = new Map<string, ModuleCode | string>();
  readonly #assets = new Map<string, Asset>();
  readonly #resolved = new Map<string, Resolved>();
  readonly #changed = new Map<string, number>();
  readonly #consulted = new Set<string>();
  #isComplete = true;

  constructor(parser: Parser) {
    this.#parser = parser;
  }

  /** What was found hangs on these, and on nothing else where it is complete: some import was not found at all. */
  get consulted(): Consulted {
    return { files: this.#consulted, isComplete: this.#isComplete };
  }

  /** A text says why there is no module: it cannot be read, or does not parse. */
  module(path: string): ModuleCode | string {
    let found = this.#modules.get(path);
    if (found === undefined) {
      const real = realPath(path);
      this.#consulted.add(path);
      found = real === path ? this.#read(path) : this.module(real);
      this.#modules.set(path, found);
    }
    return found;
  }

  asset(path: string): Asset {
    let asset = this.#assets.get(path);
    if (asset === undefined) {
      asset = { digest: assetDigest(path) };
      this.#consulted.add(path);
      this.#note(path);
      this.#assets.set(path, asset);
    }
    return asset;
  }

  /** A file or a folder as a program reads it: every byte counts, of a folder every name. */
  content(path: string): Asset {
    const key = `content of ${path}`;
    let asset = this.#assets.get(key);
    if (asset === undefined) {
      asset = { digest: contentDigest(path) };
      this.#consulted.add(path);
      this.#note(path);
      this.#assets.set(key, asset);
    }
    return asset;
  }

  /** When a file was last written, in milliseconds since the epoch. */
  changedAt(path: string): number {
    return this.#changed.get(path) ?? 0;
  }

  resolve(importer: string, specifier: string): Resolved {
    const key = `${importer}\n${specifier}`;
    let resolved = this.#resolved.get(key);
    if (resolved === undefined) {
      resolved = this.#resolve(importer, specifier);
      this.#resolved.set(key, resolved);
    }
    return resolved;
  }

  #read(path: string): ModuleCode | string {
    try {
      const { mtimeMs, size } = statSync(path);
      this.#changed.set(path, mtimeMs);
      const known = modules.get(path);
      if (known !== undefined && known.mtimeMs === mtimeMs && known.size === size) return known.value;
      const value = this.#parse(path, readFileSync(path, 'utf8'));
      modules.set(path, { mtimeMs, size, value });
      return value;
    } catch {
      return `${path} cannot be read`;
    }
  }

  #parse(path: string, source: string): ModuleCode | string {
    const text = source.startsWith('\uFEFF') ? source.slice(1) : source;
    const { program, problem } = this.#parser.parse(path, text);
    if (problem !== undefined) return `${path} does not parse: ${problem}`;
    return new ModuleCode(
      path,
      text,
      program,
      (specifier) => isOwnPackage(specifier) || (specifier.startsWith('.') && isOwnFile(join(dirname(path), specifier))),
    );
  }

  #note(path: string): void {
    try {
      this.#changed.set(path, statSync(path).mtimeMs);
    } catch {
      // It has gone meanwhile: its digest says that it cannot be read.
    }
  }

  #resolve(importer: string, specifier: string): Resolved {
    if (isBuiltin(specifier) || isOwnPackage(specifier)) return { kind: 'builtin' };
    const path = this.#parser.resolve(importer, specifier.replace(/\?.*$/, ''));
    if (path === undefined) {
      this.#isComplete = false;
      return { kind: 'unresolved' };
    }
    if (isOwnFile(path)) return { kind: 'builtin' };
    if (path.includes(`${sep}node_modules${sep}`)) return packageOf(path, (manifest) => this.#consulted.add(manifest));
    return { kind: CODE.test(path) && !/\?/.test(specifier) ? 'module' : 'asset', path };
  }
}

/** One file is one module, under whatever name a stack or an import knows it. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** By name, wherever it is installed: results do not depend on which version of Millrace called the task. */
function isOwnPackage(specifier: string): boolean {
  return /^millrace(?:\/|$)/.test(specifier);
}

function isOwnFile(path: string): boolean {
  const plain = path.replaceAll('\\', '/');
  return OWN_FOLDERS.some((folder) => plain.startsWith(folder));
}

function packageOf(path: string, note: (manifest: string) => void): Resolved {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      const manifest = join(folder, 'package.json');
      const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown; version?: unknown };
      note(manifest);
      if (typeof name === 'string' && typeof version === 'string') return { kind: 'package', name, version };
    } catch {
      // No manifest here: the next folder up has it.
    }
    if (folder === dirname(folder)) return { kind: 'package', name: path, version: '' };
  }
}

/** JSON by what it says, so that its formatting does not count; other files by their bytes. */
function assetDigest(path: string): string {
  try {
    const bytes = readFileSync(path);
    return digest128(path.endsWith('.json') ? jsonText(bytes.toString('utf8')) : bytes);
  } catch {
    return 'missing';
  }
}

function contentDigest(path: string): string {
  try {
    const isFolder = statSync(path).isDirectory();
    return digest128(isFolder ? `folder ${JSON.stringify(readdirSync(path).sort())}` : readFileSync(path));
  } catch {
    return 'missing';
  }
}

function jsonText(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
