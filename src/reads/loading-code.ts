import { fileURLToPath } from 'node:url';
import { OWN_FOLDERS } from '../base/own-files.js';

/** What modules are loaded from, by their names. Data has some of these too. */
const CODE = /\.(?:[cm]?[jt]sx?|json|node|wasm)$/i;
const FRAMES = 30;

/**
 * Whether a file is being read because a module is loaded: then it is code, which counts otherwise (S22). Only the stack can tell a module
 * in JSON from data in JSON; it is looked at for names that modules have.
 */
export function isLoadingCode(path: string): boolean {
  return CODE.test(path) && isLoaderAsking();
}

/** Loaders of other languages (tsx) stand between Node's and the file system, packages' code between a task and it. */
function isLoaderAsking(): boolean {
  for (const file of callers()) {
    if (file.startsWith('node:internal/modules/')) return true;
    if (file.startsWith('node:') || file.includes('node_modules') || isOwn(file)) continue;
    return false;
  }
  return false;
}

/** Files of the functions on the stack, nearest first. Their names are not mapped to sources: that would take longer than reading the file. */
function callers(): readonly string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = FRAMES;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName() ?? '');
    const { stack } = new Error() as unknown as { stack: readonly string[] };
    return Array.isArray(stack) ? stack : [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

function isOwn(file: string): boolean {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  const slashed = path.replaceAll('\\', '/');
  return OWN_FOLDERS.some((folder) => slashed.startsWith(folder));
}
