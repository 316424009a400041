import type { RunEvent } from '../model/event.js';

/** The run that an event belongs to. */
export interface WatchedRun {
  /** Its id. */
  readonly run: string;
  readonly flow: string;
  /** The one given in the options of the run. */
  readonly name: string | undefined;
  /** Id of the run that started it. */
  readonly parent: string | undefined;
  /** Id of the run that failed, and that this one tries again: a flow's `retries`. */
  readonly retries?: string;
}

/**
 * Whoever shows runs as they go, such as the command line: told of a run and of all that it starts, in order, at the moment it happens and
 * on the stack of what happens. It must not throw.
 */
export interface RunWatch {
  /** Before its first event. */
  started(of: WatchedRun): void;
  event(event: RunEvent, of: WatchedRun): void;
  /** The process is going, and the run has told how it ended: nothing asynchronous can follow. */
  gone(of: WatchedRun): void;
  /** Cancels what the run starts and does not wait for: nobody else in this process would. */
  readonly signal?: AbortSignal;
}

/** By the ids of runs in progress. */
const watched = new Map<string, RunWatch>();

/** How a run that is started by `parent` is watched: as that one is. */
export function watchOf(parent: string | undefined): RunWatch | undefined {
  return parent === undefined ? undefined : watched.get(parent);
}

/** From now on what `run` starts is watched too. @returns ends it */
export function watching(run: string, watch: RunWatch): () => void {
  watched.set(run, watch);
  return () => watched.delete(run);
}
