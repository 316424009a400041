import { writevSync } from 'node:fs';
import { type Clock, systemClock } from '../base/clock.js';

/** Put aside for a reader that is behind, in bytes, before the process is held up for it: what a program prints in about a tenth of a second. */
export const MOST_ASIDE = 4_194_304;
/** How long the process is held up at a time for a reader that does not read. */
const PATIENCE_MS = 1_000;
/** A reader that keeps up has emptied the pipe in far less than a millisecond; who is slow is asked less and less often. */
const SHORTEST_PAUSE_MS = 0.05;
const LONGEST_PAUSE_MS = 1;
/** While the loop turns nobody is held up: a reader that is behind is asked as often as timers allow, one that does not read now and then. */
const SHORTEST_DELAY_MS = 1;
const LONGEST_DELAY_MS = 32;
/** So long a text, in characters, is made bytes in memory that is used again: getting new memory for it costs about as much. */
const LONGEST_USUAL_TEXT = 262_144;
/** The most that a character takes in UTF-8, of those that JavaScript counts. */
const WIDEST_CHARACTER = 3;
/** What the system takes in one call. */
const MOST_PIECES = 1_024;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Time, as it passes for a pipe. */
export interface PipeTime {
  readonly clock: Clock;
  /** Holds the process up, for milliseconds. */
  hold(ms: number): void;
}

const REAL_TIME: PipeTime = { clock: systemClock, hold: (ms) => void Atomics.wait(sleeper, 0, 0, ms) };

/** What is written to of a standard stream. */
export interface SteadyStream {
  readonly fd: number;
  write(text: string | Uint8Array): unknown;
}

/**
 * Writes to a pipe at the pace of who reads from it. Node puts aside what a full pipe does not take until the loop turns, which it does not while
 * a synchronous body prints: a million lines would pile up. Here some are put aside, so that nobody waits for a reader that has only been interrupted,
 * and then the process is held up. Of a reader that has stopped reading only the pace is taken, not the life: each second as much again is put aside.
 */
export class SteadyOutput {
  readonly #stream: SteadyStream;
  readonly #time: PipeTime;
  #scratch: Buffer | undefined;
  #aside: Buffer[] = [];
  /** Of what is put aside, in bytes. */
  #size = 0;
  #most = MOST_ASIDE;
  #stopTimer: (() => void) | undefined;
  /** From now on the stream itself sees to what is written: the command is over, or nobody reads. */
  #isReleased = false;
  #isExiting = false;
  /** Nothing asynchronous can follow. */
  readonly #onExit = (): void => {
    this.#isExiting = true;
    this.#writeUntil(0);
  };

  constructor(stream: SteadyStream, time: PipeTime = REAL_TIME) {
    this.#stream = stream;
    this.#time = time;
    process.on('exit', this.#onExit);
  }

  write(text: string | Uint8Array): void {
    if (this.#isReleased) return void this.#stream.write(text);
    const bytes = this.#bytesOf(text);
    if (bytes.length === 0) return;
    this.#aside.push(bytes);
    this.#size += bytes.length;
    this.#writeUntil(this.#isExiting ? 0 : this.#most);
    if (this.#size === 0) return;
    this.#keepLast();
    this.#stopTimer ??= this.#writeIn(SHORTEST_DELAY_MS);
  }

  /** Hands the rest to the stream, which keeps the process until it is read. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    process.off('exit', this.#onExit);
    this.#stopTimer?.();
    if (this.#size > 0) this.#stream.write(Buffer.concat(this.#aside));
    this.#aside = [];
    this.#size = 0;
  }

  /** Good until the next text: see `#keepLast`. */
  #bytesOf(text: string | Uint8Array): Buffer {
    if (typeof text !== 'string') return Buffer.from(text.buffer, text.byteOffset, text.length);
    if (text.length > LONGEST_USUAL_TEXT) return Buffer.from(text);
    this.#scratch ??= Buffer.allocUnsafeSlow(LONGEST_USUAL_TEXT * WIDEST_CHARACTER);
    return this.#scratch.subarray(0, this.#scratch.write(text));
  }

  /** What is left of the last text, or bytes, may be somebody's memory. */
  #keepLast(): void {
    const last = this.#aside.length - 1;
    this.#aside[last] = Buffer.from(this.#aside[last] as Buffer);
  }

  /** Holds the process up until no more than `most` is left aside, or the reader has not read for too long. */
  #writeUntil(most: number): void {
    let pauseMs = SHORTEST_PAUSE_MS;
    let waitedMs = 0;
    for (let isMoving = this.#writeSome(); this.#size > most && waitedMs < PATIENCE_MS; isMoving = this.#writeSome()) {
      if (isMoving) [pauseMs, waitedMs] = [SHORTEST_PAUSE_MS, 0];
      this.#time.hold(pauseMs);
      waitedMs += pauseMs;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
    if (this.#size > most) this.#most = this.#size + MOST_ASIDE;
  }

  #writeIn(delayMs: number): () => void {
    return this.#time.clock.schedule(delayMs, () => {
      const isMoving = this.#writeSome();
      const next = isMoving ? SHORTEST_DELAY_MS : Math.min(2 * delayMs, LONGEST_DELAY_MS);
      this.#stopTimer = this.#size > 0 ? this.#writeIn(next) : undefined;
    });
  }

  /** As much as the pipe takes now. @returns whether it took anything */
  #writeSome(): boolean {
    let isMoving = false;
    try {
      while (this.#size > 0) {
        const pieces = this.#aside.length > MOST_PIECES ? this.#aside.slice(0, MOST_PIECES) : this.#aside;
        const asked = pieces.reduce((sum, { length }) => sum + length, 0);
        const taken = writevSync(this.#stream.fd, pieces);
        this.#drop(taken);
        isMoving = true;
        // It is full now. To ask once more would say so with an error, which costs more than all the rest.
        if (taken < asked) break;
      }
    } catch (error) {
      // Whose fault it is, the stream will find out.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.release();
    }
    if (this.#size <= MOST_ASIDE) this.#most = MOST_ASIDE;
    return isMoving;
  }

  #drop(taken: number): void {
    this.#size -= taken;
    let rest = taken;
    let whole = 0;
    for (let piece = this.#aside[0]; piece !== undefined && rest >= piece.length; piece = this.#aside[whole]) {
      rest -= piece.length;
      whole++;
    }
    this.#aside = this.#aside.slice(whole);
    const [first] = this.#aside;
    if (first !== undefined) this.#aside[0] = first.subarray(rest);
  }
}

/** How a command writes to a standard stream. */
export interface StreamWriter {
  write(text: string | Uint8Array): void;
  /** The command is over. */
  release(): void;
}

/** Any other stream than a pipe is written to as it is. */
export function steadyOutput(stdout: NodeJS.WriteStream & { readonly fd: number }, write: (text: string | Uint8Array) => void): StreamWriter {
  return isPipe(stdout) ? new SteadyOutput({ fd: stdout.fd, write }) : { write, release() {} };
}

function isPipe(stream: NodeJS.WriteStream): boolean {
  return (stream as { readonly _type?: string })._type === 'pipe';
}
