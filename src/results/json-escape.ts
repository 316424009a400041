/**
 * Whatever JSON cannot say is written as an object whose first key is this one: `{"$millrace":"Date","value":"2026-01-31T00:00:00.000Z"}`.
 * An object of the user's that has such a key is itself escaped, so that the two are never mixed up.
 */
export const ESCAPE_KEY = '$millrace';

/** What to look for in a text to know that there may be an escape in it. */
export const ESCAPE_MARK = `"${ESCAPE_KEY}"`;

export type EscapeKind =
  | 'undefined'
  | 'number'
  | 'bigint'
  | 'Date'
  | 'Map'
  | 'Set'
  | 'RegExp'
  | 'URL'
  | 'Error'
  | 'ArrayBuffer'
  | 'View'
  | 'Object'
  | 'NullObject'
  | 'Class';

export type Escape = { readonly [ESCAPE_KEY]: EscapeKind } & Readonly<Record<string, unknown>>;

export function marked(kind: EscapeKind, parts: Readonly<Record<string, unknown>> = {}): Escape {
  return { [ESCAPE_KEY]: kind, ...parts };
}

/** Sets an own property, also one called `__proto__`. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else (target as Record<string, unknown>)[key] = value;
}
