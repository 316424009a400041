import { writeSync } from 'node:fs';
import type { TextStream } from './terminal.js';

/** How long the process is held up at a time for a reader that does not read. */
const PATIENCE_MS = 1_000;
/** A reader that keeps up has emptied the pipe in far less than a millisecond; who is slow is asked less and less often. */
const SHORTEST_PAUSE_MS = 0.05;
const LONGEST_PAUSE_MS = 1;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes to a pipe at the pace of who reads from it. Node puts aside what a full pipe does not take until the loop turns, which it does not while
 * a synchronous body prints: a million lines would pile up. Of a reader that has stopped reading only the pace is taken, not the life: after a
 * second Node puts aside again. Any other stream is written to as it is.
 */
export function steadyOutput(stdout: NodeJS.WriteStream & { readonly fd: number }): Pick<TextStream, 'write'> {
  if (!isPipe(stdout)) return { write: (text) => stdout.write(text) };
  return {
    write(text) {
      // In order: what was put aside goes first.
      const rest = stdout.writableLength > 0 ? bytesOf(text) : unwritten(stdout.fd, bytesOf(text));
      if (rest.length > 0) stdout.write(rest);
    },
  };
}

function bytesOf(text: string | Uint8Array): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.length);
}

function isPipe(stream: NodeJS.WriteStream): boolean {
  return (stream as { readonly _type?: string })._type === 'pipe';
}

/** What could not be written; whose fault that is, the stream will find out. */
function unwritten(fd: number, bytes: Buffer): Buffer {
  let rest = bytes;
  let pauseMs = SHORTEST_PAUSE_MS;
  for (let waitedMs = 0; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
      waitedMs = 0;
      pauseMs = SHORTEST_PAUSE_MS;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waitedMs >= PATIENCE_MS) return rest;
      Atomics.wait(sleeper, 0, 0, pauseMs);
      waitedMs += pauseMs;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
  return rest;
}
