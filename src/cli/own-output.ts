import { uncaptured } from '../log/capture.js';
import { guardOutput } from './output-guard.js';
import { steadyOutput } from './steady-output.js';
import type { Terminal } from './terminal.js';

/**
 * Keeps the output to what the command itself prints, so that a drawing or a JSON document can be piped into a file or a program: while
 * `command` runs, what the flow's file and body print on the standard output goes to the standard error.
 */
export async function withOwnOutput<T>(terminal: Terminal, command: (terminal: Terminal) => Promise<T>): Promise<T> {
  const { out } = terminal;
  if (out !== process.stdout) return await command(terminal);
  const guard = guardOutput([process.stdout], (line) => process.stderr.write(`${line}\n`));
  const steady = steadyOutput(process.stdout, (text) => uncaptured(() => guard.own(() => void process.stdout.write(text))));
  const own: Terminal = {
    ...terminal,
    out: {
      write: (text) => steady.write(text),
      isTTY: process.stdout.isTTY === true,
      ...(process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : {}),
    },
  };
  try {
    return await command(own);
  } finally {
    steady.release();
    guard.release();
  }
}
