import { describe, MillraceError } from '../base/error.js';

const LONGEST_KEY = 1_000;

/**
 * Keys come from targets, parameters and records, so they are not trusted: relative, `/`-separated, never leading out of their store.
 * @throws MillraceError `STORE_KEY_INVALID`
 */
export function checkStoreKey(key: string): void {
  const fault = findFault(key, false);
  if (fault !== undefined) throw invalidKey(key, fault);
}

/** A prefix may be empty, and may end in the middle of a name or with a slash. @throws MillraceError `STORE_KEY_INVALID` */
export function checkStorePrefix(prefix: string): void {
  const fault = prefix === '' ? undefined : findFault(prefix, true);
  if (fault !== undefined) throw invalidKey(prefix, fault);
}

export function invalidKey(key: string, fault: string): MillraceError {
  return new MillraceError('STORE_KEY_INVALID', `expected a relative key such as 'models/iris.json'; ${describe(key)} ${fault}`);
}

function findFault(key: string, mayEndOpen: boolean): string | undefined {
  if (typeof key !== 'string') return 'is no text';
  if (key === '') return 'is empty';
  if (key.length > LONGEST_KEY) return `is longer than ${LONGEST_KEY} characters`;
  if (key.includes('\0')) return 'contains a NUL character';
  if (key.includes('\\')) return 'contains a backslash';
  if (key.startsWith('/') || /^[A-Za-z]:/.test(key)) return 'is absolute';
  const names = key.split('/');
  if (mayEndOpen && names.at(-1) === '') names.pop();
  if (names.includes('..')) return "contains '..'";
  if (names.includes('.') || names.includes('')) return 'contains an empty name';
  return undefined;
}
