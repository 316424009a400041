import type { RunPort } from '../flow/run-port.js';
import { NODE, PATH, type Ref } from '../graph/ref.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { MapSettings, TaskDefinition } from '../model/task-definition.js';
import type { FailFast } from './fail-fast.js';
import { childKeys, type MapCalls, MapScope, type MapView, mapCalls, upstreamOf } from './map.js';
import { childAt } from './map-element.js';
import { HAS_INPUTS, type NodeTable } from './node-table.js';

/** Children of a map that are added before others get their turn. */
const CHILDREN_AT_ONCE = 2_000;

/** What maps need of the run they are in. */
export interface MapsHost extends RunPort {
  readonly nodes: NodeTable;
  readonly failFast: FailFast | undefined;
  /** Why nothing starts any more. */
  readonly stopped: Error | undefined;
  valueNow(ref: Ref): unknown;
  arm(node: number): void;
  /** All children of the map are there; resolves the map when they have settled. */
  expanded(map: number, children: readonly number[]): void;
}

/**
 * Maps take no slot: when their lists are known they add a node for each element (S8). Who maps over a map, or asks for its length or one of its
 * elements, waits for its children to be known, not for their results.
 */
export class Maps {
  readonly #host: MapsHost;
  readonly #graph: TaskGraph;
  readonly #children = new Map<number, readonly number[]>();
  /** By map, the nodes that wait for its children to be known. */
  readonly #waiting = new Map<number, readonly number[]>();
  readonly #view: MapView;

  constructor(host: MapsHost) {
    this.#host = host;
    this.#graph = host.graph;
    this.#view = {
      port: host,
      childrenOf: (ref) => (ref[PATH] === undefined ? this.#children.get(ref[NODE]) : undefined),
      valueOf: (ref) => host.valueNow(ref),
    };
  }

  /** By map, its children, as soon as they are known. */
  get children(): ReadonlyMap<number, readonly number[]> {
    return this.#children;
  }

  /** The nodes that wait for just the children of a map. */
  waitingFor(map: number): readonly number[] {
    return this.#waiting.get(map) ?? [];
  }

  /** `node` may go on as soon as the children of `map` are known. */
  awaitChildren(node: number, map: number): void {
    const { failFast, nodes } = this.#host;
    nodes.mark(node, HAS_INPUTS);
    if (this.#definition(node).kind === 'map') failFast?.mapsOver(node, map);
    const children = this.#children.get(map);
    if (children) return this.#stand(node, children);
    if (nodes.isFinal(map)) return nodes.inherit(node, map);
    (nodes.waitingFor[node] as number)++;
    this.#waiting.set(map, [...this.waitingFor(map), node]);
  }

  /** A map has its children, or never will: who waited for just that goes on. */
  tellWaiting(map: number): void {
    const waiting = this.#waiting.get(map);
    if (waiting === undefined) return;
    this.#waiting.delete(map);
    const { nodes } = this.#host;
    const children = this.#children.get(map);
    for (const node of waiting) {
      if (children) this.#stand(node, children);
      else nodes.inherit(node, map);
      if (--(nodes.waitingFor[node] as number) === 0) this.#host.arm(node);
    }
  }

  /** @throws MillraceError `MAP_NOT_A_LIST`, `MAP_LENGTHS_DIFFER`, `MAP_TOO_MANY_SPLITS` */
  callsOf(map: number, definition: TaskDefinition, maxSplits: number | undefined): MapCalls {
    return mapCalls(this.#view, this.#graph.id(map), definition, this.#graph.args[map] as readonly unknown[], maxSplits);
  }

  /** What children are called by. */
  scopeOf(map: number, definition: TaskDefinition, calls: MapCalls): MapScope {
    const key = definition.map?.key;
    return new MapScope(this.#graph.id(map), map, key && childKeys(key, calls));
  }

  /** The children are added some at a time, so that a hundred thousand do not hold up everything else. */
  expand(map: number, definition: TaskDefinition, calls: MapCalls, scope: MapScope): void {
    const { of } = definition.map as MapSettings;
    const children: number[] = [];
    const grow = (): void => {
      const until = Math.min(calls.count, children.length + CHILDREN_AT_ONCE);
      while (children.length < until) children.push(this.#addChild(of, calls.argumentsAt(children.length), scope));
      if (children.length < calls.count && this.#host.stopped === undefined) return void setImmediate(grow);
      this.#children.set(map, children);
      this.tellWaiting(map);
      this.#host.expanded(map, children);
    };
    grow();
  }

  #addChild(of: TaskDefinition, args: readonly unknown[], scope: MapScope): number {
    const child = this.#graph.add(of, args, scope, undefined);
    this.#host.registered(child, upstreamOf(args, of.parameterNames));
    return child;
  }

  /** What stands for one of the children waits for that one from now on. */
  #stand(node: number, children: readonly number[]): void {
    if (!this.#definition(node).element) return;
    const child = childAt(children, (this.#graph.args[node] as readonly unknown[])[1] as number);
    if (child === undefined) return;
    this.#graph.stand(node, child);
    this.#host.nodes.link(child, node);
  }

  #definition(node: number): TaskDefinition {
    return this.#graph.definitions[node] as TaskDefinition;
  }
}
