import type { ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair, StreamPipeOptions, WritableStream } from 'node:stream/web';

/** That of Node, which need not be imported: most runs have no streams. */
const NodeStream = globalThis.ReadableStream as typeof import('node:stream/web').ReadableStream;

/** Where the bytes of a stored stream come from; called once for each time they are read. */
export type OpenBytes = () => AsyncIterable<Uint8Array>;

/**
 * What a task gets of an earlier one that returned a stream: the stored bytes. Unlike other streams it can be read any number of times, by
 * several at once: each reader, loop and pipe begins at the beginning. What was read is verified: when the stored bytes are not what was
 * written, reading ends with MillraceError `RESULT_CORRUPTED`.
 */
export class ResultStream extends NodeStream<Uint8Array> {
  /** How many there are in all. */
  readonly bytes: number;
  readonly #open: OpenBytes;

  constructor(bytes: number, open: OpenBytes) {
    super(lazily(open), { highWaterMark: 0 });
    this.bytes = bytes;
    this.#open = open;
  }

  /** An ordinary stream of the bytes, from the beginning: for what takes a stream over, such as `Readable.fromWeb`. */
  stream(): ReadableStream<Uint8Array> {
    return new NodeStream(lazily(this.#open), { highWaterMark: 0 });
  }

  /** All of them in memory. */
  async read(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#open()) pieces.push(piece);
    return new Uint8Array(Buffer.concat(pieces, this.bytes));
  }

  /** All of them as UTF-8. */
  async text(): Promise<string> {
    return Buffer.from(await this.read()).toString();
  }

  override get locked(): boolean {
    return false;
  }

  override getReader(): ReadableStreamDefaultReader<Uint8Array>;
  override getReader(options: { mode: 'byob' }): never;
  override getReader(options?: { mode: 'byob' }): ReadableStreamDefaultReader<Uint8Array> {
    return this.stream().getReader(options as never) as unknown as ReadableStreamDefaultReader<Uint8Array>;
  }

  override values(options?: { preventCancel?: boolean }): ReturnType<ReadableStream<Uint8Array>['values']> {
    return this.stream().values(options);
  }

  override [Symbol.asyncIterator](): ReturnType<ReadableStream<Uint8Array>['values']> {
    return this.values();
  }

  override pipeTo(destination: WritableStream, options?: StreamPipeOptions): Promise<void> {
    return this.stream().pipeTo(destination, options);
  }

  override pipeThrough<T>(transform: ReadableWritablePair<T, Uint8Array>, options?: StreamPipeOptions): ReadableStream<T> {
    return this.stream().pipeThrough(transform, options);
  }

  override tee(): [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>] {
    return [this.stream(), this.stream()];
  }

  /** Nothing is open that could be closed. */
  override async cancel(): Promise<void> {}
}

/** Opens nothing until somebody reads. */
function lazily(open: OpenBytes): { pull(controller: { enqueue(piece: Uint8Array): void; close(): void }): Promise<void>; cancel(): Promise<void> } {
  let iterator: AsyncIterator<Uint8Array> | undefined;
  return {
    async pull(controller) {
      iterator ??= open()[Symbol.asyncIterator]();
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator?.return?.();
    },
  };
}
