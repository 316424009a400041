import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { wallTime } from '../base/clock.js';
import { findHome, IN_MEMORY } from '../runtime/home.js';
import type { Bundle } from './flow-file/bundle.js';
import { installFlowFinder } from './flow-file/find-flow.js';
import type { FlowFileError } from './flow-file/flow-file-error.js';
import { definedFlows, type FoundFlow, flowsOf, pickFlow } from './flow-file/flows-of.js';
import { installImportMeta } from './flow-file/import-meta.js';
import { findKeptBundle, keepBundle } from './flow-file/kept-bundle.js';
import type { HowToName } from './flow-file/refuse-file.js';
import { originOf } from './flow-file/source-frame.js';

export interface FlowFile {
  /** Absolute. */
  readonly path: string;
  readonly flows: readonly FoundFlow[];
  /** The project files that it was bundled from. Undefined: Node loaded it as it is, and does not tell. */
  readonly modules: readonly string[] | undefined;
  /**
   * The flow named, the only one, or the default export.
   * @throws FlowFileError `NO_FLOW`, `FLOW_AMBIGUOUS`, `FLOW_UNKNOWN`
   */
  choose(name?: string, howToName?: HowToName): Promise<FoundFlow>;
}

const NATIVE = /\.[cm]?js$/;
const TRANSFORMED = /\.(?:[cm]?ts|tsx|jsx)$/;

/**
 * Imports a flow file, TypeScript or JavaScript, and finds its flows. JavaScript that Node can run is imported as it is; the rest is
 * bundled in memory, run from a temporary file that is deleted at once, and reports positions in the original files.
 * @throws FlowFileError `FLOW_FILE_NOT_FOUND`, `FLOW_FILE_UNSUPPORTED`, `FLOW_FILE_SYNTAX`, `FLOW_FILE_IMPORT`, `FLOW_FILE_BUNDLE`, `FLOW_FILE_THREW`,
 *   `DECORATORS_NOT_LOWERED` for decorators of the language where esbuild is not installed
 */
export async function loadFlowFile(file: string, cwd: string = process.cwd()): Promise<FlowFile> {
  const path = resolve(cwd, file);
  await checkFile(path, file);
  const before = definedFlows();
  installFlowFinder({ entry: path, isFlowFile, load: importFile });
  const module = await importFile(path);
  const flows = flowsOf(module, before);
  const modules = bundled.size === 0 ? undefined : [...bundled];
  return { path, flows, modules, choose: async (name, howToName) => await chooseFlow(flows, file, name, howToName) };
}

/** What a file exports that is written as flow files are. @throws FlowFileError as `loadFlowFile` */
export async function loadModule(file: string, cwd: string): Promise<object> {
  const path = resolve(cwd, file);
  await checkFile(path, file);
  return await importFile(path);
}

/** Of all that was loaded in this process. */
const bundled = new Set<string>();

function isFlowFile(name: string): boolean {
  return NATIVE.test(name) || TRANSFORMED.test(name);
}

async function checkFile(path: string, shown: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() && isFlowFile(path)) return;
  const { refusedPath } = await import('./flow-file/refuse-file.js');
  throw refusedPath(path, shown, stats, isFlowFile);
}

async function chooseFlow(flows: readonly FoundFlow[], file: string, name: string | undefined, howToName: HowToName | undefined): Promise<FoundFlow> {
  const picked = pickFlow(flows, name);
  if (picked) return picked;
  const { refusedChoice } = await import('./flow-file/refuse-file.js');
  throw refusedChoice(flows, file, name, howToName);
}

/** Modules are evaluated once: by URL, as Node does. */
async function importFile(path: string): Promise<object> {
  if (TRANSFORMED.test(path)) return importBundle(path);
  try {
    return (await import(pathToFileURL(path).href)) as object;
  } catch (error) {
    if (!(await mayNeedTransform(error))) throw await explainThrown(error);
    return importBundle(path, error);
  }
}

/**
 * Errors of linking, before anything is evaluated: syntax that Node lacks, a TypeScript file or an alias imported from JavaScript.
 * A SyntaxError with a place of the project in its stack was thrown by running code (`JSON.parse`).
 */
async function mayNeedTransform(error: unknown): Promise<boolean> {
  if (!(error instanceof Error)) return false;
  if (error instanceof SyntaxError) {
    return originOf(error) === undefined;
  }
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && LINK_ERRORS.has(code);
}

const LINK_ERRORS: ReadonlySet<string> = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_IMPORT_ATTRIBUTE_MISSING',
  'ERR_IMPORT_ASSERTION_TYPE_MISSING',
  'ERR_PACKAGE_IMPORT_NOT_DEFINED',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
]);

/** @param refusal what Node said to the file as it is, where it was tried */
async function importBundle(path: string, refusal?: unknown): Promise<object> {
  const bundle = await bundleOf(path);
  for (const module of bundle.modules) bundled.add(module);
  // The file was evaluated up to an `import()` that cannot be resolved: evaluating it again would not help.
  if (refusal !== undefined && bundle.unresolved.length > 0) throw await explainThrown(refusal);
  installImportMeta(importComputed);
  process.setSourceMapsEnabled(true);
  try {
    return await evaluate(bundle, basename(path, extname(path)));
  } catch (error) {
    throw await explainThrown(error, bundle);
  }
}

const lastThings: (() => void)[] = [];

/** One listener, however many files a flow is looked for in: Node warns of more than ten. */
function atExit(act: () => void): void {
  if (lastThings.push(act) === 1) process.once('exit', () => lastThings.forEach((one) => void one()));
}

async function bundleOf(path: string): Promise<Bundle> {
  const home = findHome();
  const kept = home === IN_MEMORY ? undefined : findKeptBundle(home, path);
  if (kept !== undefined) return kept;
  const startedAt = wallTime();
  const { bundleModule, BundleFailure } = await import('./flow-file/bundle.js');
  try {
    const bundle = await bundleModule(path);
    const keep = home === IN_MEMORY ? undefined : keepBundle(home, path, bundle, startedAt);
    // Not now: the run is waiting, and a project that has never run has no folder yet.
    if (keep) atExit(keep);
    return bundle;
  } catch (error) {
    if (!(error instanceof BundleFailure)) throw error;
    const { explainBundleFailure } = await import('./flow-file/explain-failure.js');
    throw explainBundleFailure(error, path);
  }
}

/** What `import(expression)` in a bundled module comes to. */
async function importComputed(url: string, options?: ImportCallOptions): Promise<unknown> {
  if (!url.startsWith('file:') || !TRANSFORMED.test(new URL(url).pathname)) return import(url, options);
  let module = computed.get(url);
  if (!module) {
    module = importBundle(fileURLToPath(url));
    computed.set(url, module);
  }
  return module;
}

const computed = new Map<string, Promise<object>>();

async function evaluate(bundle: Bundle, name: string): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-flow-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // The file may end the process while it is evaluated.
  process.once('exit', remove);
  try {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, bundle.code);
    return (await import(pathToFileURL(file).href)) as object;
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function explainThrown(thrown: unknown, bundle?: Bundle): Promise<FlowFileError> {
  const { explainLoadFailure } = await import('./flow-file/explain-failure.js');
  return explainLoadFailure(thrown, bundle);
}
