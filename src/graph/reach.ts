/** Whether a way leads from one node to another. `next` gives the nodes that a step leads to. */
export function reaches(from: number, to: number, next: (node: number) => Iterable<number>): boolean {
  const seen = new Set<number>();
  const stack = [from];
  while (stack.length > 0) {
    const node = stack.pop() as number;
    if (node === to) return true;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const following of next(node)) stack.push(following);
  }
  return false;
}
