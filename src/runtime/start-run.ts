import { systemClock } from '../base/clock.js';
import { asError, describe, MillraceError } from '../base/error.js';
import { processIdentity } from '../base/process-identity.js';
import type { TaskCode } from '../code/task-code.js';
import { isSkip, runBody } from '../engine/body.js';
import { Engine } from '../engine/engine.js';
import { errorInfo } from '../engine/failures.js';
import { type Force, NO_FORCE } from '../engine/force.js';
import { runHook } from '../engine/hooks.js';
import { Journal } from '../engine/journal.js';
import { Recording } from '../engine/recording.js';
import { Reuse } from '../engine/reuse.js';
import { type SideOutput, SideOutputs } from '../engine/side-output.js';
import { TaskSelection } from '../engine/task-selection.js';
import { DEFAULT_CONCURRENCY, type FlowDefinition, type FlowHooks, type RunOptions } from '../flow/flow-runtime.js';
import type { IncludedFile } from '../flow/included-content.js';
import { checkOptions, RUN_OPTIONS } from '../flow/option-kinds.js';
import { type ParameterSources, type ResolvedParameters, resolveParameters } from '../flow/parameters.js';
import { BodyScope, scopes } from '../flow/scope.js';
import type { TaskRef } from '../flow/task-type.js';
import { TaskGraph } from '../graph/task-graph.js';
import { captureOutput, type OutputCapture, type OutputTarget, uncaptured } from '../log/capture.js';
import { asLatin1, createMask, type Mask } from '../log/mask.js';
import { maskData } from '../log/mask-data.js';
import { maskError } from '../log/mask-error.js';
import { printLine } from '../log/print-line.js';
import { createTaskLogger } from '../log/run-log.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ErrorInfo } from '../model/event.js';
import { BODY_PLACE, type RunRow } from '../model/records.js';
import { newRunId } from '../model/run-id.js';
import { secretTexts } from '../model/secret.js';
import type { TaskContext } from '../model/task-context.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import type { FlowRunError } from '../model/task-error.js';
import { FileReference } from '../reads/file-reference.js';
import { encodeText } from '../results/json.js';
import type { ResultKeeper } from '../results/result-keeper.js';
import { ownerFenced } from '../runs/look.js';
import { bodyContext } from './body-context.js';
import { codeOfFlow } from './code-of-flow.js';
import { exitReason } from './exit-reason.js';
import { guard, type Uncaught } from './process-guard.js';
import { keeperFor, openProject, type Project, rootsOf } from './project.js';
import { endState, type Outcome, RunCancelled, RunTimedOut, runFailure } from './run-failure.js';
import { RunInProgress } from './run-handle.js';
import { sourcesOf } from './run-sources.js';
import { type RunWatch, type WatchedRun, watching, watchOf } from './run-watch.js';
import { systemTags } from './system-tags.js';

/** How long running tasks have to listen to their signal after a cancellation (S15). */
const GRACE_MS = 5_000;
/** Attempts that last longer have their row early (S19). */
const EARLY_ROW_MS = 100;
/** Nobody has taken a new run from its owner yet. */
const FIRST_EPOCH = 1;

/** What the command line adds: it shows a run by its events, so nothing is echoed. */
export interface StartOptions extends RunOptions {
  /** Prints what tasks print on the real output too, as a script's author expects. @default true */
  echo?: boolean;
  /** Is told of the run, and of those it starts, which then echo nothing either. @default as the run that starts this one */
  watch?: RunWatch;
  /** How long running tasks have after a cancellation, in milliseconds. @default 5000 */
  graceMs?: number;
}

/** Starts a run; what can go wrong before anything runs comes out of `result()`. */
export function startRun(flow: FlowDefinition, sources: ParameterSources, options: StartOptions): RunInProgress {
  const handle = new RunInProgress(newRunId(systemClock.now()));
  const parentRun = scopes.getStore()?.context.runId;
  const { options: own, unwatch } = watchedAs(handle, flow, options, parentRun);
  // Not in the context of whoever starts it: a run of its own has a body of its own.
  return handle.follow(scopes.exit(() => execute(handle, flow, sources, own, parentRun).finally(unwatch)));
}

