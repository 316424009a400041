import type { RunPrinter, RunPrinterOptions } from './run-printer.js';
import { isInteractive } from './terminal.js';

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
