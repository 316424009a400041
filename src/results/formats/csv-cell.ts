import { nameKind } from '../../base/value-path.js';
import { isWellFormed } from '../../base/well-formed.js';
import { notStorable } from '../json-encode.js';

/** A cell in quotes: text, whatever it looks like. */
export interface QuotedCell {
  readonly text: string;
}

export function quoted(text: string): QuotedCell {
  return { text };
}

const NUMBER = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/;
const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const DATE = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * How a value is written: a text without quotes, or one that must have them.
 * @throws MillraceError `RESULT_NOT_STORABLE`
 */
export function writeCell(value: unknown, path: () => string): string | QuotedCell {
  switch (typeof value) {
    case 'string':
      if (!isWellFormed(value)) throw notStorable(path(), 'is a text with half a surrogate pair in it, which UTF-8 cannot say');
      return looksLikeAnother(value) ? quoted(value) : value;
    case 'number':
      return writeNumber(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return '';
    case 'object':
      if (value === null) return '';
      if (value instanceof Date) return writeDate(value, path);
  }
  throw notStorable(path(), `is ${nameKind(value)}, which a cell cannot hold`);
}

/** Large numbers with an exponent: without one they would be read as bigints. */
function writeNumber(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

function writeDate(date: Date, path: () => string): string {
  if (Number.isNaN(date.getTime())) throw notStorable(path(), 'is an invalid Date');
  return date.toISOString();
}

/** Without quotes it would be read as null, a boolean, a number or a date, as the mark at the beginning of a file or the end of a line. */
function looksLikeAnother(text: string): boolean {
  return text === '' || text.charCodeAt(0) === 0xfeff || text.includes('\r') || typeOf(text) !== 'text';
}

type CsvType = 'number' | 'boolean' | 'date' | 'text';

/** What the cells of a column are that have no quotes; known when all of them were seen. */
export class CsvColumn {
  #type: CsvType | undefined;
  #allIntegers = true;
  #anyLarge = false;

  see(cell: string | QuotedCell): void {
    if (typeof cell !== 'string' || cell === '' || this.#type === 'text') return;
    const found = typeOf(cell);
    this.#type = this.#type === undefined || this.#type === found ? found : 'text';
    if (found !== 'number') return;
    if (!INTEGER.test(cell)) this.#allIntegers = false;
    else this.#anyLarge ||= cell.length > 15 && !Number.isSafeInteger(Number(cell));
  }

  read(cell: string | QuotedCell): unknown {
    if (typeof cell !== 'string') return cell.text;
    if (cell === '') return null;
    switch (this.#type) {
      case 'number':
        return this.#anyLarge && this.#allIntegers ? BigInt(cell) : Number(cell);
      case 'boolean':
        return cell === 'true';
      case 'date':
        return new Date(cell);
      default:
        return cell;
    }
  }
}

function typeOf(cell: string): CsvType {
  if (cell === 'true' || cell === 'false') return 'boolean';
  if (NUMBER.test(cell)) return 'number';
  return DATE.test(cell) && !Number.isNaN(Date.parse(cell)) ? 'date' : 'text';
}