/** A run that is started by one that is watched is watched with it, and prints nothing by itself. */
function watchedAs(
  handle: RunInProgress,
  flow: FlowDefinition,
  options: StartOptions,
  parent: string | undefined,
): { readonly options: StartOptions; readonly unwatch: () => void } {
  const inherited = watchOf(parent);
  const watch = options.watch ?? inherited;
  if (watch === undefined) return { options, unwatch: () => {} };
  const of: WatchedRun = { run: handle.id, flow: flow.name, name: options.name, parent };
  watch.started(of);
  handle.hub.listen((event) => watch.event(event, of));
  handle.onGone(() => watch.gone(of));
  const signal = options.signal ?? inherited?.signal;
  return { options: { echo: false, ...options, ...(signal ? { signal } : {}) }, unwatch: watching(handle.id, watch) };
}

async function execute(
  handle: RunInProgress,
  flow: FlowDefinition,
  sources: ParameterSources,
  options: StartOptions,
  parentRun: string | undefined,
): Promise<unknown> {
  try {
    checkOptions(RUN_OPTIONS, options, 'RUN_OPTION_INVALID');
    const params = await resolveParameters(flow.params ?? {}, sourcesOf(flow, sources));
    const project = await openProject();
    try {
      return await new FlowRun(handle, flow, params, options, project).run(parentRun);
    } finally {
      await project[Symbol.asyncDispose]();
    }
  } catch (error) {
    if (handle.state === 'pending') handle.move('failed', systemClock.now(), error);
    throw error;
  }
}

/** One run, from its row to its end: joins the parts, runs the body, and says what became of it. */
class FlowRun {
  readonly #handle: RunInProgress;
  readonly #flow: FlowDefinition;
  readonly #params: ResolvedParameters;
  readonly #options: StartOptions;
  readonly #project: Project;
  /** Secret parameters, and those of the environment that were declared by now (S18). */
  readonly #secrets: readonly string[];
  readonly #mask: Mask;
  readonly #capture: OutputCapture | undefined;
  readonly #keeper: ResultKeeper;
  readonly #code: TaskCode;
  readonly #journal: Journal;
  readonly #recording: Recording;
  readonly #sideOutputs: SideOutputs;
  readonly #engine: Engine;
  readonly #abort = new AbortController();
  /** Why the run ends early: it was cancelled, or could not go on. */
  #stopped: Error | undefined;
  /** How it ends is being recorded: only the record itself can change that now. */
  #isDecided = false;

