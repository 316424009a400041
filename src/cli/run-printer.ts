import type { RunEvent } from '../model/event.js';
import type { RunState } from '../model/states.js';
import type { Terminal } from './terminal.js';

/** How a run is told: to people who watch, to people who do not, or to programs. */
export interface RunPrinter {
  event(event: RunEvent): void;
  /** Beside the run's name from now on, or as a line: `cancelling`. */
  note(text: string): void;
  /** The last word. @returns whether it told all there is to tell of a run that did not succeed */
  end(outcome: RunOutcome): boolean;
}

export interface RunOutcome {
  readonly state: RunState;
  /** What the flow returned, when it succeeded. */
  readonly value: unknown;
  /** What the run rejected with. */
  readonly error: unknown;
}

export interface RunPrinterOptions {
  readonly terminal: Terminal;
  readonly flow: string;
  readonly run: string;
}
