import { describe, MillraceError } from '../base/error.js';
import { NodeFuture } from '../flow/node-future.js';
import type { RunPort } from '../flow/run-port.js';
import { isUnmapped } from '../flow/unmapped.js';
import { isRef, NODE, type Ref } from '../graph/ref.js';
import { visitReferences } from '../graph/references.js';
import { GraphScope } from '../graph/task-graph.js';
import type { MapSettings, TaskDefinition } from '../model/task-definition.js';

/** What a map needs to know of its arguments. */
export interface MapView {
  readonly port: RunPort;
  /** The children of another map, when the reference stands for one whose children are known. */
  childrenOf(ref: Ref): readonly number[] | undefined;
  valueOf(ref: Ref): unknown;
}

/** How children of a map are called: their parent's id and their place, or key. */
export class MapScope extends GraphScope {
  readonly #keys: readonly string[] | undefined;

  constructor(id: string, node: number, keys?: readonly string[]) {
    super(id, node);
    this.#keys = keys;
  }

  override idOf(_task: string, place: number): string {
    return `${this.prefix}[${this.#keys?.[place] ?? place}]`;
  }
}

/** The calls that a map comes to (S8): as many as its lists are long, each with one element of every list. */
export interface MapCalls {
  readonly count: number;
  argumentsAt(place: number): readonly unknown[];
}

/**
 * @param defaultMaxSplits the run's, where the map has none of its own
 * @throws MillraceError `MAP_NOT_A_LIST`, `MAP_LENGTHS_DIFFER`, `MAP_TOO_MANY_SPLITS`
 */
export function mapCalls(
  view: MapView,
  id: string,
  definition: TaskDefinition,
  args: readonly unknown[],
  defaultMaxSplits: number | undefined,
): MapCalls {
  const nameOf = (position: number): string => definition.parameterNames[position] ?? `argument ${position + 1}`;
  const columns = args.map((arg, position) => (isUnmapped(arg) ? undefined : listOf(view, id, nameOf(position), arg)));
  const first = columns.findIndex((column) => column !== undefined);
  const count = columns[first]?.length ?? 0;
  const other = columns.findIndex((column) => column !== undefined && column.length !== count);
  if (other >= 0) {
    throw new MillraceError(
      'MAP_LENGTHS_DIFFER',
      `expected the lists that '${id}' maps over to be equally long; '${nameOf(first)}' has ${count}, '${nameOf(other)}' has ${columns[other]?.length}`,
      { hint: 'Wrap what is the same for every child: unmapped(value).' },
    );
  }
  const most = definition.map?.maxSplits ?? defaultMaxSplits;
  if (most !== undefined && count > most) {
    throw new MillraceError('MAP_TOO_MANY_SPLITS', `expected '${id}' to split into at most ${most}; its list has ${count} elements`, {
      hint: 'Raise maxSplits (--max-splits), or shorten the list.',
    });
  }
  return { count, argumentsAt: (place) => args.map((arg, position) => (isUnmapped(arg) ? arg.value : columns[position]?.[place])) };
}

function listOf(view: MapView, id: string, name: string, arg: unknown): readonly unknown[] {
  if (isRef(arg)) {
    const children = view.childrenOf(arg);
    if (children) return children.map((child) => new NodeFuture(view.port, child));
  }
  const list = isRef(arg) ? view.valueOf(arg) : arg;
  if (Array.isArray(list)) return list;
  throw new MillraceError('MAP_NOT_A_LIST', `expected '${name}' of '${id}' to be a list; it is ${describe(list)}`, {
    hint: 'Give the task that makes it a list as result, or wrap it: unmapped(value).',
  });
}

/** Nodes that a child waits for. */
export function upstreamOf(args: readonly unknown[], names: readonly string[]): readonly number[] | undefined {
  const upstream: number[] = [];
  visitReferences(args, names, (ref) => void upstream.push(ref[NODE]));
  return upstream.length === 0 ? undefined : upstream;
}

/** Longest key that an id is made of. */
const MAX_KEY = 80;

/** A name for each child (S9): its key, or its place where there is none that can be used; a key that was there before is told apart by its place. */
export function childKeys(key: NonNullable<MapSettings['key']>, calls: MapCalls): readonly string[] {
  const used = new Set<string>();
  return Array.from({ length: calls.count }, (_, place) => {
    let text = keyText(key, calls.argumentsAt(place)) || String(place);
    if (used.has(text)) text = `${text}~${place}`;
    used.add(text);
    return text;
  });
}

/** A key that throws must not harm the map; it may hold what ids may not. */
function keyText(key: NonNullable<MapSettings['key']>, args: readonly unknown[]): string | undefined {
  try {
    return String(key(...args))
      .replace(/[[\]/#\s]/g, '_')
      .slice(0, MAX_KEY);
  } catch {
    return undefined;
  }
}
