/** A place to write text to: a terminal, a pipe, a file, or a test's list. Bytes only go where somebody asked for them. */
export interface TextStream {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What a command may touch of the outside world. */
export interface Terminal {
  readonly out: TextStream;
  readonly err: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Whether people watch it redraw itself: a terminal that moves its cursor. */
export function isInteractive(stream: TextStream, env: Terminal['env']): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb' && !env.CI;
}

/** Columns to fit text into; undefined in a pipe or file, where nothing is cut. */
export function widthOf(stream: TextStream): number | undefined {
  return stream.isTTY === true ? (stream.columns ?? 80) : undefined;
}
