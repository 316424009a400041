import type { GraphScope, TaskGraph } from '../graph/task-graph.js';
import { maskData } from '../log/mask-data.js';
import type { AssetRenewal } from '../model/asset.js';
import type { LogLevel, LogLine, ProgressData, TaskStateData } from '../model/event.js';
import type { Reason } from '../model/reason.js';
import type { AttemptRow, CacheEntryRow, EdgeRow, InputDigest, TaskRunRow } from '../model/records.js';
import { isFinalTaskState, type TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { codeMark } from './code-mark.js';
import type { EventHub } from './event-hub.js';
import { errorInfo } from './failures.js';
import { hiddenDigest } from './inputs.js';
import type { Journal } from './journal.js';
import { NodeKeys } from './node-keys.js';
import type { Observer, ReusedNode, SettledNode } from './observer.js';
import { realEdges } from './real-edges.js';
import type { Reuse } from './reuse.js';

export interface RecordingParts {
  readonly graph: TaskGraph;
  readonly run: string;
  readonly flow: string;
  readonly journal: Journal;
  readonly hub: EventHub;
  readonly reuse: Reuse;
  /** False: only what reuse needs is recorded (nothing is meant to outlive the process). */
  readonly recordAll: boolean;
  readonly now: () => number;
  /** Replaces secrets (S18). */
  readonly mask: (text: string) => string;
  /** Lets go of what an attempt printed without a line end. */
  readonly flushOutput: (output: object) => void;
  /** Shows a line where the program's own output goes. */
  readonly echo: ((level: LogLevel, text: string) => void) | undefined;
}

/** Turns what happens to nodes into rows and events. */
export class Recording implements Observer {
  readonly #parts: RecordingParts;
  /** By node, in order; only when all is recorded. */
  readonly #createdAt: number[] = [];
  readonly #queuedAt = new Map<number, number>();
  readonly #nodeKeys: NodeKeys;
  /** By task, what its code was when it was executed (S30). */
  #codes: Readonly<Record<string, string>> = {};
  /** What the code of tasks is made of, without the secrets. */
  readonly #codeParts = new Map<string, string>();
  #lastNode: number | undefined;
  #lastId = '';

  constructor(parts: RecordingParts) {
    this.#parts = parts;
    this.#nodeKeys = new NodeKeys(parts.graph);
  }

  get listens(): boolean {
    return this.#parts.recordAll || this.#parts.hub.active;
  }

  registered(node: number): void {
    const { graph, recordAll, hub, now } = this.#parts;
    if (recordAll) this.#createdAt.push(now());
    if (hub.active && this.#isShown(node)) this.#emit(node, { task: (graph.definitions[node] as TaskDefinition).name, state: 'pending', attempt: 0 });
  }

  moved(node: number, state: TaskState, attempt: number, reason?: Reason): void {
    if (!this.#isShown(node)) return;
    if (this.#parts.recordAll && state === 'queued') this.#queuedAt.set(node, this.#parts.now());
    // That it is tried again is told with what it failed of.
    if (!this.#parts.hub.active || state === 'retrying') return;
    const { name: task, sensor } = this.#definition(node);
    const why = this.#maskedReason(reason);
    const waits = state === 'running' && sensor !== undefined ? { waitsFor: this.#parts.mask(sensor.awaited) } : undefined;
    this.#emit(node, { task, state, attempt, ...(why === undefined ? {} : { reason: why }), ...waits });
  }

  settled(node: number, facts: SettledNode): void {
    const { hub, journal, recordAll } = this.#parts;
    const event = hub.active && (this.#isShown(node) || this.#isMapOfNone(node, facts)) ? this.#teller(node, facts) : undefined;
    const tell = event === undefined || facts.afterwards === undefined ? (event ?? facts.afterwards) : both(event, facts.afterwards);
    if (!recordAll && facts.key === undefined && facts.claimed === undefined) return tell?.();
    if (recordAll && facts.state === 'success' && facts.startedAt !== undefined) this.#noteCode(this.#definition(node));
    const inputs = facts.inputs();
    const entry = this.#entry(node, facts, inputs);
    if (entry) this.#parts.reuse.remember(entry);
    journal.node(
      {
        taskRun: this.#taskRun(node, facts, inputs),
        attempt: facts.startedAt === undefined ? undefined : this.#attempt(node, facts),
        artifacts: facts.kept?.artifacts.map((artifact) => ({ index: node, ...artifact })) ?? [],
        entry,
        released: facts.claimed,
        renewals: this.#renewals(node, facts),
      },
      tell,
    );
    this.#queuedAt.delete(node);
  }

  reused(node: number, facts: ReusedNode): void {
    const { hub, journal, recordAll } = this.#parts;
    const { claimed, finishedAt, key, origin } = facts;
    const tell =
      hub.active && this.#isShown(node) ? this.#teller(node, { ...UNSETTLED, state: 'cached', attempts: 0, finishedAt, key, origin }) : undefined;
    if (!recordAll && key === undefined && claimed === undefined) return tell?.();
    journal.node({ taskRun: this.#reusedRun(node, facts), released: claimed }, tell);
  }

  /** Written out: there are thousands of them, and they have little to say. */
  #reusedRun(node: number, { origin, key, finishedAt, inputs }: ReusedNode): TaskRunRow {
    const { graph, recordAll } = this.#parts;
    return {
      index: node,
      id: graph.id(node),
      task: this.#definition(node).name,
      label: undefined,
      parent: (graph.scopes[node] as GraphScope).parent,
      state: 'cached',
      nodeKey: recordAll ? this.keyOf(node, inputs) : undefined,
      cacheKey: key,
      attempts: 0,
      reason: undefined,
      createdAt: this.#createdAt[node] ?? finishedAt,
      startedAt: undefined,
      finishedAt,
      error: undefined,
      upstream: this.#edges(node),
      inputs: inputs && this.#maskedInputs(inputs),
      checks: undefined,
      origin: { run: origin.run, index: origin.index },
    };
  }

  /** What was reused is as old as it was. */
  #renewals(node: number, { state, kept, finishedAt }: SettledNode): readonly AssetRenewal[] | undefined {
    const { renews } = this.#definition(node);
    if (renews === undefined || state !== 'success') return undefined;
    const { flow, graph, run } = this.#parts;
    const digest = kept?.valueDigest;
    return renews.map((asset) => ({ asset, flow, run, task: graph.id(node), ...(digest === undefined ? {} : { digest }), at: finishedAt }));
  }

  /** An attempt that failed and will be followed by another is recorded at once (S13). */
  retrying(node: number, attempt: number, startedAt: number, endedAt: number, thrown: unknown, delayMs: number): void {
    const { hub, journal, recordAll } = this.#parts;
    const error = this.#masked(thrown);
    if (hub.active) {
      const { name: task, retries } = this.#definition(node);
      const retry = { delayMs, most: (retries?.max ?? attempt) + 1 };
      this.#emit(node, { task, state: 'retrying', attempt, ms: toMicroseconds(endedAt - startedAt), error, retry });
    }
    if (!recordAll) return;
    const facts: SettledNode = { ...UNSETTLED, state: 'retrying', attempts: attempt, startedAt, finishedAt: endedAt };
    journal.node({ taskRun: this.#taskRun(node, facts, undefined), attempt: { ...this.#attempt(node, facts), error } });
  }

  /** A long attempt has its row early, so that others can see it running (S19). */
  stillRunning({ node, attempt }: { readonly node: number; readonly attempt: number }, startedAt: number): void {
    const facts: SettledNode = { ...UNSETTLED, state: 'running', attempts: attempt, startedAt };
    this.#parts.journal.node({ taskRun: this.#taskRun(node, facts, undefined), attempt: this.#attempt(node, facts) });
  }

  /** So does a long map: without its row nobody could tell whose children they are that run, and what they come after. */
  stillOpen(map: number): void {
    this.#parts.journal.node({ taskRun: this.#taskRun(map, { ...UNSETTLED, state: 'running', attempts: 0 }, undefined) });
  }

  /** The process goes under an attempt: what it printed and that it ran are kept. */
  interrupted(attempt: { readonly node: number; readonly attempt: number }, startedAt: number): void {
    this.#parts.flushOutput(attempt);
    this.stillRunning(attempt, startedAt);
    const { node, attempt: number } = attempt;
    if (this.#parts.hub.active) this.#emit(node, { task: this.#definition(node).name, state: 'crashed', attempt: number });
  }

  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void {
    const { echo, hub, journal, mask, now, recordAll } = this.#parts;
    const at = now();
    const masked = mask(text);
    const line: LogLine = node === undefined ? { at, level, text: masked } : { at, level, text: masked, node: this.#idOf(node), attempt };
    if (recordAll) journal.log(line);
    echo?.(level, line.text);
    if (!hub.active) return;
    const told = { at: new Date(at), type: 'log', data: line } as const;
    hub.emit(line.node === undefined ? told : { ...told, node: line.node });
  }

  /** Mostly the line before was of the same task. */
  #idOf(node: number): string {
    if (node !== this.#lastNode) this.#lastId = this.#parts.graph.id(node);
    this.#lastNode = node;
    return this.#lastId;
  }

  progress(node: number, attempt: number, fraction: number, message: string | undefined): void {
    const { graph, hub, journal, mask, now, recordAll } = this.#parts;
    const at = now();
    if (recordAll) journal.progress({ index: node, attempt, fraction, message: message === undefined ? undefined : mask(message), at });
    if (!hub.active) return;
    const data: ProgressData = { attempt, fraction, ...(message === undefined ? {} : { message: mask(message) }) };
    hub.emit({ at: new Date(at), node: graph.id(node), type: 'progress', data });
  }

  attemptEnded(output: object): void {
    this.#parts.flushOutput(output);
  }

  #emit(node: number, data: TaskStateData): void {
    this.#parts.hub.emit({ at: new Date(this.#parts.now()), node: this.#parts.graph.id(node), type: 'task-state', data });
  }

  /** Final states are told after the commit, with the time they had (S19). */
  #teller(node: number, { state, attempts, startedAt, finishedAt, reason, error, origin, key }: Told): () => void {
    const id = this.#parts.graph.id(node);
    const data: TaskStateData = {
      task: this.#definition(node).name,
      state,
      attempt: attempts,
      ...(startedAt === undefined ? {} : { ms: toMicroseconds(finishedAt - startedAt) }),
      // What a key answers for was cached; the rest is another run's work.
      ...(origin && key === undefined ? { takenOver: origin.run } : {}),
      ...(reason ? { reason: this.#maskedReason(reason) as Reason } : {}),
      ...(error ? { error: this.#masked(error) } : {}),
    };
    return () => this.#parts.hub.emit({ at: new Date(finishedAt), node: id, type: 'task-state', data });
  }

  #taskRun(node: number, facts: SettledNode, inputs: TaskRunRow['inputs']): TaskRunRow {
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
      reason: this.#maskedReason(facts.reason),
      createdAt: this.#createdAt[node] ?? facts.finishedAt,
      startedAt: facts.firstStartedAt ?? facts.startedAt,
      finishedAt: isFinal ? facts.finishedAt : undefined,
      error: facts.error && this.#masked(facts.error),
      upstream: this.#edges(node),
      inputs: inputs && this.#maskedInputs(inputs),
      checks: facts.checks,
      origin: undefined,
    };
  }

  /** Recorded with the first result of a task, and where tasks share a name, of each. */
  #noteCode(definition: TaskDefinition): void {
    const mark = codeMark(definition);
    const known = Object.hasOwn(this.#codes, definition.name) ? (this.#codes[definition.name] as string) : '';
    if (known.includes(mark)) return;
    this.#codes = { ...this.#codes, [definition.name]: `${known} ${mark}`.trim() };
    this.#parts.journal.change({ codes: this.#codes });
  }

  /** A call's name from run to run (S9). It must still have its arguments. */
  keyOf(node: number, inputs: TaskRunRow['inputs']): string {
    return this.#nodeKeys.of(node, inputs);
  }

  #attempt(node: number, { state, attempts, startedAt = 0, finishedAt, error }: SettledNode): AttemptRow {
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
      error: error && this.#masked(error),
    };
  }

  #entry(node: number, { key, kept, finishedAt, reads = [] }: SettledNode, inputs: TaskRunRow['inputs']): CacheEntryRow | undefined {
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

  /** Captured variables show their values. Entries of one task have their parts in common. */
  #maskedParts(codeParts: string): string {
    let masked = this.#codeParts.get(codeParts);
    if (masked === undefined) {
      masked = JSON.stringify(maskData(JSON.parse(codeParts), this.#parts.mask));
      this.#codeParts.set(codeParts, masked);
    }
    return masked;
  }

  #edges(node: number): EdgeRow[] {
    const edges = realEdges(this.#parts.graph, node);
    return edges.length === 0 ? [] : edges.map(({ from, kind, label }) => ({ from, kind, ...(label === undefined ? {} : { label }) }));
  }

  /** The detail of a changed input shows its value. */
  #maskedReason(reason: Reason | undefined): Reason | undefined {
    return reason?.detail === undefined ? reason : { ...reason, detail: this.#parts.mask(reason.detail) };
  }

  #masked(error: unknown): ReturnType<typeof errorInfo> {
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

  /** Derived steps are nobody's business, and a map is told of by its children. */
  #isShown(node: number): boolean {
    const { kind } = this.#definition(node);
    return kind !== 'derived' && kind !== 'map';
  }

  /** A map that ended before it had children: nobody else would tell of it. */
  #isMapOfNone(node: number, { isSplit }: SettledNode): boolean {
    return this.#definition(node).kind === 'map' && !isSplit;
  }

  #definition(node: number): TaskDefinition {
    return this.#parts.graph.definitions[node] as TaskDefinition;
  }
}

/** What is known of a node that has not settled. */
const UNSETTLED = {
  isSplit: false,
  startedAt: undefined,
  finishedAt: 0,
  firstStartedAt: undefined,
  checks: undefined,
  label: undefined,
  key: undefined,
  claimed: undefined,
  reason: undefined,
  error: undefined,
  kept: undefined,
  reads: undefined,
  afterwards: undefined,
  inputs: () => undefined,
} satisfies Partial<SettledNode>;

/** What an event of a final state is made of. */
type Told = SettledNode & Partial<Pick<ReusedNode, 'origin'>>;

function both(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}

/** What the clock gives beyond that is noise. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
