import type { RunHandle } from '../flow/flow-runtime.js';
import type { RunEvent } from '../model/event.js';
import type { RunState } from '../model/states.js';
import { loadEarlierWork } from './earlier-work.js';
import { openProject } from './project.js';
import type { RunInProgress } from './run-handle.js';
import type { StartOptions } from './run-options.js';

/** What a try is started with beside the options of the run. What was forced was forced once: what is left of it, a next try owes as any resume does. */
export interface Tried extends Pick<StartOptions, 'resume' | 'retries'> {
  readonly triesLeft: number;
}

interface Try {
  readonly run: RunInProgress;
  /** Undefined: it was the last. */
  readonly next: Promise<Try | undefined>;
}

const FAILED: readonly RunState[] = ['failed', 'timed-out'];

/**
 * A run of a flow with `retries`: when it has failed it is tried again, as a resume of itself. Each try is a run of its own in the record, so that
 * what has failed stays to be seen; the handle is that of the try that goes on.
 */
export class RetriedRun implements RunHandle<unknown> {
  readonly #start: (tried: Tried) => RunInProgress;
  readonly #outcome: Promise<unknown>;
  #current: Try;
  /** The current try has failed, and the next is about to begin. */
  #isBetween = false;
  #isCancelled = false;

  constructor(retries: number, start: (tried: Tried) => RunInProgress) {
    this.#start = start;
    this.#current = this.#try({ triesLeft: retries });
    this.#outcome = outcomeOf(this.#current);
    this.#outcome.catch(() => {});
  }

  get id(): string {
    return this.#current.run.id;
  }

  get state(): RunState {
    return this.#isBetween ? 'running' : this.#current.run.state;
  }

  result(): Promise<unknown> {
    return this.#outcome;
  }

  async cancel(reason?: string): Promise<void> {
    this.#isCancelled = true;
    await this.#current.run.cancel(reason);
    await this.#outcome.catch(() => {});
  }

  /** Of this try and those that follow. */
  async *events(): AsyncGenerator<RunEvent, void, undefined> {
    for (let at: Try | undefined = this.#current; at !== undefined; at = await at.next.catch(() => undefined)) yield* at.run.events();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel('its handle was disposed of');
  }

  #try(tried: Tried): Try {
    const run = this.#start(tried);
    const failed = async (error: unknown): Promise<Try | undefined> => {
      const isFailure = FAILED.includes(run.state) && (error as Partial<Error>).name === 'FlowRunError';
      return isFailure && tried.triesLeft > 0 && !this.#isCancelled ? await this.#again(run.id, tried.triesLeft - 1) : undefined;
    };
    const next = run.result().then(() => undefined, failed);
    next.catch(() => {});
    return { run, next };
  }

  async #again(failed: string, triesLeft: number): Promise<Try | undefined> {
    this.#isBetween = true;
    try {
      await using project = await openProject();
      const row = await project.record.run(failed);
      // Removed by somebody meanwhile: then it has failed for good.
      if (row === undefined) return undefined;
      const resume = await loadEarlierWork(project.record, row);
      if (this.#isCancelled) return undefined;
      this.#current = this.#try({ resume, triesLeft, retries: failed });
      return this.#current;
    } finally {
      this.#isBetween = false;
    }
  }
}

async function outcomeOf(first: Try): Promise<unknown> {
  let last = first;
  for (let next = await last.next; next !== undefined; next = await last.next) last = next;
  return await last.run.result();
}
