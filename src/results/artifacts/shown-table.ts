import { type ArrowTable, type Columns, frameKind, type Rows, tableKind } from '../formats/table-kind.js';

/** The first rows of a table, cell by cell: what viewers show, whatever the table is made of. */
export interface ShownTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** How many rows the table has in all. */
  readonly total: number;
}

interface FrameLike {
  readonly columns: readonly string[];
  readonly height: number;
  head(rows: number): { toRecords(): Rows };
}

interface ArqueroLike {
  columnNames(): string[];
  numRows(): number;
  objects(options: { readonly limit: number }): Rows;
}

/** Undefined for what is no table. */
export function shownTable(value: unknown, limit: number): ShownTable | undefined {
  switch (frameKind(value) ?? tableKind(value)) {
    case 'rows': {
      const rows = value as Rows;
      const first = rows.slice(0, limit);
      return fromRows([...new Set(first.flatMap((row) => Object.keys(row)))], first, rows.length);
    }
    case 'polars': {
      const frame = value as FrameLike;
      return fromRows(frame.columns, frame.head(limit).toRecords(), frame.height);
    }
    case 'arquero': {
      const frame = value as ArqueroLike;
      return fromRows(frame.columnNames(), frame.objects({ limit }), frame.numRows());
    }
    case 'arrow':
      return fromArrow(value as ArrowTable, limit);
    case 'columns': {
      const columns = Object.entries(value as Columns);
      const total = columns[0]?.[1].length ?? 0;
      const rows = Array.from({ length: Math.min(limit, total) }, (_, at) => columns.map(([, cells]) => cells[at]));
      return { columns: columns.map(([name]) => name), rows, total };
    }
    default:
      return undefined;
  }
}

function fromRows(columns: readonly string[], rows: Rows, total: number): ShownTable {
  return { columns, rows: rows.map((row) => columns.map((name) => (Object.hasOwn(row, name) ? row[name] : undefined))), total };
}

function fromArrow(table: ArrowTable, limit: number): ShownTable {
  const columns = table.schema.fields.map(({ name }) => String(name));
  const vectors = columns.map((_, at) => table.getChildAt(at));
  const rows = Array.from({ length: Math.min(limit, table.numRows) }, (_, row) => vectors.map((vector) => vector?.get(row) as unknown));
  return { columns, rows, total: table.numRows };
}
