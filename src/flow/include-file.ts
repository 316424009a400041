import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import type { FileRef } from '../model/file-ref.js';
import { type AnySchema, type FileParameter, isSchema, PARAM_OPTIONS, type Param, type ParamOptions, paramOf } from './param.js';

export interface IncludeOptions<D extends string | undefined> extends ParamOptions {
  /** The path of the file that is taken when none is given. */
  readonly default?: D;
}

/**
 * Declares a parameter that is the content of a file: its text (UTF-8). A run is given the file (`file(path)`; on the command line and in
 * parameter files its path, meant from the working directory), reads it once before anything runs, and keeps the content with the run (S18).
 * Where the file is missing or cannot be read, that is an error of the parameter.
 * @throws MillraceError `PARAM_DECLARATION_INVALID`
 */
export function includeFile<D extends string | undefined = undefined>(
  options?: IncludeOptions<D> & { readonly parse?: 'text' },
): Param<string, FileRef, D extends string ? true : false>;
/**
 * The same, parsed as JSON, or as CSV with the names of its columns in the first line. Cells become what the schema asks for (numbers, booleans,
 * texts); where it does not say, a column of numbers becomes numbers, and an empty cell null. What the schema refuses is told with its line.
 * @param options.delimiter one character between two cells @default ',', or a tab for `.tsv`
 */
export function includeFile<S extends AnySchema, D extends string | undefined = undefined>(
  options: IncludeOptions<D> & { readonly parse: 'json' | 'csv'; readonly delimiter?: string; readonly schema: S },
): Param<StandardSchemaV1.InferOutput<S>, FileRef, D extends string ? true : false>;
/** The same, parsed by a function of its text. What it throws is an error of the parameter. */
export function includeFile<T, D extends string | undefined = undefined>(
  options: IncludeOptions<D> & { readonly parse: (text: string) => T },
): Param<T, FileRef, D extends string ? true : false>;
export function includeFile(options: IncludeOptions<string | undefined> & Partial<FileParameter> = {}): unknown {
  refuseOtherOptions(options, [...PARAM_OPTIONS, 'default', 'parse', 'delimiter', 'schema'], 'PARAM_DECLARATION_INVALID', ' of includeFile()');
  const { default: fallback, help, env, significant = true, parse = 'text', delimiter, schema } = options;
  const refuse = (expected: string, got: unknown): MillraceError =>
    new MillraceError('PARAM_DECLARATION_INVALID', `includeFile() expects ${expected}; got ${describe(got)}`);
  if (fallback !== undefined && (typeof fallback !== 'string' || fallback === '')) throw refuse("'default' to be the path of a file", fallback);
  if (typeof parse !== 'function' && !['text', 'json', 'csv'].includes(parse))
    throw refuse("'parse' to be 'text', 'json', 'csv' or a function", parse);
  const isParsed = parse === 'json' || parse === 'csv';
  if (isParsed && !isSchema(schema)) throw refuse(`'schema' with parse: '${parse}'`, schema);
  if (!isParsed && schema !== undefined) throw refuse("'schema' only with parse: 'json' or 'csv'", 'one');
  if (delimiter !== undefined && (parse !== 'csv' || typeof delimiter !== 'string' || delimiter.length !== 1 || /["\r\n]/.test(delimiter)))
    throw refuse("'delimiter' to be one character, with parse: 'csv'", delimiter);
  const file: FileParameter = Object.freeze({ parse, delimiter, schema });
  return paramOf({ schema: undefined, fallback, help, env, significant, secret: false, delimiter: undefined, file });
}
