import { systemClock } from '../base/clock.js';
import { keepCompiled } from '../base/compile-cache.js';
import { asError, describe, MillraceError } from '../base/error.js';
import { isSkip, runBody } from '../engine/body.js';
import { runHook } from '../engine/hooks.js';
import { OnlyTasks } from '../engine/only-tasks.js';
import type { SideOutput } from '../engine/side-output.js';
import type { FlowHooks } from '../flow/flow-runtime.js';
import { BodyScope } from '../flow/scope.js';
import type { OutputTarget } from '../log/capture.js';
import { createTaskLogger } from '../log/run-log.js';
import type { ArtifactRef } from '../model/artifact.js';
import { BODY_PLACE } from '../model/records.js';
import type { TaskContext } from '../model/task-context.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import type { FlowRunError } from '../model/task-error.js';
import { ownerFenced } from '../runs/look.js';
import { bodyContext } from './body-context.js';
import { recordLongAttempts } from './early-rows.js';
import { keepCode } from './keep-code.js';
import { lastWords, maskedInfo, runningIds } from './last-words.js';
import { guard } from './process-guard.js';
import { tellIfLate, watchDeadline } from './run-deadline.js';
import { endState, type Outcome, RunCancelled, RunTimedOut, runFailure } from './run-failure.js';
import { RunNotifications } from './run-notifications.js';
import { FIRST_EPOCH, joinParts, type RunParts, type RunRequest } from './run-parts.js';
import { firstRow } from './run-row.js';

/** How long running tasks have to listen to their signal after a cancellation (S15). */
const GRACE_MS = 5_000;

/** How long a run's result waits for notifications; those that take longer are delivered beside what comes next. */
const RESULT_WAIT_MS = 5_000;

/** One run, from its row to its end: joins the parts, runs the body, and says what became of it. */
export class FlowRun {
  readonly #parts: RunParts;
  readonly notifications: RunNotifications;
  readonly #abort = new AbortController();
  /** Why the run ends early: it was cancelled, or could not go on. */
  #stopped: Error | undefined;
  /** How it ends is being recorded: only the record itself can change that now. */
  #isDecided = false;

