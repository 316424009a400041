import { isWellFormed } from './canonical-text.js';

type Row = Readonly<Record<string, unknown>>;

/** Shorter lists of rows are written row by row. A part of the encoding: with another number, digests change. */
const LEAST_ROWS = 64;

/** Rows are taken this many at a time, column by column. A part of the encoding too. */
const ROWS_AT_ONCE = 4096;

/**
 * The sorted names of the columns, when a list is a table: at least 64 plain objects with the same keys, in whatever order. Such a list has
 * an encoding of its own, which takes a fifth of the time. Whether it is one is a matter of its value alone, so equal values stay equal.
 */
export function columnsOfTable(list: readonly unknown[]): readonly string[] | undefined {
  const first = list[0];
  if (list.length < LEAST_ROWS || !isPlain(first)) return undefined;
  const names = Object.keys(first);
  if (names.length === 0) return undefined;
  const known = new Set(names);
  for (let index = 0; index < list.length; index++) {
    const row = list[index];
    if (!isPlain(row) || !(hasInOrder(row, names) || hasAll(row, known)) || Object.getOwnPropertySymbols(row).length > 0) return undefined;
  }
  return names.sort();
}

function isPlain(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Unlike `Object.keys`, a loop makes no list for each row. It would see what somebody added to all objects: then rows are no table. */
function hasInOrder(row: Row, names: readonly string[]): boolean {
  let at = 0;
  for (const name in row) if (names[at++] !== name) return false;
  return at === names.length;
}

function hasAll(row: Row, names: ReadonlySet<string>): boolean {
  const keys = Object.keys(row);
  return keys.length === names.size && keys.every((key) => names.has(key));
}

/** What the table is written to: text and bytes go into one hash, in order. */
export interface TableSink {
  text(text: string): void;
  bytes(bytes: Uint8Array): void;
  /** A cell that is no number, text, boolean, bigint or plain Date, or stands beside one of another sort. */
  cell(row: object, cell: unknown): void;
}

/**
 * Writes a table by pieces of columns. Each piece says what sort its cells are of and where there are none, and has as many values as
 * these and the number of rows tell, so that no two tables are written alike.
 */
export function writeTable(rows: readonly Row[], names: readonly string[], sink: TableSink): void {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const some = rows.slice(from, from + ROWS_AT_ONCE);
    for (const name of names) writePiece(some, name, sink);
  }
}

/** `x`: cells of several sorts, or of none of these, each in its own words. */
type Sort = 'n' | 's' | 'b' | 'i' | 'D' | 'x';

function writePiece(rows: readonly Row[], name: string, sink: TableSink): void {
  const cells: unknown[] = [];
  let absent: Uint8Array | undefined;
  let sort: Sort | undefined;
  for (let index = 0; index < rows.length; index++) {
    const cell = (rows[index] as Row)[name];
    if (cell === null || cell === undefined) {
      absent ??= new Uint8Array(rows.length);
      absent[index] = cell === null ? 1 : 2;
      continue;
    }
    const found = sortOf(cell);
    sort ??= found;
    if (found === 'x' || found !== sort) return writeMixed(rows, name, sink);
    cells.push(cell);
  }
  sink.text(`${sort ?? 'z'}${absent === undefined ? '-' : '?'}`);
  if (absent !== undefined) sink.bytes(absent);
  if (sort !== undefined) writeCells(cells, sort, sink);
}

function sortOf(cell: unknown): Sort {
  switch (typeof cell) {
    case 'number':
      return 'n';
    case 'string':
      return 's';
    case 'boolean':
      return 'b';
    case 'bigint':
      return 'i';
    case 'object':
      return isPlainDate(cell as object) ? 'D' : 'x';
    default:
      return 'x';
  }
}

function isPlainDate(cell: object): boolean {
  if (Object.getPrototypeOf(cell) !== Date.prototype) return false;
  // Somebody may have hung something on it, which is not written here.
  for (const _ in cell) return false;
  try {
    Date.prototype.getTime.call(cell);
    return true;
  } catch {
    return false;
  }
}

function writeMixed(rows: readonly Row[], name: string, sink: TableSink): void {
  sink.text('x');
  for (const row of rows) sink.cell(row, row[name]);
}

function writeCells(cells: readonly unknown[], sort: Sort, sink: TableSink): void {
  switch (sort) {
    case 'n':
      return sink.bytes(doubles(cells as readonly number[]));
    case 'D':
      return sink.bytes(doubles((cells as readonly Date[]).map((date) => Date.prototype.getTime.call(date))));
    case 'b':
      return sink.bytes(Uint8Array.from(cells as readonly boolean[], Number));
    case 'i':
      return sink.text(`${cells.join(',')};`);
    default:
      return writeTexts(cells as readonly string[], sink);
  }
}

/** NaN has many forms, of which a number may keep the one that it was read as. */
function doubles(numbers: readonly number[]): Uint8Array {
  const list = new Float64Array(numbers.length);
  for (let index = 0; index < list.length; index++) {
    const number = numbers[index] as number;
    list[index] = Number.isNaN(number) ? Number.NaN : number;
  }
  return new Uint8Array(list.buffer);
}

/** Where texts end is told by their lengths; halves of surrogate pairs, which UTF-8 cannot tell apart, go as they are. */
function writeTexts(texts: readonly string[], sink: TableSink): void {
  const joined = texts.join('');
  sink.bytes(new Uint8Array(Uint32Array.from(texts, ({ length }) => length).buffer));
  const wellFormed = isWellFormed(joined);
  sink.text(wellFormed ? 's' : 'w');
  sink.bytes(Buffer.from(joined, wellFormed ? 'utf8' : 'utf16le'));
}
