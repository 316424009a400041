import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { OutputChunk, Plugin, RolldownLog } from 'rolldown';
import { decoratorsPlugin } from './decorators.js';
import { IMPORT_META_DEFINE, MAY_NEED_REWRITE, planImportRewrite } from './import-meta.js';
import { parsed, SOURCE_LANGUAGES, type SourceLanguage } from './source-language.js';

/** One JavaScript module made of a flow file and the project files it imports. */
export interface Bundle {
  /** Source text, with its source map inside: positions are those of the original files. */
  readonly code: string;
  /** Absolute paths of the project files in it. */
  readonly modules: readonly string[];
  /** Imports that could not be resolved but may never be reached: `import('x')` and `require('x')`. */
  readonly unresolved: readonly ImportOf[];
  /** Who imports a package, by the URL that stands in the bundle: its errors name nothing else. */
  readonly packages: ReadonlyMap<string, ImportOf>;
}

/** An import as somebody wrote it. */
export interface ImportOf {
  readonly specifier: string;
  readonly importer: string;
}

/** Why a bundle could not be made: the bundler's own messages. */
export class BundleFailure extends Error {
  readonly logs: readonly RolldownLog[];

  constructor(logs: readonly RolldownLog[]) {
    super(logs[0]?.message ?? 'the bundler failed');
    this.name = 'BundleFailure';
    this.logs = logs;
  }
}

const TYPESCRIPT = /\.[cm]?tsx?$/;
const NOT_BUNDLED = /\.(?:node|wasm)$/;

/**
 * Bundles into ONE module, dynamic imports included (they are still evaluated only when reached), so that the file can be deleted as soon
 * as it is imported. Packages stay outside, as absolute URLs resolved from the file that imports them, so the bundle may lie anywhere and
 * shares their instances with the rest of the process. Nothing is shaken off: a flow file is run, not shipped.
 * @throws BundleFailure; FlowFileError `DECORATORS_NOT_LOWERED`, `FLOW_FILE_SYNTAX` for a module with decorators of its own
 */
