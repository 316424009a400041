import type { GraphScope, TaskGraph } from '../graph/task-graph.js';
import { maskData } from '../log/mask-data.js';
import type { AssetRenewal } from '../model/asset.js';
import type { Reason } from '../model/reason.js';
import type { AttemptRow, CacheEntryRow, EdgeRow, InputDigest, TaskRunRow } from '../model/records.js';
import { isFinalTaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { GrowingReusedRuns } from '../runs/reused-runs.js';
import { errorInfo } from './failures.js';
import { hiddenDigest } from './inputs.js';
import { NodeKeys } from './node-keys.js';
import type { ReusedNode, SettledNode } from './observer.js';
import { realEdges } from './real-edges.js';
import type { Reuse } from './reuse.js';

export interface TaskRunRowsParts {
  readonly graph: TaskGraph;
  readonly run: string;
  readonly flow: string;
  readonly reuse: Reuse;
  /** False: only what reuse needs is recorded (nothing is meant to outlive the process). */
  readonly recordAll: boolean;
  readonly now: () => number;
  /** Replaces secrets (S18). */
  readonly mask: (text: string) => string;
}

const NO_EDGES: readonly EdgeRow[] = Object.freeze([]);

/** What the record is told of task runs: rows without secrets, made of what is known of a node. */
export class TaskRunRows {
  readonly #parts: TaskRunRowsParts;
  /** By node, in order; only when all is recorded. */
  readonly #createdAt: number[] = [];
  readonly #queuedAt = new Map<number, number>();
  readonly #nodeKeys: NodeKeys;
  /** What the code of tasks is made of, without the secrets. */
  readonly #codeParts = new Map<string, string>();

  constructor(parts: TaskRunRowsParts) {
    this.#parts = parts;
    this.#nodeKeys = new NodeKeys(parts.graph);
  }

  /** Nodes come in order. */
  created(): void {
    this.#createdAt.push(this.#parts.now());
  }

  queued(node: number): void {
    this.#queuedAt.set(node, this.#parts.now());
  }

  /** Nothing more is asked of it. */
  drop(node: number): void {
    this.#queuedAt.delete(node);
  }

  taskRun(node: number, facts: SettledNode, inputs: TaskRunRow['inputs']): TaskRunRow {
    const { graph } = this.#parts;
    const isFinal = isFinalTaskState(facts.state);
    return {
      index: node,
      id: graph.id(node),
      task: this.#definition(node).name,
      label: facts.label && this.#parts.mask(facts.label),
      parent: (graph.scopes[node] as GraphScope).parent,
      state: facts.state,
      nodeKey: this.#parts.recordAll ? this.keyOf(node, inputs) : undefined,
      cacheKey: facts.key,
      attempts: facts.attempts,
      reason: this.maskedReason(facts.reason),
      createdAt: this.#createdAt[node] ?? facts.finishedAt,
      startedAt: facts.firstStartedAt ?? facts.startedAt,
      finishedAt: isFinal ? facts.finishedAt : undefined,
      error: facts.error && this.masked(facts.error),
      upstream: this.#edges(node),
      inputs: inputs && this.#maskedInputs(inputs),
      checks: facts.checks,
      origin: undefined,
    };
  }

  /** There are thousands of them, and they have little to say: no row is made. */
  addReused(node: number, { origin, key, finishedAt, inputs }: ReusedNode, columns: GrowingReusedRuns): void {
    const { graph, recordAll } = this.#parts;
    columns.index.push(node);
    columns.id.push(graph.id(node));
    columns.parent.push((graph.scopes[node] as GraphScope).parent);
    columns.nodeKey.push(recordAll ? this.keyOf(node, inputs) : undefined);
    columns.cacheKey.push(key);
    columns.createdAt.push(this.#createdAt[node] ?? finishedAt);
    columns.finishedAt.push(finishedAt);
    columns.upstream.push(this.#edges(node));
    columns.inputs.push(inputs && this.#maskedInputs(inputs));
    columns.originRun.push(origin.run);
    columns.originIndex.push(origin.index);
  }

  /** A call's name from run to run (S9). It must still have its arguments. */
  keyOf(node: number, inputs: TaskRunRow['inputs']): string {
    return this.#nodeKeys.of(node, inputs);
  }

  attempt(node: number, { state, attempts, startedAt = 0, finishedAt, error }: SettledNode): AttemptRow {
    const queuedAt = this.#queuedAt.get(node);
    const after = (at: number): number => toMicroseconds(at - startedAt);
    const queued = queuedAt === undefined ? '' : `queued@${after(queuedAt)} `;
    return {
      index: node,
      attempt: attempts,
      state,
      changes: state === 'running' ? `${queued}running@0` : `${queued}running@0 ${state}@${after(finishedAt)}`,
      startedAt,
      finishedAt: state === 'running' ? undefined : finishedAt,
      error: error && this.masked(error),
    };
  }

  entry(node: number, { key, kept, finishedAt, reads = [] }: SettledNode, inputs: TaskRunRow['inputs']): CacheEntryRow | undefined {
    if (key === undefined || kept === undefined || inputs === undefined) return undefined;
    // A path with a secret in it is not to be recorded, and under another name it could not be looked at again (S18).
    if (reads.some(({ path }) => this.#parts.mask(path) !== path)) return undefined;
    const definition = this.#definition(node);
    const { codeParts, ...code } = this.#parts.reuse.codeOf(definition);
    return {
      ...code,
      codeParts: codeParts && this.#maskedParts(codeParts),
      key,
      task: definition.name,
      run: this.#parts.run,
      index: node,
      createdAt: finishedAt,
      version: definition.version,
      inputs: this.#maskedInputs(inputs),
      artifacts: kept.artifacts.map(({ name, ref }) => ({ name, ref })),
      ...(reads.length === 0 ? {} : { reads }),
    };
  }

  /** What was reused is as old as it was. */
  renewals(node: number, { state, kept, finishedAt }: SettledNode): readonly AssetRenewal[] | undefined {
    const { renews } = this.#definition(node);
    if (renews === undefined || state !== 'success') return undefined;
    const { flow, graph, run } = this.#parts;
    const digest = kept?.valueDigest;
    return renews.map((asset) => ({ asset, flow, run, task: graph.id(node), ...(digest === undefined ? {} : { digest }), at: finishedAt }));
  }

  #edges(node: number): readonly EdgeRow[] {
    const edges = realEdges(this.#parts.graph, node);
    return edges.length === 0 ? NO_EDGES : edges.map(({ from, kind, label }) => ({ from, kind, ...(label === undefined ? {} : { label }) }));
  }

  /** Captured variables show their values. Entries of one task have their parts in common. */
  #maskedParts(codeParts: string): string {
    let masked = this.#codeParts.get(codeParts);
    if (masked === undefined) {
      masked = JSON.stringify(maskData(JSON.parse(codeParts), this.#parts.mask));
      this.#codeParts.set(codeParts, masked);
    }
    return masked;
  }

  /** The detail of a changed input shows its value. */
  maskedReason(reason: Reason | undefined): Reason | undefined {
    return reason?.detail === undefined ? reason : { ...reason, detail: this.#parts.mask(reason.detail) };
  }

  masked(error: unknown): ReturnType<typeof errorInfo> {
    return maskData(errorInfo(error), this.#parts.mask);
  }

  /** Most show no secret, and are recorded as they are. */
  #maskedInputs(inputs: Readonly<Record<string, InputDigest>>): Readonly<Record<string, InputDigest>> {
    let masked: Record<string, InputDigest> | undefined;
    for (const name in inputs) {
      const { digest, shown } = inputs[name] as InputDigest;
      const text = shown === undefined ? undefined : this.#parts.mask(shown);
      if (text === undefined || text === shown) continue;
      masked ??= { ...inputs };
      // The digest of a short number is the number.
      masked[name] = { digest: hiddenDigest(digest), shown: text };
    }
    return masked ?? inputs;
  }

  #definition(node: number): TaskDefinition {
    return this.#parts.graph.definitions[node] as TaskDefinition;
  }
}

/** What the clock gives beyond that is noise. */
export function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
