import { asError, MillraceError } from '../../base/error.js';
import { refuseOtherOptions } from '../../base/other-option.js';
import { nameKind, propertyStep } from '../../base/value-path.js';
import type { Serializer } from '../../model/serializer.js';
import { notStorable } from '../json-encode.js';
import { setOwn } from '../json-escape.js';
import { CsvColumn, type QuotedCell, quoted, writeCell } from './csv-cell.js';

export interface CsvOptions {
  /** One character between two cells. @default ',' */
  readonly delimiter?: string;
  /** Is the first line the names of the columns? Without it rows are lists of cells. @default true */
  readonly header?: boolean;
}

/**
 * A list of row objects as CSV, for people and spreadsheets. It is not exact: what comes after gets the table as it is read back, whether
 * the task just ran or not.
 *
 * Numbers, booleans, bigints beyond 2^53, Dates (ISO 8601, in UTC, to the millisecond), texts and null come back as they were. A text that
 * looks like one of the others is quoted, and quoted cells are always read as text; an empty cell is null, a quoted empty one is ''. What is
 * not quoted is read by column: numbers when all of its cells are numbers, else text. `undefined` and what a row does not have become null.
 *
 * `encode` throws MillraceError `RESULT_NOT_STORABLE`, with the path inside the value, for nested values, functions and invalid Dates;
 * `decode` throws `RESULT_UNREADABLE`. `OPTION_INVALID` for a delimiter that is not one character, or one that numbers and dates are written with.
 */
// biome-ignore lint/suspicious/noExplicitAny: rows of any columns
export function csv<R extends object = any>(options: CsvOptions = {}): Serializer<R[]> {
  refuseOtherOptions(options, ['delimiter', 'header'], 'OPTION_INVALID', ' of csv()');
  const { delimiter = ',', header = true } = options;
  if (typeof delimiter !== 'string' || delimiter.length !== 1 || /[\w"+\-.:\r\n\ufeff]/.test(delimiter)) {
    throw new MillraceError(
      'OPTION_INVALID',
      `csv expected 'delimiter' to be one character that is in no number, date or line end, and no quote; got ${JSON.stringify(delimiter)}`,
    );
  }
  const format = { delimiter, header };
  return Object.freeze({
    exact: false,
    name: nameOf(format),
    ext: delimiter === '\t' ? 'tsv' : 'csv',
    contentType: delimiter === '\t' ? 'text/tab-separated-values' : 'text/csv',
    encode: (rows: readonly R[]) => encode(rows, format),
    decode: async (bytes: Uint8Array) => (await decode(bytes, format)) as R[],
  });
}

interface Format {
  readonly delimiter: string;
  readonly header: boolean;
}

/** The name says how to read it, for as long as the file is there: `csv`, `csv.3b` (semicolons), `csv.headless`. */
function nameOf({ delimiter, header }: Format): string {
  const code = delimiter === ',' ? '' : `.${delimiter.charCodeAt(0).toString(16)}`;
  return `csv${code}${header ? '' : '.headless'}`;
}

/** The serializer that has this name. */
export function csvNamed(name: string): Serializer | undefined {
  const parts = /^csv(?:\.([0-9a-f]{1,4}))?(\.headless)?$/.exec(name);
  if (parts === null) return undefined;
  const delimiter = parts[1] === undefined ? ',' : String.fromCharCode(Number.parseInt(parts[1], 16));
  return csv({ delimiter, header: parts[2] === undefined });
}

/** Lines are handed on in pieces of so many rows: the whole may be longer than a text can be. */
const ROWS_AT_ONCE = 4_096;

async function* encode(rows: unknown, { delimiter, header }: Format): AsyncIterable<Uint8Array> {
  if (!Array.isArray(rows)) throw notStorable('', `is ${nameKind(rows)}; 'csv' takes a list of rows`);
  const { stringify } = await import('csv-stringify/sync');
  const names = header ? columnNames(rows) : undefined;
  const write = (lines: unknown[][]): Uint8Array => Buffer.from(stringify(lines, { delimiter, cast: { object: writeQuoted } }));
  if (names !== undefined && names.length > 0) yield write([names.map(writeName)]);
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    yield write(
      rows
        .slice(from, from + ROWS_AT_ONCE)
        .map((row: unknown, at) => (names === undefined ? listCells(row, from + at) : rowCells(row, names, from + at))),
    );
  }
}

/** csv-stringify hands over as objects what `quoted` made. */
const writeQuoted = (cell: object) => ({ value: (cell as QuotedCell).text, quoted: true, quoted_empty: true });

/** No cell, so that numbers need no quotes. */
function writeName(name: string): string | QuotedCell {
  return /^(?:\ufeff|$)|\r/.test(name) ? quoted(name) : name;
}

/** In the order in which they first appear. */
function columnNames(rows: readonly unknown[]): readonly string[] {
  const names = new Set<string>();
  for (const [index, row] of rows.entries()) {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw notStorable(`[${index}]`, `is ${nameKind(row)}; 'csv' takes row objects`);
    const keys = Object.keys(row);
    if (keys.length === 0) throw notStorable(`[${index}]`, 'is a row without columns');
    for (const key of keys) names.add(key);
  }
  return [...names];
}

function rowCells(row: unknown, names: readonly string[], index: number): unknown[] {
  return names.map((name) => {
    const value = Object.hasOwn(row as object, name) ? (row as Readonly<Record<string, unknown>>)[name] : null;
    return writeCell(value, () => `[${index}]${propertyStep(name)}`);
  });
}

function listCells(row: unknown, index: number): unknown[] {
  if (!Array.isArray(row)) throw notStorable(`[${index}]`, `is ${nameKind(row)}; 'csv' without a header takes lists of cells`);
  if (row.length === 0) throw notStorable(`[${index}]`, 'is a row without columns');
  return row.map((value, at) => writeCell(value, () => `[${index}][${at}]`));
}

async function decode(bytes: Uint8Array, { delimiter, header }: Format): Promise<unknown[]> {
  const { parse } = await import('csv-parse/sync');
  let lines: (string | QuotedCell)[][];
  try {
    lines = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      bom: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      delimiter,
      relax_column_count: !header,
      cast: (text, { quoting }) => (quoting ? quoted(text) : text),
    });
  } catch (error) {
    throw new MillraceError('RESULT_UNREADABLE', `the bytes are no CSV that can be read: ${asError(error).message}`, { cause: error });
  }
  const names = header ? namesOf(lines.shift() ?? []) : undefined;
  const columns = columnsOf(lines);
  return lines.map((line) => {
    const cells = line.map((cell, at) => (columns[at] as CsvColumn).read(cell));
    return names === undefined ? cells : rowOf(names, cells);
  });
}

function columnsOf(lines: readonly (readonly (string | QuotedCell)[])[]): readonly CsvColumn[] {
  const columns: CsvColumn[] = [];
  for (const line of lines) {
    while (columns.length < line.length) columns.push(new CsvColumn());
    for (const [at, cell] of line.entries()) (columns[at] as CsvColumn).see(cell);
  }
  return columns;
}

function namesOf(line: readonly (string | QuotedCell)[]): readonly string[] {
  const names = line.map((cell) => (typeof cell === 'string' ? cell : cell.text));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new MillraceError('RESULT_UNREADABLE', `the CSV has two columns named ${JSON.stringify(twice)}`);
  return names;
}

function rowOf(names: readonly string[], cells: readonly unknown[]): Record<string, unknown> {
  const row = {};
  for (const [at, name] of names.entries()) setOwn(row, name, cells[at] ?? null);
  return row;
}
