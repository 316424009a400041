import { asError } from '../base/error.js';
import { type FileComplaint, refusedBySchema } from './file-complaint.js';
import { type JsonSchema, jsonSchemaOf, typesOf } from './json-schema.js';
import { type AnySchema, UNSAFE_NAMES } from './param.js';
import { readText } from './parameter-text.js';
import { askSchema, type SchemaComplaint } from './schema-verdict.js';

interface Lines {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Of each row: the line that it begins in. */
  readonly lines: readonly number[];
}

/** How the cells of one column are read, the likeliest first: the schema says which will do. */
type Reading = (cell: string) => unknown;

/** Rows that the schema accepts, by the names in the first line. */
export async function readCsv(
  text: string,
  shownPath: string,
  delimiter: string,
  schema: AnySchema | undefined,
): Promise<{ readonly value: unknown } | FileComplaint> {
  const table = await linesOf(text, shownPath, delimiter);
  if ('expected' in table) return table;
  const readings = readingsOf(table, schema === undefined ? undefined : jsonSchemaOf(schema));
  const chosen = new Map(table.names.map((name) => [name, 0]));
  let first: readonly SchemaComplaint[] | undefined;
  for (;;) {
    const rows = rowsOf(table, (name) => readings.get(name)?.[chosen.get(name) ?? 0] as Reading);
    if (schema === undefined) return { value: rows };
    const verdict = await askSchema(schema, rows);
    if (verdict.accepted) return { value: verdict.value };
    first ??= verdict.complaints;
    const wrong = new Set(verdict.complaints.map(({ path }) => path[1]));
    const moved = [...wrong].filter((name) => name !== undefined && (chosen.get(name) ?? 0) + 1 < (readings.get(name)?.length ?? 0)) as string[];
    for (const name of moved) chosen.set(name, (chosen.get(name) ?? 0) + 1);
    if (moved.length > 0) continue;
    // In the words of the likeliest reading.
    const told = first.filter(({ path }) => wrong.has(path[1]));
    return refusedBySchema(shownPath, told.length > 0 ? told : verdict.complaints, (complaint) => placed(complaint, table));
  }
}

function placed({ path: [row, column, ...inside], message, text }: SchemaComplaint, { lines }: Lines): string {
  const line = row === undefined ? undefined : lines[Number(row)];
  if (line === undefined) return text;
  const at = column === undefined ? '' : `, column '${[column, ...inside].join('.')}'`;
  return `line ${line}${at}: ${message}`;
}

async function linesOf(text: string, shownPath: string, delimiter: string): Promise<Lines | FileComplaint> {
  const expected = `CSV with the delimiter ${JSON.stringify(delimiter)} in '${shownPath}'`;
  const { parse } = await import('csv-parse/sync');
  let parsed: readonly { readonly record: readonly string[]; readonly info: { readonly lines: number } }[];
  try {
    const options = { bom: true, delimiter, info: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n', '\r'] } as const;
    parsed = parse(text, { ...options, record_delimiter: [...options.record_delimiter] }) as never;
  } catch (error) {
    return { expected, got: asError(error).message };
  }
  const [head, ...body] = parsed;
  const names = head?.record ?? [];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return { expected, got: `two columns named '${twice}' in line 1` };
  return { names, rows: body.map(({ record }) => record), lines: body.map(({ record, info }) => info.lines - breaksIn(record)) };
}

/** Line breaks in quoted cells: the parser counts the lines up to the end of a record. */
function breaksIn(record: readonly string[]): number {
  return record.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
}

function rowsOf({ names, rows }: Lines, readingOf: (name: string) => Reading): Record<string, unknown>[] {
  const columns = names.map((name, at) => ({ name, at, read: readingOf(name) })).filter(({ name }) => !UNSAFE_NAMES.has(name));
  return rows.map((cells) => {
    const row: Record<string, unknown> = {};
    for (const { name, at, read } of columns) {
      const value = read(cells[at] ?? '');
      if (value !== undefined) row[name] = value;
    }
    return row;
  });
}

function readingsOf({ names, rows }: Lines, schema: JsonSchema | undefined): ReadonlyMap<string, readonly Reading[]> {
  const items = typeof schema?.items === 'object' ? schema.items : undefined;
  return new Map(
    names.map((name, at) => {
      const declared = columnSchema(items, name);
      const byContent = readingByContent(rows.map((cells) => cells[at] ?? ''));
      const asText: Reading = (cell) => cell;
      return [name, declared === undefined ? [byContent, asText] : [readingBySchema(declared), byContent, asText]];
    }),
  );
}

function columnSchema(items: JsonSchema | undefined, name: string): JsonSchema | undefined {
  const own = items?.properties !== undefined && Object.hasOwn(items.properties, name) ? items.properties[name] : undefined;
  return own ?? (typeof items?.additionalProperties === 'object' ? items.additionalProperties : undefined);
}

/** A cell that cannot be what is asked for stays a text: the schema then says so. An empty one is nothing, where nothing will do. */
function readingBySchema(schema: JsonSchema): Reading {
  const takesText = typesOf(schema).includes('string') || schema.enum?.includes('') === true;
  const takesNull = [schema, ...(schema.anyOf ?? [])].some((one) => typesOf(one).includes('null'));
  return (cell) => {
    if (cell === '') return takesNull ? null : takesText ? '' : undefined;
    const [read] = readText(cell, { jsonSchema: schema, fallback: undefined, guessed: false });
    return read === undefined ? cell : read;
  };
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function readingByContent(cells: readonly string[]): Reading {
  const filled = cells.filter((cell) => cell !== '');
  const is = (test: (cell: string) => boolean): boolean => filled.length > 0 && filled.every(test);
  const read: Reading = is((cell) => NUMBER.test(cell))
    ? Number
    : is((cell) => cell === 'true' || cell === 'false')
      ? (cell) => cell === 'true'
      : String;
  return (cell) => (cell === '' ? null : read(cell));
}
