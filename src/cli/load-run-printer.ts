import type { MakeRunPrinter } from './run-printer.js';
import { isInteractive, type Terminal } from './terminal.js';

export interface PrinterChoice {
  /** Only failures, on the error stream. */
  readonly quiet: boolean;
  /** One JSON document at the end, and nothing else. */
  readonly json: boolean;
}

/** Live where people can watch, lines on a dumb terminal, JSON lines everywhere else. Only the printer that is chosen is loaded. */
export async function loadRunPrinter({ out, env }: Terminal, { quiet, json }: PrinterChoice): Promise<MakeRunPrinter> {
  if (json) return (await import('./document-printer.js')).documentPrinter;
  if (quiet) return (await import('./quiet-printer.js')).quietPrinter;
  if (out.isTTY !== true) return await (await import('./json-lines-printer.js')).loadJsonLinesPrinter();
  const human = await import('./human-printer.js');
  return isInteractive(out, env) ? await human.loadLivePrinter() : human.linesPrinter;
}
