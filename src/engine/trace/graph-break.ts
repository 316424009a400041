import { MillraceError } from '../../base/error.js';
import { callSitePosition, type NotedStack, noteCallSite } from '../../flow/call-site-name.js';

/**
 * Where the body met a value that only a run can know (S29). What is registered from there on may never be; where the body did something that
 * needs the value itself, nothing more is taken at all.
 */
export class GraphBreak {
  #from = Number.POSITIVE_INFINITY;
  #at: string | undefined;
  #stopped: MillraceError | undefined;
  /** Where each call stands in the user's code; only until the break, since nobody asks after that. */
  readonly #calledFrom = new Map<number, NotedStack>();

  get hasCome(): boolean {
    return this.#from !== Number.POSITIVE_INFINITY;
  }

  /** The place in the user's code. */
  get at(): string | undefined {
    return this.#at;
  }

  /** Once stopped, a trace takes no further call, whatever the body catches. */
  get isFinal(): boolean {
    return this.#stopped !== undefined;
  }

  isBefore(node: number): boolean {
    return node >= this.#from;
  }

  noteCall(node: number): void {
    if (!this.hasCome) this.#calledFrom.set(node, noteCallSite());
  }

  /** The body has awaited a node that has no value yet, and goes on with a placeholder. @param next the number that the next node will have */
  awaited(node: number, next: number): void {
    if (this.hasCome) return;
    this.#from = next;
    const calledFrom = this.#calledFrom.get(node);
    this.#at = calledFrom && callSitePosition(calledFrom);
    this.#calledFrom.clear();
  }

  /** The body does with a placeholder what needs its value. @returns what it is told, now and whenever it tries again */
  stop(what: string, next: number): MillraceError {
    const at = callSitePosition();
    this.#stopped ??= new MillraceError('TRACE_STOPPED', `the graph cannot be drawn further without running: ${what}`, {
      hint: 'Pass the future on to a task that does it; a run is not concerned.',
    });
    if (at !== undefined) this.#at = at;
    this.#from = Math.min(this.#from, next);
    return this.#stopped;
  }

  /** The body has thrown, and after a break that may be because of a placeholder. */
  threw(error: unknown): void {
    this.#stopped ??= error instanceof MillraceError ? error : new MillraceError('TRACE_STOPPED', String(error), { cause: error });
  }
}
