import { checkedName } from './table-name.js';

/**
 * The name of a table, schema or column as it stands in SQL. Quoted it may hold anything but control characters, so that no name can become a
 * statement.
 * @throws MillraceError `SQL_NAME_INVALID`
 */
export function quoted(name: string): string {
  return `"${checkedName('name', name).replaceAll('"', '""')}"`;
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