  constructor(request: RunRequest) {
    this.#parts = joinParts(request, { onRecordError: (error) => this.#stop(error), context: (values, side) => this.#context(values, side) });
    this.notifications = new RunNotifications(this.#parts);
  }

  async run(parentRun: string | undefined): Promise<unknown> {
    try {
      const startedAt = systemClock.now();
      this.notifications.startedAt = startedAt;
      const { heartbeat, record } = this.#parts.project;
      await record.open(firstRow(this.#parts, startedAt, parentRun), heartbeat.leaseMs);
      this.#parts.handle.move('running', startedAt);
      this.#hook('onStart', (hooks) => hooks.onStart?.(this.#parts.handle));
      tellIfLate(this.#parts, startedAt, this.notifications);
      return await this.#watched(startedAt);
    } finally {
      this.notifications.close();
      await this.notifications.settled(RESULT_WAIT_MS);
      await this.#parts.code.save();
      this.#parts.capture?.release();
      keepCompiled();
    }
  }

  async #watched(startedAt: number): Promise<unknown> {
    const unwatch = this.#watch();
    const { timeoutMs } = this.#parts.flow;
    const outOfTime = (): void => this.#stop(new RunTimedOut(`it was to end within ${timeoutMs} ms`));
    const stopTimer = timeoutMs === undefined ? undefined : systemClock.schedule(timeoutMs, outOfTime);
    const stopDeadline = watchDeadline(this.#parts, startedAt, (at) => this.#pastDeadline(at));
    const stopSweep = this.#parts.project.lasting ? recordLongAttempts(this.#parts.engine, this.#parts.recording) : undefined;
    const stopHeartbeat = this.#parts.project.heartbeat.watch({ run: this.#parts.id, epoch: FIRST_EPOCH }, () =>
      this.#stop(ownerFenced(this.#parts.id, 'nothing that it does from now on counts')),
    );
    const code = keepCode(this.#parts);
    const stopCancelWatch = this.#parts.project.cancelWatch.watch(this.#parts.id, (why) => this.#parts.handle.requestCancel(new Error(why)));
    try {
      // Cancelled before it began, it does not begin (S15).
      const body = this.#stopped ? { error: this.#stopped } : await settle(this.#body());
      await code.finished();
      return await this.#end(body);
    } finally {
      code.cancel();
      stopTimer?.();
      stopDeadline?.();
      stopSweep?.();
      stopHeartbeat();
      stopCancelWatch();
      unwatch();
    }
  }

  #pastDeadline(deadline: number): void {
    if (this.#isDecided) return;
    this.#parts.recording.line(undefined, 0, 'warn', `the run goes on past its deadline, ${new Date(deadline).toISOString()}`);
    this.#hook('onDeadline', (hooks) => hooks.onDeadline?.(this.#parts.handle));
    this.notifications.ofRun('deadline', { deadline });
  }

  #tellHooks(failure: FlowRunError | undefined, finishedAt: number): void {
    const { handle, options } = this.#parts;
    const state = endState(failure);
    // Who is tried again has not failed for good.
    const failed = (options.triesLeft ?? 0) > 0 ? 'retry' : 'failure';
    const occasion = state === 'success' ? state : state === 'cancelled' ? 'cancel' : failed;
    if (occasion === 'success') this.#hook('onSuccess', (hooks) => hooks.onSuccess?.(handle));
    else if (occasion === 'cancel') this.#hook('onCancel', (hooks) => hooks.onCancel?.(handle));
    else if (occasion === 'failure') this.#hook('onFailure', (hooks) => hooks.onFailure?.(handle, failure));
    this.notifications.ofRun(occasion, { error: failure, finishedAt });
  }

  #hook(name: string, call: (hooks: FlowHooks) => unknown): void {
    const { hooks } = this.#parts.flow;
    runHook({ line: (level, text) => this.#parts.recording.line(undefined, 0, level, text) }, `${name} of the flow`, () => call(hooks));
  }

  /** Runs the body and waits for every node; or for a cancelled run's grace to be over. */
  async #body(): Promise<unknown> {
    const { answers, engine, flow, params } = this.#parts;
    const scope = new BodyScope(engine, this.#context(params.values, this.#ownSideOutput()), this.#bodyOutput());
    const stoppedForGood = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
    });
    const work = (async () => {
      const result = this.#unlessSkipped(await settle(this.#withFilesKept(() => runBody(scope, engine, () => flow.body(params.values)))));
      if ('error' in result) engine.bodyThrew(undefined, result.error);
      // The flow is written wrongly: nothing of it is to run (S26).
      if ('error' in result && isTargetInvalid(result.error)) engine.stop(asError(result.error));
      if (flow.orphans === 'cancel') engine.stop(new Error('the body has returned'));
      await engine.drained();
      const problem = answers instanceof OnlyTasks ? answers.problem((node) => engine.failures.causesOf(node)) : undefined;
      return problem === undefined ? result : { error: problem };
    })();
    try {
      const result = await Promise.race([work, stoppedForGood]);
      if ('error' in result) throw result.error;
      return result.value;
    } finally {
      work.catch(() => {});
      scope.closed = true;
      engine.closed = true;
    }
  }

  /** The files that are parameters are part of the run (S18): it does not begin before they are. */
  async #withFilesKept<T>(begin: () => Promise<T>): Promise<T> {
    const { params, sideOutputs } = this.#parts;
    for (const [name, file] of Object.entries(params.files)) await sideOutputs.keepParameter(name, file);
    return await begin();
  }

  /** A flow without anything to do has not failed (S11, S12). */
  #unlessSkipped(body: Outcome): Outcome {
    if (!('error' in body) || !isSkip(body.error)) return body;
    this.#parts.recording.line(undefined, 0, 'info', `the flow gives no result: ${this.#parts.mask(asError(body.error).message)}`);
    return { value: undefined };
  }

  #giveUp: (reason: Error) => void = () => {};

  async #end(body: Outcome): Promise<unknown> {
    const { id, engine, handle, journal, mask, project, sideOutputs } = this.#parts;
    await sideOutputs.settled();
    await journal.flush();
    const failure = this.#failure(body);
    this.#isDecided = true;
    const state = endState(failure);
    const finishedAt = systemClock.now();
    const result = failure === undefined && 'value' in body ? await this.#keepResult(body.value) : undefined;
    journal.change({
      state,
      finishedAt,
      counts: engine.counts(),
      ...(failure ? { error: maskedInfo(failure, mask) } : {}),
      ...(result ? { result } : {}),
    });
    await journal.flush();
    // The record may have refused just this: then the run is no success, whatever its tasks were.
    const late = failure ?? (this.#stopped && this.#failure(body));
    // A full disk may have room for one more sentence; without it the run would look as if its process had vanished.
    if (journal.failed && late) project.record.crashNow(id, FIRST_EPOCH, mask(late.message));
    handle.move(late ? endState(late) : state, finishedAt, late);
    this.#tellHooks(late, finishedAt);
    // A hook may have had something to say, if only that it failed.
    await journal.flush();
    sideOutputs.closed = true;
    if (late) throw late;
    return 'value' in body ? body.value : undefined;
  }

