import type { ViewMap } from '../graph/graph-view.js';
import type { TaskRunRow } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import type { RealEdge } from './real-edges.js';

/** The rows of a run with each map as one node. */
export interface FoldedRows {
  /** Without the children of maps, and what these hold. */
  readonly kept: readonly TaskRunRow[];
  /** By the map's index. */
  readonly maps: ReadonlyMap<number, ViewMap>;
  /** Into each kept row, from kept rows only. */
  readonly edgesOf: ReadonlyMap<number, readonly RealEdge[]>;
}

/**
 * Folds the children of maps into their maps, so that a map of a hundred thousand is one node. What a child comes after, its map comes after,
 * as far as the map's own edges do not say so already.
 */
export function foldMaps(rows: readonly TaskRunRow[]): FoldedRows {
  const mapOf = outermostMaps(rows);
  const known = new Set(rows.map(({ index }) => index));
  const kept = rows.filter(({ index }) => !mapOf.has(index));
  const edges = new Map(kept.map(({ index }) => [index, new EdgesInto(index)]));
  const counts = new Map<number, { count: number; states: Partial<Record<TaskState, number>> }>();
  // A map comes before its children, so its own edges are there when theirs are added.
  for (const { index, parent, state, upstream } of rows) {
    const map = mapOf.get(index);
    for (const { from, kind, label } of upstream) {
      if (!known.has(from) || (kind === 'control-as' && (map ?? mapOf.get(from)) !== undefined)) continue;
      edges.get(map ?? index)?.add({ from: mapOf.get(from) ?? from, kind, label }, map !== undefined);
    }
    if (map === undefined || parent !== map) continue;
    const sum = counts.get(map) ?? { count: 0, states: {} };
    counts.set(map, sum);
    sum.count++;
    sum.states[state] = (sum.states[state] ?? 0) + 1;
  }
  const childless = kept.filter((row) => !counts.has(row.index) && isMapOfNone(row)).map(({ index }) => [index, {}] as const);
  return { kept, maps: new Map<number, ViewMap>([...counts, ...childless]), edgesOf: new Map([...edges].map(([index, into]) => [index, into.list])) };
}

/** A map that could not be split has no children to be known by, but an error that says so (S8). */
export function isMapOfNone({ state, error }: Pick<TaskRunRow, 'state' | 'error'>): boolean {
  return state === 'failed' && error?.cause?.code?.startsWith('MAP_') === true;
}

/**
 * A map whose children were all reused was reused: to itself, which computes nothing, it is a success (S10).
 * @param children how many of them are in each state
 */
export function shownMapState(state: TaskState, children: Readonly<Partial<Record<TaskState, number>>>): TaskState {
  const states = Object.keys(children);
  return state === 'success' && states.length === 1 && states[0] === 'cached' ? 'cached' : state;
}

/** The map that each row lies in, at any depth. Children of maps are told by their ids (S9): the map's, and their place in brackets. */
export function outermostMaps(rows: readonly TaskRunRow[]): ReadonlyMap<number, number> {
  const byIndex = new Map(rows.map((row) => [row.index, row]));
  const mapOf = new Map<number, number>();
  for (const { index, id, parent: around } of rows) {
    const parent = around === undefined ? undefined : byIndex.get(around);
    if (parent === undefined) continue;
    const map = mapOf.get(parent.index) ?? (id.startsWith(`${parent.id}[`) ? parent.index : undefined);
    if (map !== undefined) mapOf.set(index, map);
  }
  return mapOf;
}

/** The edges into one node, each once, and none from itself. */
class EdgesInto {
  readonly list: RealEdge[] = [];
  readonly #node: number;
  readonly #seen = new Set<string>();

  constructor(node: number) {
    this.#node = node;
  }

  /** @param ofChild it says nothing new where an edge of this kind, or one with data, is there, whatever that feeds */
  add(edge: RealEdge, ofChild: boolean): void {
    const { from, kind, label } = edge;
    if (from === this.#node) return;
    const key = `${from} ${kind} ${label ?? ''}`;
    if (this.#seen.has(key) || (ofChild && (this.#seen.has(`${from} data`) || this.#seen.has(`${from} ${kind}`)))) return;
    this.#seen.add(key).add(`${from} ${kind}`);
    this.list.push(edge);
  }
}
