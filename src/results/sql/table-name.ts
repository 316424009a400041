import { describe, MillraceError } from '../../base/error.js';

/** PostgreSQL cuts longer names off without a word. */
const LONGEST_NAME = 63;

/** @throws MillraceError `SQL_NAME_INVALID` */
export function checkedName(what: string, name: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= LONGEST_NAME && !/[\u0000-\u001f\u007f]/.test(name)) return name;
  throw new MillraceError('SQL_NAME_INVALID', `expected a ${what} of 1 to ${LONGEST_NAME} bytes without control characters; got ${describe(name)}`);
}
