import type { ErrorInfo, RunEvent, RunStateData } from '../model/event.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import type { RunWatch, WatchedRun } from '../runtime/run-watch.js';
import type { RunOutcome, RunPrinter } from './run-printer.js';

/** Between a run, which tells of itself from its first moment on, and the printer, which must know the run's id to be made. */
export class RunTeller implements RunWatch {
  readonly signal: AbortSignal;
  #printer: RunPrinter | undefined;
  #early: (() => void)[] = [];
  readonly #children = new Set<string>();
  #childrenEnded: () => void = () => {};
  #end: RunStateData = { state: 'pending' };
  #problem: { readonly thrown: unknown } | undefined;
  #isOver = false;

  /** @param signal cancels the run, and all that it started */
  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  attach(printer: RunPrinter): void {
    this.#printer = printer;
    for (const tell of this.#early.splice(0)) tell();
  }

  started({ run, parent, retries }: WatchedRun): void {
    if (parent !== undefined) this.#children.add(run);
    else if (retries !== undefined) this.#tell((printer) => printer.again(run));
  }

  event(event: RunEvent, of: WatchedRun): void {
    const isChild = of.parent !== undefined;
    if (event.type === 'run-state') this.#follow(event.data as RunStateData, of.run, isChild);
    this.#tell((printer) => (isChild ? printer.childEvent(event, of) : printer.event(event)));
  }

  gone({ parent }: WatchedRun): void {
    if (parent !== undefined) return;
    const { state, error } = this.#end;
    this.end({ state, value: undefined, error: error satisfies ErrorInfo | undefined });
  }

  /** Resolves when all runs that the run started have ended: they would end with the process. */
  async childrenEnded(): Promise<void> {
    if (this.#children.size === 0) return;
    this.#printer?.note(`waiting for ${this.#children.size === 1 ? 'a run' : `${this.#children.size} runs`} that it started`);
    await new Promise<void>((resolve) => {
      this.#childrenEnded = resolve;
    });
  }

  /** @returns whether it told all there is to tell of a run that did not succeed. @throws what printing threw */
  end(outcome: RunOutcome): boolean {
    if (this.#isOver) return true;
    this.#isOver = true;
    // The terminal is given back whatever became of the events.
    const isExplained = this.#printer?.end(outcome) ?? false;
    if (this.#problem) throw this.#problem.thrown;
    return isExplained;
  }

  #follow(data: RunStateData, run: string, isChild: boolean): void {
    if (!isChild) this.#end = data;
    else if (FINAL_RUN_STATES.has(data.state) && this.#children.delete(run) && this.#children.size === 0) this.#childrenEnded();
  }

  /** What goes wrong in printing is no business of the run that is told of. */
  #tell(say: (printer: RunPrinter) => void): void {
    const printer = this.#printer;
    if (printer === undefined) this.#early.push(() => this.#tell(say));
    if (printer === undefined || this.#problem !== undefined || this.#isOver) return;
    try {
      say(printer);
    } catch (thrown) {
      this.#problem = { thrown };
    }
  }
}
