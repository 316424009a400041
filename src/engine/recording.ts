import type { LogLevel, LogLine, ProgressData, TaskStateData } from '../model/event.js';
import type { Reason } from '../model/reason.js';
import type { TaskRunRow } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { codeMark } from './code-mark.js';
import type { EventHub } from './event-hub.js';
import type { Journal } from './journal.js';
import type { Observer, ReusedNode, SettledNode } from './observer.js';
import { TaskRunRows, type TaskRunRowsParts, toMicroseconds } from './task-run-rows.js';

export interface RecordingParts extends TaskRunRowsParts {
  readonly journal: Journal;
  readonly hub: EventHub;
  /** Lets go of what an attempt printed without a line end. */
  readonly flushOutput: (output: object) => void;
  /** Shows a line where the program's own output goes. */
  readonly echo: ((level: LogLevel, text: string, at: number) => void) | undefined;
}

/** Turns what happens to nodes into rows and events. */
export class Recording implements Observer {
  readonly #parts: RecordingParts;
  readonly #rows: TaskRunRows;
  /** By task, what its code was when it was executed (S30). */
  #codes: Readonly<Record<string, string>> = {};
  #lastNode: number | undefined;
  #lastId = '';

  constructor(parts: RecordingParts) {
    this.#parts = parts;
    this.#rows = new TaskRunRows(parts);
  }

  get listens(): boolean {
    return this.#parts.recordAll || this.#parts.hub.active;
  }

  registered(node: number): void {
    const { recordAll, hub } = this.#parts;
    if (recordAll) this.#rows.created();
    if (hub.active && this.#isShown(node)) this.#emit(node, { task: this.#definition(node).name, state: 'pending', attempt: 0 });
  }

  moved(node: number, state: TaskState, attempt: number, reason?: Reason): void {
    if (!this.#isShown(node)) return;
    if (this.#parts.recordAll && state === 'queued') this.#rows.queued(node);
    // That it is tried again is told with what it failed of.
    if (!this.#parts.hub.active || state === 'retrying') return;
    const { name: task, sensor } = this.#definition(node);
    const why = this.#rows.maskedReason(reason);
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
    const entry = this.#rows.entry(node, facts, inputs);
    if (entry) this.#parts.reuse.remember(entry);
    journal.node(
      {
        taskRun: this.#rows.taskRun(node, facts, inputs),
        attempt: facts.startedAt === undefined ? undefined : this.#rows.attempt(node, facts),
        artifacts: facts.kept?.artifacts.map((artifact) => ({ index: node, ...artifact })) ?? [],
        entry,
        released: facts.claimed,
        renewals: this.#rows.renewals(node, facts),
      },
      tell,
    );
    this.#rows.drop(node);
  }

  reused(node: number, facts: ReusedNode): void {
    const { hub, journal, recordAll } = this.#parts;
    const { claimed, finishedAt, key, origin } = facts;
    const tell =
      hub.active && this.#isShown(node) ? this.#teller(node, { ...UNSETTLED, state: 'cached', attempts: 0, finishedAt, key, origin }) : undefined;
    if (!recordAll && key === undefined && claimed === undefined) return tell?.();
    this.#rows.addReused(node, facts, journal.columnsOf(this.#definition(node).name));
    journal.reused(claimed, tell);
  }

  /** An attempt that failed and will be followed by another is recorded at once (S13). */
  retrying(node: number, attempt: number, startedAt: number, endedAt: number, thrown: unknown, delayMs: number): void {
    const { hub, journal, recordAll } = this.#parts;
    const error = this.#rows.masked(thrown);
    if (hub.active) {
      const { name: task, retries } = this.#definition(node);
      const retry = { delayMs, most: (retries?.max ?? attempt) + 1 };
      this.#emit(node, { task, state: 'retrying', attempt, ms: toMicroseconds(endedAt - startedAt), error, retry });
    }
    if (!recordAll) return;
    const facts: SettledNode = { ...UNSETTLED, state: 'retrying', attempts: attempt, startedAt, finishedAt: endedAt };
    journal.node({ taskRun: this.#rows.taskRun(node, facts, undefined), attempt: { ...this.#rows.attempt(node, facts), error } });
  }

  /** A long attempt has its row early, so that others can see it running (S19). */
  stillRunning({ node, attempt }: { readonly node: number; readonly attempt: number }, startedAt: number): void {
    const facts: SettledNode = { ...UNSETTLED, state: 'running', attempts: attempt, startedAt };
    this.#parts.journal.node({ taskRun: this.#rows.taskRun(node, facts, undefined), attempt: this.#rows.attempt(node, facts) });
  }

  /** So does a long map: without its row nobody could tell whose children they are that run, and what they come after. */
  stillOpen(map: number): void {
    this.#parts.journal.node({ taskRun: this.#rows.taskRun(map, { ...UNSETTLED, state: 'running', attempts: 0 }, undefined) });
  }

  /** The process goes under an attempt: what it printed and that it ran are kept. */
  interrupted(attempt: { readonly node: number; readonly attempt: number }, startedAt: number): void {
    this.#parts.flushOutput(attempt);
    this.stillRunning(attempt, startedAt);
    const { node, attempt: number } = attempt;
    if (this.#parts.hub.active) this.#emit(node, { task: this.#definition(node).name, state: 'crashed', attempt: number });
  }

  /** A call's name from run to run (S9). It must still have its arguments. */
  keyOf(node: number, inputs: TaskRunRow['inputs']): string {
    return this.#rows.keyOf(node, inputs);
  }

  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void {
    const { echo, hub, journal, now, recordAll } = this.#parts;
    const at = now();
    const masked = this.#parts.mask(text);
    const id = node === undefined ? undefined : this.#idOf(node);
    // Written out, here and below: there may be a million lines, and to spread an object costs a microsecond.
    const line: LogLine = id === undefined ? { at, level, text: masked } : { at, level, text: masked, node: id, attempt };
    if (recordAll) journal.log(line);
    echo?.(level, masked, at);
    if (!hub.active) return;
    hub.emit(id === undefined ? { at: new Date(at), type: 'log', data: line } : { at: new Date(at), node: id, type: 'log', data: line });
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
      ...(reason ? { reason: this.#rows.maskedReason(reason) as Reason } : {}),
      ...(error ? { error: this.#rows.masked(error) } : {}),
    };
    return () => this.#parts.hub.emit({ at: new Date(finishedAt), node: id, type: 'task-state', data });
  }

  /** Recorded with the first result of a task, and where tasks share a name, of each. */
  #noteCode(definition: TaskDefinition): void {
    const mark = codeMark(definition);
    const known = Object.hasOwn(this.#codes, definition.name) ? (this.#codes[definition.name] as string) : '';
    if (known.includes(mark)) return;
    this.#codes = { ...this.#codes, [definition.name]: `${known} ${mark}`.trim() };
    this.#parts.journal.change({ codes: this.#codes });
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
