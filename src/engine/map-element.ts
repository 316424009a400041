import { MillraceError } from '../base/error.js';

/** The child that `at(index)` means: negative indices count from the end. Undefined when there is none. */
export function childAt<T>(children: readonly T[], index: number): T | undefined {
  return children.at(index);
}

/** Code `MAP_INDEX_OUT_OF_RANGE`. */
export function noSuchChild(map: string, count: number, index: number): MillraceError {
  const range = count === 0 ? 'there is none: its list was empty' : `from ${-count} to ${count - 1}`;
  return new MillraceError('MAP_INDEX_OUT_OF_RANGE', `expected an index of the ${count} elements of '${map}', ${range}; got ${index}`, {
    hint: 'Look at its length first, or take orElse(…).',
  });
}
