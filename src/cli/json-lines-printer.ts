import { createJsonLog } from '../log/json-lines.js';
import type { RunPrinter, RunPrinterOptions } from './run-printer.js';

/** Each event as a line of JSON, as it happens. */
export async function jsonLinesPrinter({ terminal, flow, run }: RunPrinterOptions): Promise<RunPrinter> {
  const log = await createJsonLog({ destination: { write: (line: string) => void terminal.out.write(line) }, run, flow });
  return {
    event: (event) => log.event(event),
    note: () => {},
    end() {
      log.close();
      return false;
    },
  };
}
