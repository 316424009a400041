import { makeTempDir, type TempDir } from '../base/temp-dir.js';
import { type Output, scopes, type TaskScope } from '../flow/scope.js';
import { createTaskLogger } from '../log/run-log.js';
import type { RunTrigger } from '../model/asset.js';
import type { LogLevel } from '../model/event.js';
import type { ReadSink } from '../model/file-read.js';
import type { Logger } from '../model/logger.js';
import { dataIntervalOf, type ScheduledTime } from '../model/schedule.js';
import type { TaskContext } from '../model/task-context.js';
import type { SideOutput } from './side-output.js';

/** What an attempt needs from the run it belongs to. */
export interface AttemptHost {
  readonly runId: string;
  readonly flowName: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly scheduled: ScheduledTime;
  readonly triggers: readonly RunTrigger[];
  idOf(node: number): string;
  mapIndexOf(node: number): number | undefined;
  progress(node: number, attempt: number, fraction: number, message: string | undefined): void;
  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void;
  sideOutput(node: number, attempt: number): SideOutput;
}

/**
 * One try of one task: scope, context and output in one object, since there is one of them for each of a hundred thousand tasks. What
 * few tasks ask for (signal, logger) is made when asked for.
 */
export class Attempt implements TaskScope, TaskContext, Output {
  readonly kind = 'task';
  declare readonly node: number;
  declare readonly attempt: number;
  declare readonly reads: ReadSink | undefined;
  readonly #host: AttemptHost;
  #controller: AbortController | undefined;
  #log: Logger | undefined;
  #tempDirs: TempDir[] | undefined;
  #sideOutput: SideOutput | undefined;
  #isOver = false;

  constructor(host: AttemptHost, node: number, attempt: number, reads?: ReadSink) {
    this.#host = host;
    this.node = node;
    this.attempt = attempt;
    this.reads = reads;
  }

  get context(): TaskContext {
    return this;
  }

  get output(): Output {
    return this;
  }

  get runId(): string {
    return this.#host.runId;
  }

  get flowName(): string {
    return this.#host.flowName;
  }

  get taskRunId(): string {
    return this.#host.idOf(this.node);
  }

  get params(): Readonly<Record<string, unknown>> {
    return this.#host.params;
  }

  get scheduledTime(): Date {
    return new Date(this.#host.scheduled.at);
  }

  get dataInterval(): { readonly start: Date; readonly end: Date } {
    return dataIntervalOf(this.#host.scheduled);
  }

  get triggers(): readonly RunTrigger[] {
    return this.#host.triggers;
  }

  get idempotencyKey(): string {
    return `${this.#host.runId}/${this.taskRunId}`;
  }

  get mapIndex(): number | undefined {
    return this.#host.mapIndexOf(this.node);
  }

  // The functions of the context are got already bound, so that `const { metric } = ctx()` has one that works.

  get progress(): TaskContext['progress'] {
    return (fraction, message) => {
      // 0 of 0: nothing to tell.
      if (Number.isNaN(Number(fraction))) return;
      this.#host.progress(this.node, this.attempt, Math.min(1, Math.max(0, fraction)), message);
    };
  }

  get artifact(): TaskContext['artifact'] {
    return (name, value, options) => this.#side().artifact(name, value, options);
  }

  get metric(): TaskContext['metric'] {
    return (name, value, step) => this.#side().metric(name, value, step);
  }

  #side(): SideOutput {
    if (this.#sideOutput !== undefined) return this.#sideOutput;
    this.#sideOutput = this.#host.sideOutput(this.node, this.attempt);
    if (this.#isOver) this.#sideOutput.end(true);
    return this.#sideOutput;
  }

  /** Artifacts that are on their way to the store, awaited by the task or not; undefined when there are none. */
  get pendingArtifacts(): Promise<unknown> | undefined {
    return this.#sideOutput?.pending;
  }

  /** What was given so far and is not stored yet is not to be recorded. */
  dropArtifacts(): void {
    this.#sideOutput?.end(true);
  }

  get tempDir(): TaskContext['tempDir'] {
    return async () => {
      const made = await makeTempDir();
      this.#tempDirs ??= [];
      this.#tempDirs.push(made);
      return made;
    };
  }

  /** What it made for itself is cleared away. Nobody waits for that, and a file that somebody still holds is no failure. */
  end(): void {
    this.#isOver = true;
    this.#sideOutput?.end(false);
    if (this.#tempDirs === undefined) return;
    for (const made of this.#tempDirs) Promise.resolve(made[Symbol.asyncDispose]()).catch(() => {});
    this.#tempDirs = undefined;
  }

  get tracing(): boolean {
    return false;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  get log(): Logger {
    this.#log ??= createTaskLogger((level, text) => this.line(level, text));
    return this.#log;
  }

  /** Runs what belongs to the task beside its function: checks, hooks. What these read is not what its result was made of. */
  beside<T>(call: () => T): T {
    return scopes.run({ kind: 'task', context: this, output: this, reads: undefined }, call);
  }

  line(level: LogLevel, text: string): void {
    this.#host.line(this.node, this.attempt, level, text);
  }

  /** In the task's own context: listeners may call `ctx()`, and what they print is the task's. */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    const controller = this.#controller;
    scopes.run(this, () => controller.abort(reason));
  }
}
