import { types } from 'node:util';
import { MillraceError } from '../../base/error.js';
import { nameKind } from '../../base/value-path.js';
import { checkedName } from './table-name.js';

/** What a column holds, beside null. */
export type ColumnKind = 'integer' | 'bigint' | 'double' | 'boolean' | 'text' | 'date' | 'bytes' | 'json';

export interface Column {
  readonly name: string;
  /** Undefined: of a type that others chose; read as text. */
  readonly kind: ColumnKind | undefined;
}

export type Row = Readonly<Record<string, unknown>>;

/**
 * The columns that rows come to: all names, in the order they first appear, each of one kind. Whole numbers among others are numbers all the same;
 * any other mixture is refused. A column of nothing but nulls is text.
 * @throws MillraceError `RESULT_NOT_STORABLE` with the path, `SQL_NAME_INVALID`
 */
export function columnsOf(rows: readonly Row[]): readonly Column[] {
  const found = new Map<string, { kind: ColumnKind | undefined; at: number }>();
  for (const [at, row] of rows.entries()) {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) throw refused(`rows[${at}]`, 'an object of columns by name', row);
    for (const name of Object.keys(row)) {
      const known = found.get(name);
      const kind = kindOf(row[name], `rows[${at}].${name}`);
      if (known === undefined) found.set(checkedName('column name', name), { kind, at });
      else if (known.kind === undefined) Object.assign(known, { kind, at });
      else known.kind = together(known.kind, kind, name, at, known.at, row[name]);
    }
  }
  return [...found].map(([name, { kind }]) => ({ name, kind: kind ?? 'text' }));
}

function together(known: ColumnKind, kind: ColumnKind | undefined, name: string, at: number, first: number, value: unknown): ColumnKind {
  if (kind === undefined || kind === known) return known;
  const isNumber = (one: ColumnKind): boolean => one === 'integer' || one === 'double';
  if (isNumber(known) && isNumber(kind)) return 'double';
  throw refused(`rows[${at}].${name}`, `${WORDS[known]}, as in rows[${first}].${name}`, value);
}

const WORDS: Readonly<Record<ColumnKind, string>> = {
  integer: 'a number',
  double: 'a number',
  bigint: 'a bigint',
  boolean: 'a boolean',
  text: 'a text',
  date: 'a date',
  bytes: 'bytes',
  json: 'a list or a plain object',
};

/** Undefined for what is no value. @throws MillraceError `RESULT_NOT_STORABLE` */
function kindOf(value: unknown, path: string): ColumnKind | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined;
    case 'string':
      return 'text';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return 'bigint';
    case 'number':
      return Number.isSafeInteger(value) ? 'integer' : 'double';
    case 'object':
      return value === null ? undefined : kindOfObject(value, path);
    default:
      throw refused(path, 'a value that a table can hold', value);
  }
}

function kindOfObject(value: object, path: string): ColumnKind {
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw refused(path, 'a valid date', value);
    return 'date';
  }
  if (value instanceof Uint8Array) return 'bytes';
  checkJson(value, path, 0);
  return 'json';
}

/** Deeper values are loops, or no data for a table. */
const MAX_DEPTH = 100;

/** What is nested is kept as JSON: only what JSON gives back may be in it. */
function checkJson(value: unknown, path: string, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return;
  if (depth > MAX_DEPTH) throw refused(path, `a value that is nested at most ${MAX_DEPTH} deep`, value);
  if (Array.isArray(value)) {
    for (const [at, part] of value.entries()) checkJson(part, `${path}[${at}]`, depth + 1);
    return;
  }
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) throw refused(path, 'a value that JSON can hold', value);
  for (const [name, part] of Object.entries(value as object)) checkJson(part, `${path}.${name}`, depth + 1);
}

function refused(path: string, expected: string, got: unknown): MillraceError {
  return new MillraceError('RESULT_NOT_STORABLE', `expected ${path} to be ${expected}; it is ${nameKind(got)}`, {
    hint: 'A table holds texts, numbers, bigints, booleans, dates, bytes, nulls and plain data nested in them, one kind in a column.',
  });
}
