import { uncaptured } from '../log/capture.js';
import { createLines } from '../log/lines.js';
import { coloursFor } from './colours.js';
import type { RunPrinter, RunPrinterOptions } from './run-printer.js';

/** Tasks that failed, as lines on the standard error. */
export function quietPrinter({ terminal, flow, run }: RunPrinterOptions): RunPrinter {
  const lines = createLines({ flow, run, colour: coloursFor(terminal.err, terminal.env).isColorSupported, level: 'error' });
  return {
    event(event) {
      if (event.type !== 'task-state') return;
      for (const line of lines(event)) uncaptured(() => terminal.err.write(`${line}\n`));
    },
    note: () => {},
    end: () => false,
  };
}
