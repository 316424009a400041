/** What can be seen of a bar, in hundredths of its width. */
const LEAST = 4;

/** How much of a bar each of these takes, in hundredths: five failures among thousands are to be seen. */
export function sharesOf<K>(counts: readonly (readonly [K, number])[]): ReadonlyMap<K, number> {
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const raised = counts.map(([key, count]) => [key, Math.max((count / total) * 100, LEAST)] as const);
  const sum = raised.reduce((all, [, share]) => all + share, 0);
  return new Map(raised.map(([key, share]) => [key, (share / sum) * 100]));
}
