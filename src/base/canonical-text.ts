/** The whole encoding of what is no object; undefined for functions and symbols. */
export function scalarText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return stringText(value);
    case 'number':
      return Object.is(value, -0) ? 'n-0;' : `n${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'undefined':
      return 'u';
    case 'bigint':
      return `i${value};`;
    default:
      return value === null ? 'z' : undefined;
  }
}

/** Text with its length, except where it is no valid UTF-16: in UTF-8 every lone surrogate would turn into the same replacement character. */
export function stringText(text: string): string {
  return isWellFormed(text) ? `s${text.length}:${text}` : `w${JSON.stringify(text)}`;
}

/** ES2024, in every Node we support, but not yet in the library types we compile against. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** The keys of an object in the order in which they count, and what they are written as. */
interface KeyOrder {
  readonly keys: readonly string[];
  readonly sorted: readonly string[];
  readonly texts: readonly string[];
}

/** Rows of a table, and the settings of one call after the other, have the same keys in the same order: sorted once. */
let lastOrder: KeyOrder = { keys: [], sorted: [], texts: [] };

export function orderOf(keys: readonly string[]): KeyOrder {
  if (areSame(keys, lastOrder.keys)) return lastOrder;
  const sorted = isSorted(keys) ? keys : [...keys].sort();
  lastOrder = { keys, sorted, texts: sorted.map(stringText) };
  return lastOrder;
}

export function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at++) if (!Object.is(some[at], others[at])) return false;
  return true;
}

function isSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index++) if ((keys[index - 1] as string) > (keys[index] as string)) return false;
  return true;
}
