/**
 * What a body had seen when it made a call (S3): results that were delivered to it, after what it knew before. Calls made under the same
 * knowledge share it, and new knowledge points back to the old, so that a body that awaits n futures one by one costs n entries, not n²/2.
 */
export interface Knowledge {
  /** Nodes whose results were delivered since `before`. */
  readonly seen: readonly number[];
  readonly before: Knowledge | undefined;
  /** The first of its chain, which names the chain; and how far along it this one is. */
  readonly start: Knowledge | undefined;
  readonly depth: number;
  /** The first task called under it; set by the graph. */
  first: number | undefined;
}

/** What a body knows once `delivered` have reached it; what the calls that made them knew is implied by them. */
export function learn(known: Knowledge | undefined, delivered: readonly number[], knownTo: (node: number) => Knowledge | undefined): Knowledge {
  const implied = deepestOf(known, delivered.map(knownTo));
  if (known === undefined || implied < 0) return knowledge([...new Set(delivered)], known);
  const kept: number[] = [];
  for (let at: Knowledge | undefined = known; at !== undefined && at.depth > implied; at = at.before) kept.push(...at.seen);
  return knowledge([...new Set([...kept, ...delivered])], undefined);
}

function knowledge(seen: readonly number[], before: Knowledge | undefined): Knowledge {
  return { seen, before, start: before?.start ?? before, depth: before === undefined ? 0 : before.depth + 1, first: undefined };
}

/** How far along the chain of `known` the calls knew who made what was delivered; -1: none of it. */
function deepestOf(known: Knowledge | undefined, others: readonly (Knowledge | undefined)[]): number {
  let deepest = -1;
  const start = known?.start ?? known;
  for (const other of others) if (other !== undefined && (other.start ?? other) === start) deepest = Math.max(deepest, other.depth);
  return deepest;
}
