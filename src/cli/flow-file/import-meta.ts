import { createRequire, isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * A bundle runs from a temporary folder, so `import.meta` in it must speak of the file each module was written in. The bundler turns
 * `import.meta` into a call of a function that each module declares for itself; what it returns is made here. Declarations are hoisted,
 * so appending one works from the module's first line on and moves no position in it.
 */
const HOOK = Symbol.for('millrace.importMeta');
const LOCAL_NAME = '__millraceImportMeta';

/** What `import.meta` is to be replaced by, in the bundler's `define`. */
export const IMPORT_META_DEFINE = { 'import.meta': `${LOCAL_NAME}()` } as const;

/** What a module in a bundle sees as `import.meta`. */
export interface BundledImportMeta {
  readonly url: string;
  readonly filename: string;
  readonly dirname: string;
  readonly main: false;
  resolve(specifier: string): string;
  /** Stands for `import(…)` with an argument that is known only when it runs. */
  import(specifier: unknown, options?: ImportCallOptions): Promise<unknown>;
}

type Importer = (url: string, options?: ImportCallOptions) => Promise<unknown>;

/** Makes `import.meta` of bundled modules work in this process; `importModule` imports a file by its URL, transformed where needed. */
export function installImportMeta(importModule: Importer): void {
  const known = new Map<string, BundledImportMeta>();
  const hook = (url: string): BundledImportMeta => {
    let meta = known.get(url);
    if (!meta) {
      meta = createImportMeta(url, importModule);
      known.set(url, meta);
    }
    return meta;
  };
  (globalThis as { [HOOK]?: typeof hook })[HOOK] = hook;
}

function createImportMeta(url: string, importModule: Importer): BundledImportMeta {
  const filename = fileURLToPath(url);
  const resolve = (specifier: string): string => resolveFrom(url, specifier);
  return {
    url,
    filename,
    dirname: dirname(filename),
    main: false,
    resolve,
    import: async (specifier, options) => importModule(resolve(String(specifier)), options),
  };
}

function resolveFrom(parent: string, specifier: string): string {
  if (/^(?:\.{0,2}\/)/.test(specifier)) return new URL(specifier, parent).href;
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  if (/^[a-z][a-z0-9+.-]+:/i.test(specifier)) return specifier;
  return pathToFileURL(createRequire(parent).resolve(specifier)).href;
}

/** True when a module's text may need `rewriteImports`: a cheap look, strings and comments included. */
export const MAY_NEED_REWRITE = /\bimport\s*(?:\.\s*meta\b|\(\s*[^'"\s)])/;

/** Where text is to be replaced: places of `import` keywords, and what to write there. */
export interface ImportRewrite {
  readonly appendix: string;
  /** Start and end of each `import` that begins a call with a computed argument. */
  readonly computed: readonly { readonly start: number; readonly end: number }[];
  readonly replacement: string;
}

/** @param program the module's syntax tree, as ESTree has it */
export function planImportRewrite(program: object, path: string): ImportRewrite {
  const computed: { start: number; end: number }[] = [];
  collectComputedImports(program, computed);
  const url = JSON.stringify(pathToFileURL(path).href);
  return {
    appendix: `\nfunction ${LOCAL_NAME}() { return globalThis[Symbol.for(${JSON.stringify(HOOK.description)})](${url}); }\n`,
    computed,
    replacement: `${LOCAL_NAME}().import`,
  };
}

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly source?: SyntaxNode;
  readonly value?: unknown;
  readonly expressions?: readonly unknown[];
}

/** Walks with a list of its own: generated files nest deeper than the stack goes. */
function collectComputedImports(program: object, found: { start: number; end: number }[]): void {
  const open: unknown[] = [program];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    if (!Array.isArray(node) && isComputedImport(node as SyntaxNode)) {
      const { start } = node as SyntaxNode;
      found.push({ start, end: start + 'import'.length });
    }
    for (const child of Object.values(node)) if (typeof child === 'object' && child !== null) open.push(child);
  }
}

/** The bundler follows `import('./x.js')` by itself; the rest is known only when it runs. */
function isComputedImport(node: SyntaxNode): boolean {
  if (node.type !== 'ImportExpression' || !node.source) return false;
  const { source } = node;
  if (source.type === 'Literal') return typeof source.value !== 'string';
  return source.type !== 'TemplateLiteral' || (source.expressions?.length ?? 0) > 0;
}