  #failure(body: Outcome): FlowRunError | undefined {
    if ('error' in body) this.#parts.maskError(body.error);
    const { failures } = this.#parts.engine;
    const run = { run: this.#parts.id, flow: this.#parts.flow.name };
    return runFailure({ ...run, body, stopped: this.#stopped, failures: failures.all(), unhandled: failures.unhandled() });
  }

  /** A result that cannot be stored is no failure of the run: its tasks' results are kept, and the caller has it. */
  async #keepResult(value: unknown): Promise<ArtifactRef | undefined> {
    const { project, keeper, flow, journal, engine, recording } = this.#parts;
    if (!project.lasting) return undefined;
    try {
      const kept = await keeper.keep(value, { ...TASK_DEFAULTS, kind: 'task', name: flow.name, fn: flow.body });
      // Its place is the one after the last node.
      journal.artifacts(kept.artifacts.map((artifact) => ({ index: engine.graph.size, ...artifact })));
      return kept.artifacts[0]?.ref;
    } catch (error) {
      recording.line(undefined, 0, 'warn', `the flow's result is not kept: ${asError(error).message}`);
      return undefined;
    }
  }

  #context(params: Readonly<Record<string, unknown>>, sideOutput: SideOutput): TaskContext {
    const { flow, id, options, recording, scheduled } = this.#parts;
    const triggers = options.due?.triggers ?? [];
    const log = createTaskLogger((level, text) => recording.line(undefined, 0, level, text));
    return bodyContext({ runId: id, flowName: flow.name, params, signal: this.#abort.signal, log, scheduled, triggers, tracing: false }, sideOutput);
  }

  /** Of the run's own body. */
  #ownSideOutput(): SideOutput {
    return this.#parts.sideOutputs.of({ index: BODY_PLACE, attempt: 0, node: undefined });
  }

  #bodyOutput(): OutputTarget {
    return { line: (level, text) => this.#parts.recording.line(undefined, 0, level, text) };
  }

  /** Cancellation, Ctrl-C, `process.exit` and an empty event loop all come in here. */
  #watch(): () => void {
    const { id, handle, options } = this.#parts;
    const { signal } = options;
    const onAbort = (): void => handle.requestCancel(reasonOf(signal?.reason));
    handle.onCancel((reason) => this.#stop(new RunCancelled(reason.message)));
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    const release = guard({
      id: id,
      ended: handle.result(),
      interrupt: () => handle.requestCancel(new Error('interrupted by SIGINT')),
      starve: () => this.#starve(),
      crash: (code, uncaught) => lastWords(this.#parts, { exitCode: code, uncaught, stopped: this.#stopped, failure: (body) => this.#failure(body) }),
    });
    return () => {
      signal?.removeEventListener('abort', onAbort);
      release();
    };
  }

  #stop(reason: Error): void {
    if (this.#stopped || (this.#isDecided && !this.#parts.journal.failed)) return;
    this.#stopped = reason;
    this.#abort.abort(reason);
    this.#parts.engine.stop(reason);
    systemClock.schedule(this.#parts.options.graceMs ?? GRACE_MS, () => this.#abandon('cancelled', reason), { idle: true });
  }

  #abandon(state: 'cancelled' | 'failed', reason: Error): void {
    const { engine, options } = this.#parts;
    engine.abandon(state, reason);
    // One more turn, so that a body that only waited for its tasks can still end by itself.
    const giveUp = (): void => void setImmediate(() => setImmediate(() => this.#giveUp(reason)));
    const tornDown = engine.tearDown();
    if (tornDown === undefined) return giveUp();
    // What cleans up has a grace of its own.
    const stop = systemClock.schedule(options.graceMs ?? GRACE_MS, () => engine.abandon(state, reason, true));
    void tornDown.then(stop).then(giveUp);
  }

  #starve(): void {
    const running = runningIds(this.#parts);
    const who = running.length > 0 ? `task ${running.map((id) => `'${id}'`).join(', ')}` : `the body of flow '${this.#parts.flow.name}'`;
    this.#abandon(
      this.#stopped ? 'cancelled' : 'failed',
      new MillraceError('NEVER_SETTLES', `${who} waits for a promise that nothing can settle any more: the event loop is empty`, {
        hint: 'A callback was never called, or a stream or connection was closed without a result.',
      }),
    );
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
