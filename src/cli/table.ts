import stringWidth from 'string-width';
import { fitWidth } from './fit-width.js';

export interface Column {
  readonly title: string;
  /** @default 'left' */
  readonly align?: 'left' | 'right';
}

export interface TableOptions {
  /** Lines are cut to this many columns; uncut without it. */
  readonly width?: number | undefined;
  /** Paints the titles. */
  readonly paintTitle?: (text: string) => string;
}

const GAP = '  ';

/** Rows under their titles, aligned by what is seen: colours take no room, wide characters two columns. Cells are single lines. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const paintTitle = options.paintTitle ?? ((text: string) => text);
  const cells = rows.map((row) => row.map(singleLine));
  const widths = columns.map((column, index) => Math.max(stringWidth(column.title), ...cells.map((row) => stringWidth(row[index] ?? ''))));
  const line = (row: readonly string[]): string => {
    const padded = columns.map((column, index) => pad(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left'));
    const text = padded.join(GAP).trimEnd();
    return options.width === undefined ? text : fitWidth(text, options.width);
  };
  return [line(columns.map((column) => paintTitle(column.title))), ...cells.map(line)].join('\n');
}

/** Titles and values side by side, values aligned; a value may have several lines. */
export function formatPairs(
  pairs: readonly (readonly [string, string | undefined])[],
  paintTitle: (text: string) => string = (text) => text,
): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '');
  const width = Math.max(0, ...shown.map(([title]) => stringWidth(title)));
  const indent = ' '.repeat(width + GAP.length);
  return shown.map(([title, value]) => `${paintTitle(title.padEnd(width))}${GAP}${value.split('\n').join(`\n${indent}`)}`).join('\n');
}

function singleLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const room = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? room + text : text + room;
}
