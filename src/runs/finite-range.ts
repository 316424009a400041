/** The least and the greatest of the finite numbers among these. */
export function finiteRange(values: readonly number[]): { readonly min: number | undefined; readonly max: number | undefined } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // No column knows -0 from 0.
  return min > max ? { min: undefined, max: undefined } : { min: min + 0, max: max + 0 };
}
