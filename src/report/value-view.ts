import { inspect } from 'node:util';
import { shownTable } from '../results/artifacts/shown-table.js';
import { ResultStream } from '../results/formats/result-stream.js';

import type { ValueView } from './report-data.js';

const ROWS = 10;
const COLUMNS = 24;
const CELL = 80;
const MOST_PARTS = 8;
const LONGEST_TEXT = 4_000;

/**
 * A value as a report shows it: the first rows of a table, the text of a text, of anything else what Node would print; shortened.
 * @param rows at most so many
 */
export function viewOf(value: unknown, rows = ROWS): ValueView {
  try {
    if (value instanceof ResultStream) return { kind: 'none', why: `a stream of ${value.bytes.toLocaleString('en-US')} bytes` };
    const table = tableOf(value, rows);
    if (table !== undefined) return table;
    const parts = partsOf(value);
    if (parts !== undefined) return parts;
    if (typeof value === 'string') return { kind: 'text', text: cut(value, LONGEST_TEXT) };
    return { kind: 'text', text: cut(inspected(value), LONGEST_TEXT) };
  } catch {
    // A getter of the user's that throws.
    return { kind: 'none', why: 'it cannot be printed' };
  }
}

/** An object of few values of which some are tables: as text, one of them would fill it all. */
function partsOf(value: unknown): ValueView | undefined {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const entries = Object.entries(value);
  if (entries.length > MOST_PARTS) return undefined;
  const views = entries.map(([name, part]) => [name, tableOf(part, ROWS)] as const);
  if (!views.some(([, view]) => view !== undefined)) return undefined;
  return {
    kind: 'parts',
    parts: views.map(([name, view]) => [name, view ?? { kind: 'text', text: cut(inspected(Reflect.get(value, name)), CELL * 10) }]),
  };
}

function tableOf(value: unknown, most: number): ValueView | undefined {
  if (Array.isArray(value) && value.length === 0) return undefined;
  const found = shownTable(value, most);
  if (found === undefined || found.columns.length === 0) return undefined;
  const columns = found.columns.slice(0, COLUMNS);
  const rows = found.rows.map((row) => row.slice(0, COLUMNS).map(cellText));
  const left = found.columns.length - columns.length;
  return left === 0
    ? { kind: 'table', columns, rows, total: found.total }
    : { kind: 'table', columns: [...columns, `… ${left} more`], rows: rows.map((row) => [...row, '']), total: found.total };
}

function cellText(cell: unknown): string {
  if (typeof cell === 'string') return cut(cell, CELL);
  if (cell === null || cell === undefined) return '';
  if (cell instanceof Date && !Number.isNaN(cell.getTime())) return cell.toISOString();
  return cut(typeof cell === 'object' ? inspect(cell, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 6 }) : String(cell), CELL);
}

export function inspected(value: unknown): string {
  return inspect(value, { depth: 4, maxArrayLength: 20, maxStringLength: 500, breakLength: 100 });
}

export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${(text.length - most).toLocaleString('en-US')} more characters)`;
}
