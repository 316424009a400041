import { systemClock } from '../base/clock.js';
import { EventHub } from '../engine/event-hub.js';
import { errorInfo } from '../engine/failures.js';
import type { RunHandle } from '../flow/flow-runtime.js';
import { scopes } from '../flow/scope.js';
import type { RunEvent, RunStateData } from '../model/event.js';
import { FINAL_RUN_STATES, type RunState } from '../model/states.js';
import { checkRunMove } from '../model/transition.js';

/** A run as whoever started it holds it. */
export class RunInProgress implements RunHandle<unknown> {
  readonly id: string;
  readonly hub = new EventHub();
  #state: RunState = 'pending';
  #outcome: Promise<unknown> = Promise.resolve();
  #cancel: (reason: Error) => void = () => {};
  #cancelReason: Error | undefined;
  #tellGone: () => void = () => {};

  constructor(id: string) {
    this.id = id;
  }

  get state(): RunState {
    return this.#state;
  }

  /** What the run comes to. A rejection that nobody looks at is not `unhandledRejection`: the handle is there to be asked. */
  follow(outcome: Promise<unknown>): this {
    this.#outcome = outcome;
    outcome.catch(() => {});
    return this;
  }

  /** From when on the run can be cancelled, and how. */
  onCancel(cancel: (reason: Error) => void): void {
    this.#cancel = cancel;
    if (this.#cancelReason) cancel(this.#cancelReason);
  }

  move(state: RunState, at: number, error?: unknown): void {
    checkRunMove(this.#state, state);
    this.#state = state;
    const data: RunStateData = { state, ...(error === undefined ? {} : { error: errorInfo(error) }) };
    const event: RunEvent = { at: new Date(at), type: 'run-state', data };
    if (FINAL_RUN_STATES.has(state)) this.hub.close(event);
    else this.hub.emit(event);
  }

  /** Called when the process goes under the run. */
  onGone(tell: () => void): void {
    this.#tellGone = tell;
  }

  /** The process goes: whoever watches is told how the run ended, as long as anybody can be told anything. */
  gone(state: RunState, error: unknown): void {
    // Its last events may have been what called `process.exit`.
    if (!FINAL_RUN_STATES.has(this.#state)) this.move(state, systemClock.now(), error);
    this.#tellGone();
  }

  result(): Promise<unknown> {
    return this.#outcome;
  }

  requestCancel(reason: Error): void {
    this.#cancelReason ??= reason;
    this.#cancel(this.#cancelReason);
  }

  async cancel(reason = 'cancelled by its handle'): Promise<void> {
    if (!FINAL_RUN_STATES.has(this.#state)) this.requestCancel(new Error(reason));
    // Whoever is part of the run would wait for itself, until the time for running tasks is over.
    if (scopes.getStore()?.context.runId !== this.id) await this.#outcome.catch(() => {});
  }

  events(): AsyncIterable<RunEvent> {
    return this.hub.events();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel('its handle was disposed of');
  }
}
