import { describe, MillraceError } from '../../base/error.js';

/** PostgreSQL cuts longer names off without a word. */
const LONGEST_NAME = 63;

/**
 * The name of a table, schema or column as it stands in SQL. Quoted it may hold anything but control characters, so that no name can become a
 * statement.
 * @throws MillraceError `SQL_NAME_INVALID`
 */
export function quoted(name: string): string {
  return `"${checkedName('name', name).replaceAll('"', '""')}"`;
}

/** @throws MillraceError `SQL_NAME_INVALID` */
export function checkedName(what: string, name: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= LONGEST_NAME && !/[\u0000-\u001f\u007f]/.test(name)) return name;
  throw new MillraceError('SQL_NAME_INVALID', `expected a ${what} of 1 to ${LONGEST_NAME} bytes without control characters; got ${describe(name)}`);
}

/** `"schema"."table"` */
export function tableName(schema: string | undefined, table: string): string {
  return schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`;
}

/** `"id", "at", "cents"` */
export function nameList(names: readonly string[]): string {
  return names.map(quoted).join(', ');
}

/** What follows an INSERT that takes the place of rows of the same key. */
export function onConflict(key: readonly string[], columns: readonly string[]): string {
  const others = columns.filter((column) => !key.includes(column));
  const update = others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`).join(', ');
  return ` ON CONFLICT (${nameList(key)}) DO ${others.length === 0 ? 'NOTHING' : `UPDATE SET ${update}`}`;
}
