import { isInteractive, type Terminal } from '../terminal.js';
import type { BackfillPrinter } from './backfill-printer.js';

/** Live where people can watch, lines on a dumb terminal, JSON lines everywhere else; one document where that was asked for. */
export async function loadBackfillPrinter(terminal: Terminal, json: boolean): Promise<BackfillPrinter> {
  if (json) return (await import('./backfill-json.js')).documentOfBackfill(terminal);
  if (terminal.out.isTTY !== true) return (await import('./backfill-json.js')).jsonLinesOfBackfill(terminal);
  if (!isInteractive(terminal.out, terminal.env)) return (await import('./backfill-lines.js')).linesOfBackfill(terminal);
  return await (await import('./backfill-live.js')).loadLiveBackfill(terminal);
}
