import { describe, MillraceError } from '../../base/error.js';
import { nameKind, propertyStep } from '../../base/value-path.js';
import { notStorable } from '../json-encode.js';
import { setOwn } from '../json-escape.js';
import { type Column, type ColumnType, cellsOf, makeColumn } from './column.js';
import { loadLibrary } from './optional-library.js';
import { type ArqueroTable, type Columns, type ColumnValues, isTypedArray, type Rows } from './table-kind.js';

/** What of a table the columns of a file cannot say; written into its metadata, without which it is a file like any other. */
export interface TableHeader {
  readonly kind: 'rows' | 'columns' | 'arquero' | 'arrow';
  readonly rows: number;
  readonly columns: readonly (readonly [name: string, type: ColumnType])[];
  /** Of an Arrow table: its schema, as base64 of a file without rows. */
  readonly schema?: string;
}

/** A table taken apart into columns. */
export interface ColumnTable {
  readonly header: TableHeader;
  readonly columns: readonly Column[];
}

/** The name under which the header lies in a file's metadata. */
export const HEADER_KEY = 'millrace.table';

/** @throws MillraceError `RESULT_NOT_STORABLE`, with the path inside the value */
export function takeApart(value: unknown, kind: 'rows' | 'columns' | 'arquero'): ColumnTable {
  if (kind === 'rows') return fromRows(value as Rows);
  if (kind === 'columns') return fromColumns(value as Columns, Object.keys(value as Columns), kind);
  return fromArquero(value as ArqueroTable);
}

/** The table that `takeApart` was given, from the columns in the order of the header. */
export async function putTogether(header: TableHeader, columns: readonly ColumnValues[]): Promise<unknown> {
  const names = header.columns.map(([name]) => name);
  const cells = columns.map((values, at) => cellsOf((header.columns[at] as readonly [string, ColumnType])[1], values));
  if (header.kind === 'rows') return toRows(names, cells, header.rows);
  const record = {};
  for (const [at, name] of names.entries()) setOwn(record, name, cells[at]);
  if (header.kind === 'columns') return record;
  const { table } = await loadLibrary('arquero', 'to read back an arquero table');
  return table(record, names);
}

/** @throws MillraceError `RESULT_UNREADABLE` */
export function parseHeader(text: string): TableHeader {
  try {
    const header = JSON.parse(text) as TableHeader;
    if (Array.isArray(header.columns) && typeof header.rows === 'number') return header;
  } catch {
    // Told below: what it is matters, not why.
  }
  throw new MillraceError('RESULT_UNREADABLE', `the table's own metadata cannot be understood: ${describe(text)}`);
}

/** The refusal of a value that is no table. */
export function notATable(value: unknown, serializer: string): Error {
  const expected = 'a list of row objects, an object of columns, a polars DataFrame, an Arrow table or an arquero table';
  return notStorable('', `is ${nameKind(value)}; '${serializer}' takes ${expected}`);
}

function fromRows(rows: Rows): ColumnTable {
  const names = Object.keys(rows[0] ?? {});
  for (let index = 0; index < rows.length; index++) checkRow(rows[index] as object, names, index);
  const columns = names.map((name) => {
    const values = new Array<unknown>(rows.length);
    for (let index = 0; index < rows.length; index++) values[index] = (rows[index] as Readonly<Record<string, unknown>>)[name];
    return makeColumn(name, values, (index) => `[${index}]${propertyStep(name)}`);
  });
  return tableOf('rows', rows.length, columns);
}

/** Every row has the columns of the first, no more and no fewer: what is not there would come back as null. */
function checkRow(row: object, names: readonly string[], index: number): void {
  const keys = Reflect.ownKeys(row);
  if (keys.length === names.length && (inOrder(keys, names) || names.every((name) => Object.hasOwn(row, name)))) {
    if (names.length > 0) return;
    throw notStorable(`[${index}]`, 'is a row without columns');
  }
  const surplus = keys.find((key) => typeof key === 'symbol' || !names.includes(key) || !Object.prototype.propertyIsEnumerable.call(row, key));
  if (surplus !== undefined) throw notStorable(`[${index}]${propertyStep(surplus)}`, 'is a column that the first row does not have');
  const absent = names.find((name) => !Object.hasOwn(row, name)) as string;
  throw notStorable(`[${index}]${propertyStep(absent)}`, 'is not there, as it is in the first row: a table has null for that');
}

function inOrder(keys: readonly unknown[], names: readonly string[]): boolean {
  for (let at = 0; at < names.length; at++) if (keys[at] !== names[at]) return false;
  return true;
}

function fromColumns(value: Readonly<Record<string, unknown>>, names: readonly string[], kind: 'columns' | 'arquero'): ColumnTable {
  const columns = names.map((name) => makeColumn(name, listed(value[name], name), (index) => `${propertyStep(name)}[${index}]`));
  return tableOf(kind, columns[0]?.values.length ?? 0, columns);
}

function fromArquero(value: ArqueroTable): ColumnTable {
  if (value.isGrouped()) throw notStorable('', 'is a grouped arquero table: call ungroup() first');
  // A filtered or ordered table is a view on another; what counts is what one sees of it.
  const table = value.reify();
  return fromColumns(table.data(), table.columnNames(), 'arquero');
}

/** Columns of arquero may be of other classes, those of Arrow for one; they come back as arrays. */
function listed(column: unknown, name: string): ColumnValues {
  if (Array.isArray(column) || isTypedArray(column)) return column;
  if (typeof column === 'object' && column !== null && Symbol.iterator in column) return [...(column as Iterable<unknown>)];
  throw notStorable(propertyStep(name), `is ${nameKind(column)}, which is no column`);
}

function tableOf(kind: TableHeader['kind'], rows: number, columns: readonly Column[]): ColumnTable {
  return { header: { kind, rows, columns: columns.map(({ name, type }) => [name, type]) }, columns };
}

function toRows(names: readonly string[], columns: readonly ColumnValues[], count: number): Record<string, unknown>[] {
  const rows = new Array<Record<string, unknown>>(count);
  for (let index = 0; index < count; index++) {
    const row: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at++) setOwn(row, names[at] as string, (columns[at] as ColumnValues)[index]);
    rows[index] = row;
  }
  return rows;
}