  constructor(handle: RunInProgress, flow: FlowDefinition, params: ResolvedParameters, options: StartOptions, project: Project) {
    this.#handle = handle;
    this.#flow = flow;
    this.#params = params;
    this.#options = options;
    this.#project = project;
    this.#secrets = [...params.secrets, ...secretTexts()];
    this.#mask = createMask(this.#secrets);
    this.#capture = options.logStdout === false ? undefined : captureOutput(currentOutput);
    const { record, lasting, places } = project;
    this.#keeper = keeperFor(project, flow.store);
    const run = { id: handle.id, flowName: flow.name, params: params.values };
    const graph = new TaskGraph();
    this.#code = codeOfFlow(flow, project);
    const reuse = new Reuse({ record, keeper: this.#keeper, clock: systemClock, code: this.#code, places, run });
    this.#journal = new Journal({ record, run: run.id, epoch: FIRST_EPOCH, clock: systemClock, onError: (error) => this.#stop(error as Error) });
    this.#recording = new Recording({
      graph,
      run: run.id,
      journal: this.#journal,
      hub: handle.hub,
      reuse,
      recordAll: lasting,
      now: systemClock.now,
      mask: this.#mask,
      flushOutput: (output) => this.#capture?.flush(output as OutputTarget),
      echo: options.echo === false ? undefined : printLine,
    });
    this.#sideOutputs = new SideOutputs({
      keeper: this.#keeper,
      journal: this.#journal,
      hub: handle.hub,
      now: systemClock.now,
      masks: this.#secrets.length === 0 ? undefined : { text: this.#mask, bytes: createMask(this.#secrets, asLatin1) },
      warn: ({ index, attempt }, text) => this.#recording.line(index < 0 ? undefined : index, attempt, 'warn', text),
    });
    this.#engine = new Engine({
      run,
      graph,
      concurrency: options.maxWorkers ?? flow.concurrency ?? DEFAULT_CONCURRENCY,
      maxSplits: options.maxSplits,
      clock: systemClock,
      keeper: this.#keeper,
      keepAll: lasting,
      reuse,
      claims: { record, run: run.id, epoch: FIRST_EPOCH },
      places,
      targets: { time: new Date(systemClock.now()), roots: rootsOf(project, flow.store) },
      defaultCache: flow.cache,
      defaults: flow.defaults,
      random: Math.random,
      force: forceOf(options),
      strict: flow.strict,
      onFailure: flow.onFailure,
      observer: this.#recording,
      maskError: (thrown) => this.#maskError(thrown),
      bodyContext: (values, sideOutput) => this.#context(values, sideOutput),
      sideOutputs: this.#sideOutputs,
    });
  }

  async run(parentRun: string | undefined): Promise<unknown> {
    try {
      const startedAt = systemClock.now();
      await this.#project.record.open(this.#row(startedAt, parentRun), this.#project.heartbeat.leaseMs);
      this.#handle.move('running', startedAt);
      this.#hook('onStart', (hooks) => hooks.onStart?.(this.#handle));
      return await this.#watched();
    } finally {
      await this.#code.save();
      this.#capture?.release();
    }
  }

  async #watched(): Promise<unknown> {
    const unwatch = this.#watch();
    const { timeoutMs } = this.#flow;
    const outOfTime = (): void => this.#stop(new RunTimedOut(`it was to end within ${timeoutMs} ms`));
    const stopTimer = timeoutMs === undefined ? undefined : systemClock.schedule(timeoutMs, outOfTime);
    const stopSweep = this.#project.lasting ? this.#sweepLongAttempts() : undefined;
    const stopHeartbeat = this.#project.heartbeat.watch({ run: this.#handle.id, epoch: FIRST_EPOCH }, () =>
      this.#stop(ownerFenced(this.#handle.id, 'nothing that it does from now on counts')),
    );
    try {
      // Cancelled before it began, it does not begin (S15).
      const body = this.#stopped ? { error: this.#stopped } : await settle(this.#body());
      return await this.#end(body);
    } finally {
      stopTimer?.();
      stopSweep?.();
      stopHeartbeat();
      unwatch();
    }
  }

  #tellHooks(failure: FlowRunError | undefined): void {
    if (failure === undefined) this.#hook('onSuccess', (hooks) => hooks.onSuccess?.(this.#handle));
    else if (endState(failure) === 'cancelled') this.#hook('onCancel', (hooks) => hooks.onCancel?.(this.#handle));
    else this.#hook('onFailure', (hooks) => hooks.onFailure?.(this.#handle, failure));
  }

  #hook(name: string, call: (hooks: FlowHooks) => unknown): void {
    const { hooks } = this.#flow;
    runHook({ line: (level, text) => this.#recording.line(undefined, 0, level, text) }, `${name} of the flow`, () => call(hooks));
  }

  #row(startedAt: number, parentRun: string | undefined): RunRow {
    return {
      id: this.#handle.id,
      flow: this.#flow.name,
      name: this.#options.name,
      state: 'running',
      params: this.#recordedParams(),
      tags: [...new Set([...this.#flow.tags, ...(this.#options.tags ?? [])])],
      systemTags: systemTags(),
      createdAt: startedAt,
      startedAt,
      finishedAt: undefined,
      error: undefined,
      parentRun,
      originRun: undefined,
      owner: processIdentity(),
      epoch: FIRST_EPOCH,
      counts: {},
      result: undefined,
    };
  }

  #recordedParams(): Record<string, string> {
    const recorded: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#params.values))
      recorded[name] = this.#mask(paramText(fileOf(this.#params.files[name]) ?? value));
    return recorded;
  }

  /** Runs the body and waits for every node; or for a cancelled run's grace to be over. */
  async #body(): Promise<unknown> {
    const scope = new BodyScope(this.#engine, this.#context(this.#params.values, this.#ownSideOutput()), this.#bodyOutput());
    const stoppedForGood = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
    });
    const work = (async () => {
      const result = this.#unlessSkipped(
        await settle(this.#withFilesKept(() => runBody(scope, this.#engine, () => this.#flow.body(this.#params.values)))),
      );
      if ('error' in result) this.#engine.bodyThrew(undefined, result.error);
      // The flow is written wrongly: nothing of it is to run (S26).
      if ('error' in result && isTargetInvalid(result.error)) this.#engine.stop(asError(result.error));
      if (this.#flow.orphans === 'cancel') this.#engine.stop(new Error('the body has returned'));
      await this.#engine.drained();
      return result;
    })();
    try {
      const result = await Promise.race([work, stoppedForGood]);
      if ('error' in result) throw result.error;
      return result.value;
    } finally {
      work.catch(() => {});
      scope.closed = true;
      this.#engine.closed = true;
    }
  }

  /** The files that are parameters are part of the run (S18): it does not begin before they are. */
  async #withFilesKept<T>(begin: () => Promise<T>): Promise<T> {
    for (const [name, file] of Object.entries(this.#params.files)) await this.#sideOutputs.keepParameter(name, file);
    return await begin();
  }

  /** A flow without anything to do has not failed (S11, S12). */
  #unlessSkipped(body: Outcome): Outcome {
    if (!('error' in body) || !isSkip(body.error)) return body;
    this.#recording.line(undefined, 0, 'info', `the flow gives no result: ${this.#mask(asError(body.error).message)}`);
    return { value: undefined };
  }

  #giveUp: (reason: Error) => void = () => {};

  async #end(body: Outcome): Promise<unknown> {
    await this.#sideOutputs.settled();
    await this.#journal.flush();
    const failure = this.#failure(body);
    this.#isDecided = true;
    const state = endState(failure);
    const finishedAt = systemClock.now();
    const result = failure === undefined && 'value' in body ? await this.#keepResult(body.value) : undefined;
    this.#journal.change({
      state,
      finishedAt,
      counts: this.#engine.counts(),
      ...(failure ? { error: maskedInfo(failure, this.#mask) } : {}),
      ...(result ? { result } : {}),
    });
    await this.#journal.flush();
    // The record may have refused just this: then the run is no success, whatever its tasks were.
    const late = failure ?? (this.#stopped && this.#failure(body));
    // A full disk may have room for one more sentence; without it the run would look as if its process had vanished.
    if (this.#journal.failed && late) this.#project.record.crashNow(this.#handle.id, FIRST_EPOCH, this.#mask(late.message));
    this.#handle.move(late ? endState(late) : state, finishedAt, late);
    this.#tellHooks(late);
    // A hook may have had something to say, if only that it failed.
    await this.#journal.flush();
    this.#sideOutputs.closed = true;
    if (late) throw late;
    return 'value' in body ? body.value : undefined;
  }

  /** Only where there are secrets: otherwise what was thrown is not touched. */
  #maskError(thrown: unknown): void {
    if (this.#secrets.length > 0) maskError(thrown, this.#mask);
  }

  #failure(body: Outcome): FlowRunError | undefined {
    if ('error' in body) this.#maskError(body.error);
    const { failures } = this.#engine;
    const run = { run: this.#handle.id, flow: this.#flow.name };
    return runFailure({ ...run, body, stopped: this.#stopped, failures: failures.all(), unhandled: failures.unhandled() });
  }

  /** A result that cannot be stored is no failure of the run: its tasks' results are kept, and the caller has it. */
  async #keepResult(value: unknown): Promise<ArtifactRef | undefined> {
    if (!this.#project.lasting) return undefined;
    try {
      const kept = await this.#keeper.keep(value, { ...TASK_DEFAULTS, kind: 'task', name: this.#flow.name, fn: this.#flow.body });
      // Its place is the one after the last node.
      this.#journal.artifacts(kept.artifacts.map((artifact) => ({ index: this.#engine.graph.size, ...artifact })));
      return kept.artifacts[0]?.ref;
    } catch (error) {
      this.#recording.line(undefined, 0, 'warn', `the flow's result is not kept: ${asError(error).message}`);
      return undefined;
    }
  }

  #context(params: Readonly<Record<string, unknown>>, sideOutput: SideOutput): TaskContext {
    const log = createTaskLogger((level, text) => this.#recording.line(undefined, 0, level, text));
    return bodyContext({ runId: this.#handle.id, flowName: this.#flow.name, params, signal: this.#abort.signal, log, tracing: false }, sideOutput);
  }

  /** Of the run's own body. */
  #ownSideOutput(): SideOutput {
    return this.#sideOutputs.of({ index: BODY_PLACE, attempt: 0, node: undefined });
  }

  #bodyOutput(): OutputTarget {
    return { line: (level, text) => this.#recording.line(undefined, 0, level, text) };
  }

  /** Cancellation, Ctrl-C, `process.exit` and an empty event loop all come in here. */
  #watch(): () => void {
    const { signal } = this.#options;
    const onAbort = (): void => this.#handle.requestCancel(reasonOf(signal?.reason));
    this.#handle.onCancel((reason) => this.#stop(new RunCancelled(reason.message)));
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    const release = guard({
      id: this.#handle.id,
      ended: this.#handle.result(),
      interrupt: () => this.#handle.requestCancel(new Error('interrupted by SIGINT')),
      starve: () => this.#starve(),
      crash: (code, uncaught) => this.#crash(code, uncaught),
    });
    return () => {
      signal?.removeEventListener('abort', onAbort);
      release();
    };
  }

  #stop(reason: Error): void {
    if (this.#stopped || (this.#isDecided && !this.#journal.failed)) return;
    this.#stopped = reason;
    this.#abort.abort(reason);
    this.#engine.stop(reason);
    systemClock.schedule(this.#options.graceMs ?? GRACE_MS, () => this.#abandon('cancelled', reason), { idle: true });
  }

  #abandon(state: 'cancelled' | 'failed', reason: Error): void {
    this.#engine.abandon(state, reason);
    // One more turn, so that a body that only waited for its tasks can still end by itself.
    setImmediate(() => setImmediate(() => this.#giveUp(reason)));
  }

  #starve(): void {
    const running = this.#runningIds();
    const who = running.length > 0 ? `task ${running.map((id) => `'${id}'`).join(', ')}` : `the body of flow '${this.#flow.name}'`;
    this.#abandon(
      this.#stopped ? 'cancelled' : 'failed',
      new MillraceError('NEVER_SETTLES', `${who} waits for a promise that nothing can settle any more: the event loop is empty`, {
        hint: 'A callback was never called, or a stream or connection was closed without a result.',
      }),
    );
  }

  /** The process goes: what is known is written down, synchronously. Whoever cancelled and did not wait has cancelled all the same (S15). */
  #crash(exitCode: number, uncaught: Uncaught | undefined): void {
    const running = this.#runningIds();
    const { message, hint } = exitReason({ exitCode, uncaught, caller: this.#caller(), running });
    const isCancelled = this.#stopped instanceof RunCancelled && uncaught === undefined;
    if (isCancelled) this.#recordCancelled(this.#stopped as RunCancelled);
    else for (const { attempt, startedAt } of this.#engine.running()) this.#recording.interrupted(attempt, startedAt);
    this.#project.record.crashNow(this.#handle.id, FIRST_EPOCH, this.#mask(message), this.#journal.unwritten());
    const error = isCancelled
      ? this.#failure({ error: this.#stopped })
      : new MillraceError('RUN_CRASHED', message, hint === undefined ? {} : { hint });
    this.#maskError(error);
    this.#handle.gone(isCancelled ? 'cancelled' : 'crashed', error);
    const ended = running.length > 0 ? `without waiting for ${running.map((id) => `'${id}'`).join(', ')}` : 'at once';
    const sentence = isCancelled ? `was cancelled, and ended ${ended}` : `crashed: ${message}`;
    const text = `millrace: run ${this.#handle.id} of flow '${this.#flow.name}' ${sentence}${hint && !isCancelled ? `\nhint: ${hint}` : ''}`;
    uncaptured(() => process.stderr.write(`${this.#mask(text)}\n`));
  }

  #recordCancelled(reason: RunCancelled): void {
    this.#engine.abandon('cancelled', reason);
    const error = maskedInfo(this.#failure({ error: reason }), this.#mask);
    this.#journal.change({ state: 'cancelled', finishedAt: systemClock.now(), counts: this.#engine.counts(), error });
  }

  #runningIds(): readonly string[] {
    return [...this.#engine.running()].map(({ attempt }) => this.#engine.idOf(attempt.node));
  }

  /** Whose code is on the stack, when it is this run's. */
  #caller(): string | undefined {
    const scope = scopes.getStore();
    if (scope?.context.runId !== this.#handle.id) return undefined;
    return scope.kind === 'task' ? `task '${scope.context.taskRunId}'` : `the body of flow '${this.#flow.name}'`;
  }

  #sweepLongAttempts(): () => void {
    const told = new Set<number>();
    const sweep = (): void => {
      const now = systemClock.now();
      for (const { attempt, startedAt } of this.#engine.running()) {
        if (now - startedAt < EARLY_ROW_MS || told.has(attempt.node)) continue;
        told.add(attempt.node);
        this.#recording.stillRunning(attempt, startedAt);
      }
      stop = systemClock.schedule(EARLY_ROW_MS, sweep, { idle: true });
    };
    let stop = systemClock.schedule(EARLY_ROW_MS, sweep, { idle: true });
    return () => stop();
  }
}

/** People abort with a sentence, too. */
function reasonOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(typeof reason === 'string' ? reason : describe(reason));
}

function settle(promise: Promise<unknown>): Promise<Outcome> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** What was thrown may be anything, even what cannot be looked at. */
function isTargetInvalid(thrown: unknown): boolean {
  return (asError(thrown) as Partial<MillraceError>).code === 'TARGET_INVALID';
}

function currentOutput(): OutputTarget | undefined {
  const scope = scopes.getStore();
  return scope && !scope.context.tracing ? scope.output : undefined;
}

function forceOf({ force, forceOnly }: RunOptions): Force {
  if (force === undefined && forceOnly === undefined) return NO_FORCE;
  const names = (refs: TaskRef | readonly TaskRef[] | undefined): TaskSelection => {
    const list = refs === undefined ? [] : Array.isArray(refs) ? (refs as readonly TaskRef[]) : [refs as TaskRef];
    return new TaskSelection(list.map((ref) => (typeof ref === 'string' ? ref : ref.taskName)));
  };
  return { all: force === true, downstream: force === true ? new TaskSelection() : names(force), only: names(forceOnly) };
}

/** A parameter that is the content of a file is recorded as the file; the content lies beside it. */
function fileOf(file: IncludedFile | undefined): FileReference | undefined {
  return file && new FileReference(file.path, file.digest, file.content.length);
}

/** A parameter that cannot be stored faithfully (a function, a class instance) is recorded as what it looks like. */
function paramText(value: unknown): string {
  try {
    return encodeText(value);
  } catch {
    return JSON.stringify(describe(value));
  }
}

function maskedInfo(error: unknown, mask: Mask): ErrorInfo {
  return maskData(errorInfo(error), mask);
}
