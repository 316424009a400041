/** Marks an argument of `map` that every child is handed whole. Plain, so that futures inside are found. */
const UNMAPPED: unique symbol = Symbol.for('millrace.unmapped');

export interface Unmapped<T> {
  readonly __unmapped: T;
}

/** Hands the same value, or future, to every child of a map instead of one element to each. */
export function unmapped<const V>(value: V): Unmapped<V> {
  return Object.freeze({ [UNMAPPED]: true, value }) as unknown as Unmapped<V>;
}

export function isUnmapped(arg: unknown): arg is { readonly value: unknown } {
  return typeof arg === 'object' && arg !== null && (arg as { [UNMAPPED]?: unknown })[UNMAPPED] === true;
}
