import { codeAtUrl, requiredBy, requireNames } from './common-js.js';
import type { ModuleCode } from './module-code.js';
import type { Sources } from './sources.js';
import { childrenOf, type SyntaxNode, textOf } from './syntax.js';

/** All that is loaded with some modules. */
export interface SourceList {
  /** Files of the project, absolute, in the order in which they are come to. */
  readonly files: readonly string[];
  /** Installed versions of packages, by name. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Follows every import, also those that are only come to while a function runs, where they say what they import. */
export function listSources(sources: Sources, roots: readonly string[]): SourceList {
  const files = new Set<string>();
  const packages = new Map<string, string>();
  const open = [...roots].reverse();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    const module = sources.module(path);
    // What cannot be parsed is kept, and leads no further.
    if (typeof module === 'string') continue;
    if (module.path !== path) {
      files.delete(path);
      if (files.has(module.path)) continue;
      files.add(module.path);
    }
    const found = [...new Set([...module.dependencies, ...importedLater(module)])].map((specifier) => sources.resolve(module.path, specifier));
    for (const one of found.reverse()) {
      if (one.kind === 'module') open.push(one.path);
      else if (one.kind === 'asset') files.add(one.path);
      else if (one.kind === 'package') packages.set(one.name, withVersion(packages.get(one.name), one.version));
    }
  }
  return { files: [...files], packages: Object.fromEntries([...packages].sort(byName)) };
}

const MAY_IMPORT = /\b(?:import\s*[.(]|require)/i;

/** `import('x')`, `require('x')`, `new URL('./x.js', import.meta.url)`. */
function importedLater(module: ModuleCode): readonly string[] {
  if (!MAY_IMPORT.test(module.text)) return [];
  const found: string[] = [];
  const names = requireNames(module.program);
  const open: SyntaxNode[] = [module.program];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const specifier = specifierOf(node, names);
    if (specifier !== undefined) found.push(specifier);
    open.push(...childrenOf(node));
  }
  return found;
}

function specifierOf(node: SyntaxNode, names: ReadonlySet<string>): string | undefined {
  return node.type === 'ImportExpression' ? textOf(node.source as SyntaxNode) : (requiredBy(node, names) ?? codeAtUrl(node));
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : Number(a > b);
}

function withVersion(known: string | undefined, version: string): string {
  return [...new Set([...(known?.split(', ') ?? []), version])].sort().join(', ');
}
