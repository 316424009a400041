import type { Terminal } from '../../../src/cli/terminal.js';

export interface MemoryTerminal extends Terminal {
  readonly printed: { out: string; err: string };
}

/** A terminal that keeps what is printed. No colours, no width: as a pipe. */
export function memoryTerminal(cwd: string = process.cwd(), env: Terminal['env'] = {}): MemoryTerminal {
  const printed = { out: '', err: '' };
  return {
    printed,
    cwd,
    env,
    now: () => 0,
    out: {
      write: (text) => {
        printed.out += text;
      },
    },
    err: {
      write: (text) => {
        printed.err += text;
      },
    },
  };
}
