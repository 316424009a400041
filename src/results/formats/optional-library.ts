import { MillraceError } from '../../base/error.js';

/** Packages that are loaded when a value asks for them; users install those they want. */
export interface OptionalLibraries {
  readonly hyparquet: typeof import('hyparquet');
  readonly 'hyparquet-writer': typeof import('hyparquet-writer');
  readonly 'apache-arrow': typeof import('apache-arrow');
  readonly arquero: { table(columns: Readonly<Record<string, unknown>>, names: readonly string[]): unknown };
  readonly 'nodejs-polars': Polars;
  readonly vega: Vega;
  readonly 'vega-lite': { compile(spec: object, options: { readonly logger: unknown }): { readonly spec: object } };
}

/** The little that is asked of nodejs-polars. */
export interface Polars {
  readParquet(bytesOrPath: Buffer | string): PolarsFrame;
  readIPC(bytes: Buffer): PolarsFrame;
}

export interface PolarsFrame {
  readonly height: number;
  readonly width: number;
  writeParquet(options: { readonly compression: 'snappy' }): Buffer;
  writeParquet(path: string, options: { readonly compression: 'snappy' }): void;
  writeIPC(): Buffer;
}

/** The little that is asked of Vega. */
export interface Vega {
  readonly None: number;
  loader(): object;
  logger(level: number): unknown;
  parse(spec: object): object;
  readonly View: new (
    runtime: object,
    options: { readonly renderer: 'none'; readonly loader: object; readonly logger: unknown },
  ) => { runAsync(): Promise<unknown>; toSVG(): Promise<string>; finalize(): unknown };
}

const loading = new Map<string, Promise<unknown>>();

/**
 * Loads a library that is no dependency of this package, once.
 * @param why what it is needed for, as the end of a sentence: `to store an Arrow table as Parquet`
 * @throws MillraceError `FORMAT_LIBRARY_MISSING`
 */
export async function loadLibrary<N extends keyof OptionalLibraries>(name: N, why: string): Promise<OptionalLibraries[N]> {
  let module = loading.get(name);
  if (module === undefined) {
    // A name the bundler does not see: the package must stay where the user put it.
    module = import(/* @vite-ignore */ name);
    loading.set(name, module);
    module.catch(() => loading.delete(name));
  }
  try {
    return usable(await module) as OptionalLibraries[N];
  } catch (error) {
    throw new MillraceError('FORMAT_LIBRARY_MISSING', `the package '${name}' is needed ${why}, and could not be loaded`, {
      cause: error,
      hint: `Install it: npm install ${name}`,
    });
  }
}

/** A CommonJS package, such as nodejs-polars, has all it exports under `default`. */
function usable(module: unknown): unknown {
  const { default: whole } = module as { readonly default?: unknown };
  return typeof whole === 'object' && whole !== null ? whole : module;
}
