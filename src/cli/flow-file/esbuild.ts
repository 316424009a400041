import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { FlowFileError } from './flow-file-error.js';
import type { SourcePosition } from './source-frame.js';
import type { SourceLanguage } from './source-language.js';
import type { CompilerOptions } from './tsconfig-of.js';

/** As much of esbuild as is used here: its types may not be installed. */
export interface Esbuild {
  readonly version: string;
  transformSync(text: string, options: object): { readonly code: string; readonly map: string };
}

/** The first one that lowers the decorators of the language. */
const SINCE_MINOR = 21;

/** Packages that bring esbuild along, where package managers do not put it within the project's own reach. */
const BRINGERS = [undefined, 'tsx/package.json', 'vite/package.json'] as const;

/**
 * Finds an esbuild that can lower decorators: the project's before one beside this package.
 * @param parents files to resolve it from, the first that leads to one counts
 */
export async function findEsbuild(parents: readonly string[]): Promise<Esbuild | undefined> {
  for (const parent of parents) {
    for (const bringer of BRINGERS) {
      const path = resolveFrom(parent, bringer);
      if (path === undefined) continue;
      const loaded = (await import(pathToFileURL(path).href)) as Esbuild & { readonly default?: Esbuild };
      const esbuild = loaded.default ?? loaded;
      if (isNewEnough(esbuild.version)) return esbuild;
    }
  }
  return undefined;
}

function resolveFrom(parent: string, bringer: string | undefined): string | undefined {
  try {
    const base = bringer === undefined ? parent : createRequire(parent).resolve(bringer);
    return createRequire(base).resolve('esbuild');
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 0 || minor >= SINCE_MINOR;
}

/** A module whose decorators are to be lowered. */
export interface DecoratedModule {
  readonly path: string;
  readonly text: string;
  readonly language: SourceLanguage;
  readonly options: CompilerOptions;
}

/**
 * Lowers decorators of the language, and takes types away; JSX stays, it is the bundler's business. One process for each call, which ends
 * with it: few modules have decorators of their own, and no service may stay behind in the user's process.
 * @throws FlowFileError `FLOW_FILE_SYNTAX`, `DECORATORS_NOT_LOWERED` when esbuild itself fails
 */
export function lowerWithEsbuild(
  esbuild: Esbuild,
  { path, text, language, options }: DecoratedModule,
): { readonly code: string; readonly map: string } {
  const { useDefineForClassFields, verbatimModuleSyntax, target } = options;
  try {
    return esbuild.transformSync(text, {
      loader: language,
      target: 'node20',
      jsx: 'preserve',
      charset: 'utf8',
      logLevel: 'silent',
      sourcemap: 'external',
      sourcefile: path,
      sourcesContent: false,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: false, useDefineForClassFields, verbatimModuleSyntax, target } },
    });
  } catch (error) {
    throw explained(error, path);
  }
}

/** What esbuild throws: its messages, the first place to mend first. */
interface EsbuildFailure {
  readonly errors?: readonly {
    readonly text: string;
    readonly location: { readonly line: number; readonly column: number; readonly lineText: string } | null;
    readonly notes: readonly { readonly text: string }[];
  }[];
}

function explained(error: unknown, path: string): FlowFileError {
  const [first] = (error as EsbuildFailure).errors ?? [];
  if (!first) {
    const why = String((error as Error).message).split('\n')[0];
    const hint = 'install esbuild again: npm install --save-dev esbuild';
    return new FlowFileError('DECORATORS_NOT_LOWERED', `esbuild could not lower the decorators of ${path}: ${why}`, { hint, cause: error });
  }
  const [hint] = first.notes.map((note) => note.text);
  return new FlowFileError('FLOW_FILE_SYNTAX', first.text, { at: positionOf(first.location, path), ...(hint === undefined ? {} : { hint }) });
}

/** esbuild counts columns in bytes, from 0. */
function positionOf(
  location: { readonly line: number; readonly column: number; readonly lineText: string } | null,
  file: string,
): SourcePosition | undefined {
  if (!location) return undefined;
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString();
  return { file, line: location.line, column: before.length + 1 };
}
