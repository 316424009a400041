import { describe, MillraceError } from '../../base/error.js';
import type { SqlRow, SqlValue } from '../sqlite/statement.js';

/** Values on their way to the server and back. All travel as text, bytes alone as they are. */

/** A parameter: a value, or a whole column of them for `unnest`. */
export type Parameter = SqlValue | readonly SqlValue[];

/** PostgreSQL's text cannot hold the character of number 0; its sign can be read at least. */
const NUL_SHOWN = '\u2400';

/** @throws MillraceError `RECORD_VALUE_INVALID` */
export function encodeParameter(value: Parameter): string | Buffer | null {
  if (Array.isArray(value)) return arrayText(value as readonly SqlValue[]);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value === null) return null;
  return typeof value === 'string' ? storable(value) : numberText(value as number);
}

/** `{1,NULL,"a \"b\""}` */
function arrayText(values: readonly SqlValue[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `"${/["\\]/.test(value) ? storable(value).replaceAll(/["\\]/g, '\\$&') : storable(value)}"`;
  if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`;
  return numberText(value);
}

function numberText(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw new MillraceError('RECORD_VALUE_INVALID', `expected text, a finite number, bytes or null for the record; got ${describe(value)}`);
}

function storable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', NUL_SHOWN) : text;
}

type Decode = (text: string) => SqlValue;

const DECODERS: Readonly<Record<number, Decode>> = {
  16: (text) => (text === 't' ? 1 : 0),
  17: (text) => Buffer.from(text.slice(2), 'hex'),
  20: Number,
  21: Number,
  23: Number,
  701: Number,
  1700: Number,
};

const asItIs: Decode = (text) => text;

/** By the numbers of the columns' types in the catalogue: boolean (as 0 and 1), bytea, the numbers; all else is text. */
export function decodersOf(fields: readonly { readonly dataTypeID: number }[]): readonly Decode[] {
  return fields.map(({ dataTypeID }) => DECODERS[dataTypeID] ?? asItIs);
}

export function decodeRow(fields: readonly (string | null)[], decoders: readonly Decode[]): SqlRow {
  return fields.map((text, at) => (text === null ? null : (decoders[at] ?? asItIs)(text)));
}
