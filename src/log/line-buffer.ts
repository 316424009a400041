import { StringDecoder } from 'node:string_decoder';
import type { LogLevel } from '../model/event.js';
import type { Mask } from './mask.js';

/** Takes one line, without its end. */
export type EmitLine = (level: LogLevel, text: string) => void;

/** A line longer than this, in UTF-16 code units, is cut. */
export const MAX_LINE_LENGTH = 65_536;
/** Kept beyond the limit until the line is complete, so that a secret that lies across it is still seen whole and masked. */
const SLACK = 16_384;

const CARRIAGE_RETURN = 13;

/**
 * Makes lines out of what is written to a stream in pieces of any kind. An unfinished line waits for its end, or for `flush`.
 * - A line has the level of the write that ends it.
 * - `\n` and `\r\n` end a line. A write that begins or ends with a lone `\r` draws its line anew, as progress bars do: only the last
 *   drawing is kept, so a bar costs one line and not a thousand.
 * - Memory is bounded: a line over `MAX_LINE_LENGTH` is cut and says so.
 */
export class LineBuffer {
  readonly #emit: EmitLine;
  readonly #mask: Mask | undefined;
  #decoder: StringDecoder | undefined;
  #pending = '';
  /** How many characters of the pending line were not kept. */
  #dropped = 0;

  constructor(emit: EmitLine, options: { readonly mask?: Mask } = {}) {
    this.#emit = emit;
    this.#mask = options.mask;
  }

  /** Bytes are UTF-8; a character may lie across two writes. */
  write(chunk: string | Uint8Array, level: LogLevel): void {
    const text = typeof chunk === 'string' ? this.#endOfBytes() + chunk : this.#decode(chunk);
    if (text === '') return;
    if (this.#redraws(text)) this.#forget();
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#append(text.slice(start, end));
      this.#end(level);
      start = end + 1;
    }
    this.#append(start === 0 ? text : text.slice(start));
  }

  /** As `write` of this text and the end of a line. */
  writeLine(text: string, level: LogLevel): void {
    // Nearly always: nothing is to be joined, cut or split.
    const isWhole = this.#pending === '' && this.#decoder === undefined && text.length <= MAX_LINE_LENGTH;
    if (isWhole && !text.includes('\n') && !text.includes('\r')) this.#emit(level, text);
    else this.write(`${text}\n`, level);
  }

  /** Emits what waits for the end of its line, if anything does. */
  flush(level: LogLevel): void {
    this.#append(this.#endOfBytes());
    if (withoutReturns(this.#pending) !== '') this.#end(level);
    else this.#forget();
  }

  #decode(bytes: Uint8Array): string {
    this.#decoder ??= new StringDecoder('utf8');
    return this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** A replacement character when bytes of an unfinished character are left. */
  #endOfBytes(): string {
    return this.#decoder === undefined ? '' : this.#decoder.end();
  }

  #redraws(text: string): boolean {
    if (this.#pending === '') return false;
    if (this.#pending.endsWith('\r')) return !text.startsWith('\n');
    // `\r` alone may be the first half of `\r\n`: the next write will tell.
    return text.length > 1 && text.startsWith('\r') && text[1] !== '\n';
  }

  #append(piece: string): void {
    const room = MAX_LINE_LENGTH + SLACK - this.#pending.length;
    if (piece.length <= room) {
      this.#pending += piece;
      return;
    }
    this.#dropped += piece.length - room;
    this.#pending = copied(this.#pending + piece.slice(0, room));
  }

  #end(level: LogLevel): void {
    const whole = withoutReturns(this.#pending);
    const dropped = this.#dropped;
    this.#forget();
    this.#emit(level, whole.length <= MAX_LINE_LENGTH && dropped === 0 ? whole : this.#cut(whole, dropped));
  }

  #cut(line: string, dropped: number): string {
    const masked = this.#mask === undefined ? line : this.#mask(line);
    let length = Math.min(MAX_LINE_LENGTH, masked.length);
    if (isHighSurrogate(masked.charCodeAt(length - 1))) length -= 1;
    const missing = masked.length - length + dropped;
    return missing === 0 ? masked : `${masked.slice(0, length)} … [line cut, ${missing} more characters]`;
  }

  #forget(): void {
    this.#pending = '';
    this.#dropped = 0;
  }
}

function withoutReturns(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && line.charCodeAt(start) === CARRIAGE_RETURN) start += 1;
  while (end > start && line.charCodeAt(end - 1) === CARRIAGE_RETURN) end -= 1;
  return end - start === line.length ? line : line.slice(start, end);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

/** A slice keeps the whole string it was taken from in memory; a copy does not. */
function copied(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
