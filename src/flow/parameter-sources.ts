import { readFile } from 'node:fs/promises';
import { describe, MillraceError } from '../base/error.js';
import type { Contents } from './included-content.js';
import { jsonErrorPosition } from './json-error-position.js';
import { environmentNames, type ParameterOrigin } from './parameter-error.js';
import { parseJson } from './parameter-text.js';

/** Where the parameters of a run come from, by precedence (S17). What is not given, or `undefined`, leaves the word to the next source. */
export interface ParameterSources {
  /** Values given by code: `flow.run({ … })`. */
  readonly argument?: Readonly<Record<string, unknown>> | undefined;
  /** Texts given by `--param name=text`; see `parseParamArguments`. */
  readonly commandLine?: Readonly<Record<string, string>> | undefined;
  /** Values of a `--param-file`; see `readParamFile`. */
  readonly file?: ParamFile | undefined;
  /** Texts: `process.env`, or nothing. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Texts for secret parameters, by the names they have in the environment: what lies in a file of secrets. */
  readonly secrets?: ((name: string) => string | undefined) | undefined;
  /** What earlier runs kept of files that they were given: for those that have changed since. */
  readonly contents?: Contents | undefined;
}

export interface ParamFile {
  /** As the user wrote it; named in messages and records. */
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A parameter's value as it came: still a text when it is from the command line or the environment. */
export interface GivenValue {
  readonly value: unknown;
  readonly isText: boolean;
  readonly origin: ParameterOrigin;
}

/** The first source that has the parameter; `env` is its own environment variable. Secrets are looked for in the file of secrets too. */
export function givenValue(sources: ParameterSources, name: string, env: string | undefined, isSecret = false): GivenValue | undefined {
  const argument = ownValue(sources.argument, name);
  if (argument !== undefined) return { value: argument, isText: false, origin: 'argument' };
  const text = ownValue(sources.commandLine, name);
  if (text !== undefined) return { value: text, isText: true, origin: 'command line' };
  const fromFile = ownValue(sources.file?.values, name);
  if (sources.file !== undefined && fromFile !== undefined) return { value: fromFile, isText: false, origin: `file ${sources.file.name}` };
  const variables = [...environmentNames(name), ...(env === undefined ? [] : [env])];
  for (const variable of variables) {
    const value = ownValue(sources.environment, variable);
    if (value !== undefined) return { value, isText: true, origin: `environment ${variable}` };
  }
  if (!isSecret || sources.secrets === undefined) return undefined;
  for (const variable of variables) {
    const value = sources.secrets(variable);
    if (value !== undefined) return { value, isText: true, origin: 'secrets file' };
  }
  return undefined;
}

function ownValue(record: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Every name that was given on purpose. The environment does not count: it is shared by many flows. */
export function givenNames(sources: ParameterSources): ReadonlyMap<string, ParameterOrigin> {
  const names = new Map<string, ParameterOrigin>();
  const note = (record: object | undefined, origin: ParameterOrigin): void => {
    for (const name of Object.keys(record ?? {})) if (!names.has(name)) names.set(name, origin);
  };
  note(sources.argument, 'argument');
  note(sources.commandLine, 'command line');
  if (sources.file !== undefined) note(sources.file.values, `file ${sources.file.name}`);
  return names;
}

/**
 * `['testRatio=0.3']` as texts by name. All after the first `=` is the text.
 * @throws MillraceError `PARAM_SYNTAX` for one without `=` or without a name, and for a name given twice
 */
export function parseParamArguments(args: readonly string[]): Readonly<Record<string, string>> {
  const texts: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const arg of args) {
    const split = arg.indexOf('=');
    const name = arg.slice(0, Math.max(split, 0)).trim();
    if (name === '')
      throw new MillraceError('PARAM_SYNTAX', `--param expects name=value, got ${describe(arg)}`, { hint: 'Write --param testRatio=0.3.' });
    if (Object.hasOwn(texts, name))
      throw new MillraceError('PARAM_SYNTAX', `--param ${name} is given twice`, {
        hint: `Keep one of them; a list is written as ${name}=a,b or as JSON.`,
      });
    texts[name] = arg.slice(split + 1);
  }
  return Object.freeze(texts);
}

/**
 * Reads a `--param-file`: a JSON object of values by parameter name.
 * @throws MillraceError `PARAM_FILE_UNREADABLE` when it cannot be read, `PARAM_FILE_INVALID` when it is no JSON (with line and column) or no object
 */
export async function readParamFile(path: string): Promise<ParamFile> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : cause.code === 'EISDIR' ? 'it is a folder' : (cause.code ?? cause.message);
    throw new MillraceError('PARAM_FILE_UNREADABLE', `cannot read the parameter file ${path}: ${reason}`, { cause });
  });
  const json = text.replace(/^\uFEFF/, '');
  let values: unknown;
  try {
    values = parseJson(json);
  } catch {
    throw new MillraceError('PARAM_FILE_INVALID', `the parameter file ${path} is no JSON: see ${jsonErrorPosition(json)}`);
  }
  if (typeof values === 'object' && values !== null && !Array.isArray(values))
    return Object.freeze({ name: path, values: values as Record<string, unknown> });
  const got = values === null ? 'null' : Array.isArray(values) ? 'an array' : `a ${typeof values}`;
  throw new MillraceError('PARAM_FILE_INVALID', `the parameter file ${path} should hold an object with the parameters by name; it holds ${got}`);
}
