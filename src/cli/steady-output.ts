import { writeSync } from 'node:fs';
import type { TextSink } from '../log/burst.js';

/** How long the process is held up at a time for a reader that does not read. */
const PATIENCE_MS = 1_000;
const PAUSE_MS = 1;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes to a pipe at the pace of who reads from it. Node puts aside what a full pipe does not take until the loop turns, which it does not while
 * a synchronous body prints: a million lines would pile up. Of a reader that has stopped reading only the pace is taken, not the life: after a
 * second Node puts aside again. Any other stream is written to as it is.
 */
export function steadyOutput(stdout: NodeJS.WriteStream & { readonly fd: number }): TextSink {
  if (!isPipe(stdout)) return { write: (text) => stdout.write(text) };
  return {
    write(text) {
      // In order: what was put aside goes first.
      const rest = stdout.writableLength > 0 ? Buffer.from(text) : unwritten(stdout.fd, Buffer.from(text));
      if (rest.length > 0) stdout.write(rest);
    },
  };
}

function isPipe(stream: NodeJS.WriteStream): boolean {
  return (stream as { readonly _type?: string })._type === 'pipe';
}

/** What could not be written; whose fault that is, the stream will find out. */
function unwritten(fd: number, bytes: Buffer): Buffer {
  let rest = bytes;
  for (let waitedMs = 0; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
      waitedMs = 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waitedMs >= PATIENCE_MS) return rest;
      Atomics.wait(sleeper, 0, 0, PAUSE_MS);
      waitedMs += PAUSE_MS;
    }
  }
  return rest;
}
