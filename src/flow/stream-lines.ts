import { StringDecoder } from 'node:string_decoder';

/** A line longer than this, in UTF-16 code units, goes on in a line of its own: memory is bounded, and nothing is lost. */
const MAX_LINE = 32_768;

/** Makes lines out of the bytes of a stream, as they come. Of a line that is drawn anew with `\r`, as progress bars are, the last drawing counts. */
export class StreamLines {
  readonly #emit: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  write(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#tell(line);
    if (this.#rest.length > MAX_LINE) this.#shorten();
  }

  /** The stream has ended: so has its last line. */
  end(): void {
    const last = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (last !== '') this.#tell(last);
  }

  #tell(line: string): void {
    const drawn = lastDrawing(line.endsWith('\r') ? line.slice(0, -1) : line);
    for (let start = 0; start === 0 || start < drawn.length; start += MAX_LINE) this.#emit(drawn.slice(start, start + MAX_LINE));
  }

  #shorten(): void {
    const drawn = lastDrawing(this.#rest);
    const whole = drawn.length - (drawn.length % MAX_LINE);
    if (whole > 0) this.#tell(drawn.slice(0, whole));
    this.#rest = drawn.slice(whole);
  }
}

/** A `\r` at the very end may be half of a line's end. */
function lastDrawing(line: string): string {
  return line.slice(line.lastIndexOf('\r', line.length - 2) + 1);
}
