import { isInside } from './outline.js';
import type { Picture } from './shape.js';

/** Where a line of a frame really starts and ends: layout engines join boxes only, and clip the line at the frame. */
export interface Anchors {
  /** The box that a line to `shape` goes to. */
  entry(shape: number): number;
  /** The box that a line from `shape` comes from. */
  exit(shape: number): number;
}

/**
 * A line into a frame goes to the first box in it that waits for nothing else inside; a line out of it comes from the last box that nothing
 * else inside waits for. Where the graph itself says which nodes take the frame's input and give its result, these are taken.
 */
export function anchorsOf({ shapes, links, inner }: Pick<Picture, 'shapes' | 'links' | 'inner'>): Anchors {
  const parents = shapes.map((shape) => shape.parent);
  const entries = new Map<number, number>();
  const exits = new Map<number, number>();
  for (const { from, to } of inner) {
    if (isInside(parents, from, to)) exits.set(to, from);
    else if (!entries.has(from)) entries.set(from, to);
  }
  const { fed, drained } = neighbours(parents, links);
  shapes.forEach(({ parent }, shape) => {
    if (!entries.has(parent) && !fed.has(shape)) entries.set(parent, shape);
  });
  for (let shape = shapes.length - 1; shape >= 0; shape--) {
    const parent = parents[shape] as number;
    if (!exits.has(parent) && !drained.has(shape)) exits.set(parent, shape);
  }
  const firstInside = new Map<number, number>();
  shapes.forEach(({ parent }, shape) => {
    if (!firstInside.has(parent)) firstInside.set(parent, shape);
  });
  const descend = (chosen: ReadonlyMap<number, number>, shape: number): number => {
    let at = shape;
    while (shapes[at]?.kind === 'frame') at = chosen.get(at) ?? (firstInside.get(at) as number);
    return at;
  };
  return { entry: (shape) => descend(entries, shape), exit: (shape) => descend(exits, shape) };
}

/** Which shapes get something from, or give something to, another one directly inside the same frame. */
function neighbours(parents: readonly number[], links: Picture['links']): { fed: ReadonlySet<number>; drained: ReadonlySet<number> } {
  const fed = new Set<number>();
  const drained = new Set<number>();
  for (const { from, to } of links) {
    if (from === to) continue;
    const [source, goal] = besideEachOther(parents, from, to);
    drained.add(source);
    fed.add(goal);
  }
  return { fed, drained };
}

/** `a` and `b`, or the frames around them, that lie directly in the innermost frame holding both; -1 stands for the page, which holds all. */
function besideEachOther(parents: readonly number[], a: number, b: number): readonly [number, number] {
  const towardsA = new Map<number, number>();
  for (let at = a; at !== -1; at = parents[at] as number) towardsA.set(parents[at] as number, at);
  for (let at = b; ; at = parents[at] as number) {
    const beside = towardsA.get(parents[at] as number);
    if (beside !== undefined) return [beside, at];
  }
}
