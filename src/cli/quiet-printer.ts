import { uncaptured } from '../log/capture.js';
import { createLines } from '../log/lines.js';
import type { RunEvent } from '../model/event.js';
import { childrenLines } from './children-lines.js';
import { coloursFor } from './colours.js';
import type { RunPrinter, RunPrinterOptions } from './run-printer.js';

/** Tasks that failed, as lines on the standard error. */
export function quietPrinter({ terminal, flow, run }: RunPrinterOptions): RunPrinter {
  const colour = coloursFor(terminal.err, terminal.env).isColorSupported;
  const lines = createLines({ flow, run, colour, level: 'error' });
  const linesOfChild = childrenLines({ colour, level: 'error' });
  const print = (event: RunEvent, told: readonly string[]): void => {
    if (event.type === 'task-state') for (const line of told) uncaptured(() => terminal.err.write(`${line}\n`));
  };
  return {
    event: (event) => print(event, lines(event)),
    childEvent: (event, child) => print(event, linesOfChild(event, child)),
    // Lines of failures name no run.
    again: () => {},
    note: () => {},
    end: () => false,
  };
}
