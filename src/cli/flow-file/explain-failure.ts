import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RolldownLog } from 'rolldown';
import { asError, MillraceError } from '../../base/error.js';
import type { Bundle, BundleFailure } from './bundle.js';
import { FlowFileError, type FlowFileErrorCode } from './flow-file-error.js';
import { originOf, positionAt, type SourcePosition } from './source-frame.js';

const CODES: Readonly<Record<string, FlowFileErrorCode>> = {
  PARSE_ERROR: 'FLOW_FILE_SYNTAX',
  JSON_PARSE: 'FLOW_FILE_SYNTAX',
  UNRESOLVED_IMPORT: 'FLOW_FILE_IMPORT',
  MISSING_EXPORT: 'FLOW_FILE_IMPORT',
};

/** What the bundler said, as one error that points at the first place to mend. */
export function explainBundleFailure(failure: BundleFailure, entry: string): FlowFileError {
  const log = failure.logs.find((one) => one.code !== undefined && one.code in CODES) ?? failure.logs[0];
  const code = CODES[log?.code ?? ''] ?? 'FLOW_FILE_BUNDLE';
  // What the bundler prints says the same with a drawing of its own; it is worth keeping only where we have no words for it.
  const options = { at: log && positionOf(log), ...(code === 'FLOW_FILE_BUNDLE' ? { cause: failure } : {}) };
  const others = failure.logs.length - 1;
  const more = others > 0 ? ` (and ${others} more like it)` : '';
  if (code === 'FLOW_FILE_IMPORT') return importError(log as RolldownLog, options, more);
  const what = sentenceOf(log?.message ?? failure.message);
  return new FlowFileError(code, code === 'FLOW_FILE_BUNDLE' ? `${entry} cannot be bundled: ${what}${more}` : `${what}${more}`, options);
}

interface Blame {
  readonly at: SourcePosition | undefined;
  readonly cause?: unknown;
}

function importError(log: RolldownLog, options: Blame, more: string): FlowFileError {
  if (log.code !== 'UNRESOLVED_IMPORT') return new FlowFileError('FLOW_FILE_IMPORT', `${sentenceOf(log.message)}${more}`, options);
  return unresolved(log.exporter ?? /'([^']+)'/.exec(log.message)?.[1] ?? 'a module', options, more);
}

function unresolved(specifier: string, options: Blame, more = ''): FlowFileError {
  const name = packageName(specifier);
  const hint = name === undefined ? 'check the path and the spelling of the file' : `npm install ${name}`;
  return new FlowFileError('FLOW_FILE_IMPORT', `cannot find '${specifier}', which is imported here${more}`, { ...options, hint });
}

function packageName(specifier: string): string | undefined {
  if (/^(?:[./#\\]|[a-z]+:|[A-Za-z]:[\\/])/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The bundler's message without its code and without its drawing: we draw our own. */
function sentenceOf(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/^\[[A-Z_]+\]\s*/, '').replace(/\.$/, '');
}

function positionOf(log: RolldownLog): SourcePosition | undefined {
  if (!log.loc?.file) return undefined;
  return { file: log.loc.file, line: log.loc.line, column: log.loc.column + 1 };
}

/** What was thrown while the file was linked and evaluated. */
export function explainLoadFailure(thrown: unknown, bundle?: Bundle): FlowFileError {
  const error = asError(thrown);
  if (error instanceof FlowFileError) return error;
  const linked = explainLinkFailure(error, bundle);
  if (linked) return linked;
  const code = error instanceof MillraceError ? ` [${error.code}]` : '';
  const options = { at: originOf(error), cause: thrown, ...(error instanceof MillraceError && error.hint !== undefined ? { hint: error.hint } : {}) };
  return new FlowFileError('FLOW_FILE_THREW', `the file threw while it was loaded: ${error.name}${code}: ${error.message}`, options);
}

/** Node's own words for a package or a name that is missing; it names the importer, not the place. */
function explainLinkFailure(error: Error, bundle: Bundle | undefined): FlowFileError | undefined {
  const missing = /^Cannot find (?:package|module) '([^']+)' imported from (.+?)$/m.exec(error.message);
  if (missing) {
    const [, specifier = '', importer = ''] = missing;
    return unresolved(specifier, { at: findSpecifier(importer, specifier), cause: error });
  }
  const name = /The requested module '([^']+)' (?:does not provide an export named|is a CommonJS module.*?named export) '([^']+)'/.exec(
    error.message,
  );
  if (!name || !(error instanceof SyntaxError)) return undefined;
  const [, requested = '', missed = ''] = name;
  const origin = bundle?.packages.get(requested);
  const at = origin ? findSpecifier(origin.importer, origin.specifier) : originOf(error);
  return new FlowFileError('FLOW_FILE_IMPORT', `'${origin?.specifier ?? requested}' has no export named '${missed}'`, { at, cause: error });
}

function findSpecifier(importer: string, specifier: string): SourcePosition | undefined {
  const file = importer.startsWith('file:') ? fileURLToPath(importer) : importer;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const place = new RegExp(`['"]${specifier.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"]`).exec(text)?.index;
  return place === undefined ? undefined : positionAt(file, text, place);
}
