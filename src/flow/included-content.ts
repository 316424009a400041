import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { sha256 } from '../base/digest.js';
import { asError } from '../base/error.js';
import { type FileComplaint, refusedBySchema } from './file-complaint.js';
import { readCsv } from './included-csv.js';
import { jsonErrorPosition } from './json-error-position.js';
import type { FileParameter } from './param.js';
import { parseJson } from './parameter-text.js';
import { askSchema } from './schema-verdict.js';

/** What a file held when a run took it. */
export interface IncludedFile {
  /** Absolute. */
  readonly path: string;
  /** sha256 of the content. */
  readonly digest: string;
  readonly content: Uint8Array;
  /** Between its cells, where the parameter says so. */
  readonly delimiter?: string | undefined;
}

/** A file as a run is given it: by its path, or with the content that is meant. */
export interface WantedFile {
  readonly path: string;
  readonly digest: string | undefined;
}

export type Contents = (file: { readonly path: string; readonly digest: string }) => Promise<Uint8Array | undefined>;

/** A path, or what `file(path)` makes; undefined for anything else. */
export function wantedFile(value: unknown): WantedFile | undefined {
  if (typeof value === 'string' && value !== '') return { path: value, digest: undefined };
  const { path, digest } = Object(value) as { readonly path?: unknown; readonly digest?: unknown };
  return typeof path === 'string' && typeof digest === 'string' ? { path, digest } : undefined;
}

/** Reads a file as it is now; where that is not what is meant, what an earlier run kept of it. */
export async function readIncluded({ path, digest }: WantedFile, contents: Contents | undefined): Promise<IncludedFile | FileComplaint> {
  const absolute = resolve(path);
  const content = await readFile(absolute).catch((error: NodeJS.ErrnoException) => error);
  if (!(content instanceof Error)) {
    const found = sha256(content);
    if (digest === undefined || digest === found) return { path: absolute, digest: found, content };
  }
  const kept = digest === undefined ? undefined : await contents?.({ path: absolute, digest });
  if (digest !== undefined && kept !== undefined) return { path: absolute, digest, content: kept };
  if (!(content instanceof Error)) return { expected: `the file '${path}' as it was, with digest ${digest?.slice(0, 16)}…`, got: 'another content' };
  const code = content.code;
  if (code === 'ENOENT') return { expected: `a file at '${path}'`, got: `none (seen from ${process.cwd()})` };
  return { expected: `a file at '${path}'`, got: code === 'EISDIR' ? 'a folder' : `an error (${code ?? content.message})` };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The parameter's value; or what is wrong with the content, with the line where that can be said. */
export async function parseIncluded(
  { path, content }: IncludedFile,
  shownPath: string,
  { parse, delimiter, schema }: FileParameter,
): Promise<{ readonly value: unknown } | FileComplaint> {
  let text: string;
  try {
    text = UTF8.decode(content);
  } catch {
    return { expected: `UTF-8 text in '${shownPath}'`, got: 'other bytes' };
  }
  if (parse === 'text') return { value: text };
  if (parse === 'csv') return await readCsv(text, shownPath, delimiter ?? (extname(path).toLowerCase() === '.tsv' ? '\t' : ','), schema);
  if (typeof parse === 'function') {
    try {
      return { value: await parse(text) };
    } catch (thrown) {
      return { expected: `'${shownPath}' to be what its parser takes`, got: `an error: ${asError(thrown).message}` };
    }
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return { expected: `JSON in '${shownPath}'`, got: `something else at ${jsonErrorPosition(text)}` };
  }
  const verdict = schema === undefined ? { accepted: true as const, value } : await askSchema(schema, value);
  return verdict.accepted ? { value: verdict.value } : refusedBySchema(shownPath, verdict.complaints, ({ text: said }) => said);
}
