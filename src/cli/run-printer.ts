import type { RunEvent } from '../model/event.js';
import type { RunState } from '../model/states.js';
import { isInteractive, type Terminal } from './terminal.js';

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

export interface PrinterChoice {
  /** Only failures, on the error stream. */
  readonly quiet: boolean;
  /** One JSON document at the end, and nothing else. */
  readonly json: boolean;
}

/** Live where people can watch, lines on a dumb terminal, JSON lines everywhere else. Only the printer that is chosen is loaded. */
export async function createRunPrinter(options: RunPrinterOptions, { quiet, json }: PrinterChoice): Promise<RunPrinter> {
  const { out, env } = options.terminal;
  if (json) return (await import('./document-printer.js')).documentPrinter(options);
  if (quiet) return (await import('./quiet-printer.js')).quietPrinter(options);
  if (out.isTTY !== true) return await (await import('./json-lines-printer.js')).jsonLinesPrinter(options);
  const human = await import('./human-printer.js');
  return isInteractive(out, env) ? await human.livePrinter(options) : human.linesPrinter(options);
}
