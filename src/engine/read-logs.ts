import { scopes } from '../flow/scope.js';
import type { GraphScope, TaskGraph } from '../graph/task-graph.js';
import type { ReadSink } from '../model/file-read.js';
import type { CacheEntryRow } from '../model/records.js';
import { fileReferences } from '../reads/file-reference.js';
import { lookAway } from '../reads/glance.js';
import { observeReads } from '../reads/observe.js';
import type { Places } from '../reads/places.js';
import { type ObservedReads, ReadLog } from '../reads/read-log.js';

/**
 * Which files the nodes of a run read (S22b): a log for each node whose result may be reused, while it is executed. What a node inside a
 * sub-flow reads, or read when it was computed, the sub-flow reads.
 */
export class ReadLogs {
  readonly #graph: TaskGraph;
  readonly #places: Places;
  readonly #logs = new Map<number, ReadLog>();

  constructor(graph: TaskGraph, places: Places) {
    this.#graph = graph;
    this.#places = places;
  }

  /** An attempt of a node begins. */
  begin(node: number, isReusable: boolean): ReadSink | undefined {
    lookAway();
    if (!isReusable) return this.#logs.size === 0 ? undefined : this.#around(node);
    const outer = this.#around(node);
    observeReads(currentSink);
    const log = new ReadLog(this.#places, outer);
    this.#logs.set(node, log);
    return log;
  }

  /** An earlier result stands for the node. */
  reused(node: number, entry: CacheEntryRow): void {
    if (this.#logs.size > 0 && entry.reads !== undefined) this.#around(node)?.adopt(entry.reads);
  }

  /** The node has given a result: what it read is digested. Nothing comes back where nothing has to be waited for. */
  end(node: number, result: unknown): Promise<void> | undefined {
    const log = this.#logs.get(node);
    if (log === undefined) return undefined;
    for (const { path, digest } of fileReferences(result)) log.refersTo(path, digest);
    return log.close() ?? undefined;
  }

  /** The node has settled. */
  take(node: number): ObservedReads | undefined {
    const log = this.#logs.get(node);
    if (log === undefined) return undefined;
    this.#logs.delete(node);
    return log.result;
  }

  #around(node: number): ReadLog | undefined {
    if (this.#logs.size === 0) return undefined;
    for (let at = this.#parent(node); at !== undefined; at = this.#parent(at)) {
      const log = this.#logs.get(at);
      if (log) return log;
    }
    return undefined;
  }

  #parent(node: number): number | undefined {
    return (this.#graph.scopes[node] as GraphScope).parent;
  }
}

/** Whose code is asking. */
function currentSink(): ReadSink | undefined {
  return scopes.getStore()?.reads;
}
