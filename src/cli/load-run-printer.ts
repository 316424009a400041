import { jsonLinesPrinter } from './json-lines-printer.js';
import { quietPrinter } from './quiet-printer.js';
import type { MakeRunPrinter } from './run-printer.js';
import { isInteractive, type Terminal } from './terminal.js';

export interface PrinterChoice {
  /** Only failures, on the error stream. */
  readonly quiet: boolean;
  /** One JSON document at the end, and nothing else. */
  readonly json: boolean;
}

/** Live where people can watch, lines on a dumb terminal, JSON lines everywhere else. What people see is loaded only where it is shown. */
export async function loadRunPrinter({ out, env }: Terminal, { quiet, json }: PrinterChoice): Promise<MakeRunPrinter> {
  if (json) return (await import('./document-printer.js')).documentPrinter;
  if (quiet) return quietPrinter;
  if (out.isTTY !== true) return jsonLinesPrinter;
  const human = await import('./human-printer.js');
  return isInteractive(out, env) ? await human.loadLivePrinter() : human.linesPrinter;
}