export async function bundleModule(entry: string): Promise<Bundle> {
  const { rolldown, RolldownMagicString } = await import('rolldown');
  const failures: RolldownLog[] = [];
  const packages = packagesPlugin();
  const decorators = decoratorsPlugin([entry, fileURLToPath(import.meta.url)]);
  const rewriting: Plugin = {
    name: 'millrace:import-meta',
    transform: {
      filter: { id: { exclude: '\0' }, moduleType: [...SOURCE_LANGUAGES], code: MAY_NEED_REWRITE },
      handler(text, id, { moduleType }) {
        const path = id.replace(/[?#].*$/, '');
        const program = parsed(() => this.parse(text, { lang: moduleType as SourceLanguage }));
        if (!program) return null;
        const rewrite = planImportRewrite(program, path);
        if (rewrite.computed.length === 0) return { code: text + rewrite.appendix, map: null };
        const source = new RolldownMagicString(text);
        for (const { start, end } of rewrite.computed) source.overwrite(start, end, rewrite.replacement);
        source.append(rewrite.appendix);
        return { code: source.toString(), map: source.generateMap({ source: path, hires: true }).toString() };
      },
    },
  };
  try {
    const build = await rolldown({
      input: entry,
      platform: 'node',
      treeshake: false,
      tsconfig: true,
      // The conditions and fields that Node itself goes by, or a package would be loaded twice in two forms.
      resolve: { conditionNames: ['node', 'import', 'module-sync', 'node-addons', 'default'], mainFields: ['main'] },
      transform: { target: 'node20', define: { ...IMPORT_META_DEFINE } },
      plugins: [packages.plugin, decorators.plugin, rewriting],
      onLog: (_level, log) => {
        if (log.code === 'UNRESOLVED_IMPORT' && packages.isRequired(log)) failures.push(log);
      },
    });
    try {
      // keepNames: two files may both declare `load`; the one that is renamed keeps its name, which is its task's name (S0).
      // No minify: by default dead code goes, and exports that stand below a throw with it, which then cannot be linked.
      const { output } = await build.generate({
        format: 'esm',
        sourcemap: 'hidden',
        codeSplitting: false,
        keepNames: true,
        minify: false,
        dir: dirname(entry),
      });
      if (failures.length > 0) throw new BundleFailure(failures);
      const modules = output[0].moduleIds.filter((id) => !id.startsWith('\0')).map((id) => id.replace(/[?#].*$/, ''));
      return { code: withSourceMap(output[0], dirname(entry)), modules, unresolved: packages.unresolved, packages: packages.outside };
    } finally {
      await build.close();
    }
  } catch (error) {
    if (decorators.failure) throw decorators.failure;
    if (error instanceof BundleFailure) throw error;
    throw new BundleFailure([...failures, ...((error as { errors?: readonly RolldownLog[] }).errors ?? [error as RolldownLog])]);
  }
}

/** Sources become absolute, and are not repeated in the map: they lie on disk. */
function withSourceMap(chunk: OutputChunk, dir: string): string {
  if (!chunk.map) return chunk.code;
  const { version, names, mappings } = chunk.map;
  const sources = chunk.map.sources.map((source) => pathToFileURL(resolve(dir, source)).href);
  const text = JSON.stringify({ version, names, mappings, sources });
  return `${chunk.code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(text).toString('base64')}\n`;
}

interface PackagesPlugin {
  readonly plugin: Plugin;
  readonly unresolved: readonly ImportOf[];
  readonly outside: ReadonlyMap<string, ImportOf>;
  /** Whether a log of an unresolved import is about a static one, without which the module cannot be linked. */
  isRequired(log: RolldownLog): boolean;
}

/** Tells packages, which stay outside, from project files reached by an alias of tsconfig.json or package.json, which go in. */
function packagesPlugin(): PackagesPlugin {
  const unresolved: ImportOf[] = [];
  const outside = new Map<string, ImportOf>();
  const plugin: Plugin = {
    name: 'millrace:packages',
    resolveId: {
      // Relative paths are project files: the bundler's own business.
      filter: { id: /^[^./\0]/ },
      async handler(specifier, importer, extra) {
        if (importer === undefined) return null;
        if (isBuiltin(specifier)) return { id: specifier.startsWith('node:') ? specifier : `node:${specifier}`, external: true };
        const found = await this.resolve(specifier, importer, { kind: extra.kind, skipSelf: true });
        const own = found ? undefined : ownEntry(specifier);
        if (own !== undefined) return { id: own, external: true };
        if (!found) {
          if (extra.kind !== 'import-statement') unresolved.push({ specifier, importer });
          return null;
        }
        if (found.external || !staysOutside(specifier, found.id)) return found;
        if (extra.kind === 'require-call') return { id: found.id, external: true };
        const url = pathToFileURL(found.id).href;
        if (!outside.has(url)) outside.set(url, { specifier, importer });
        return { id: url, external: true };
      },
    },
  };
  const isRequired = (log: RolldownLog): boolean => !unresolved.some((one) => one.specifier === log.exporter && one.importer === log.id);
  return { plugin, unresolved, outside, isRequired };
}

/** A flow file outside of any project still finds the package: the copy that runs it. */
function ownEntry(specifier: string): string | undefined {
  if (!/^millrace(?:\/|$)/.test(specifier)) return undefined;
  try {
    return import.meta.resolve(specifier);
  } catch {
    return undefined;
  }
}

function staysOutside(specifier: string, path: string): boolean {
  if (NOT_BUNDLED.test(path)) return true;
  // Node refuses TypeScript in packages, and JSON without an import attribute.
  if (TYPESCRIPT.test(path) || path.endsWith('.json')) return false;
  return path.includes(`${sep}node_modules${sep}`) || isPackageOf(specifier, path);
}

/** A package linked into node_modules, or one that imports itself by name, lies outside of node_modules and is a package all the same. */
function isPackageOf(specifier: string, path: string): boolean {
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
      if (manifest.name !== undefined) return manifest.name === name;
    } catch {
      // No manifest here, or none that can be read: the next folder up decides.
    }
    if (folder === dirname(folder)) return false;
  }
}
