import { StringDecoder } from 'node:string_decoder';

type Write = NodeJS.WriteStream['write'];

export interface OutputGuard {
  /** What `write` prints goes straight to the terminal. */
  own(write: () => void): void;
  /** Gives the streams back; a line begun and not ended is told first. */
  release(): void;
}

/**
 * Keeps others from printing into the part of the screen that is redrawn: until released, what is written to these streams is told line
 * by line to `onLine` instead.
 */
export function guardOutput(streams: readonly NodeJS.WriteStream[], onLine: (line: string) => void): OutputGuard {
  let passing = false;
  const guards = streams.map((stream) => guardStream(stream, onLine, () => passing));
  return {
    own(write) {
      const before = passing;
      passing = true;
      try {
        write();
      } finally {
        passing = before;
      }
    },
    release() {
      for (const release of guards) release();
      passing = true;
    },
  };
}

function guardStream(stream: NodeJS.WriteStream, onLine: (line: string) => void, isPassing: () => boolean): () => void {
  const original = stream.write;
  const hadOwn = Object.hasOwn(stream, 'write');
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const guarded = ((chunk: string | Uint8Array, ...more: unknown[]): boolean => {
    if (isPassing()) return Reflect.apply(original, stream, [chunk, ...more]) as boolean;
    const encoding = typeof more[0] === 'string' ? (more[0] as BufferEncoding) : 'utf8';
    const lines = (rest + decoder.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    const callback = more.find((argument) => typeof argument === 'function') as ((error?: Error) => void) | undefined;
    if (callback) queueMicrotask(callback);
    return true;
  }) as Write;
  stream.write = guarded;
  return () => {
    if (rest !== '') onLine(rest);
    rest = '';
    // Somebody else patched on top meanwhile: ours stays below theirs, and lets everything pass.
    if (stream.write !== guarded) return;
    if (hadOwn) stream.write = original;
    else delete (stream as { write?: Write }).write;
  };
}
