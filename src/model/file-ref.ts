/** A file by its path and its content. */
export interface FileRef {
  /** Absolute. */
  readonly path: string;
  /** sha256 of the content, as 64 characters of hex. */
  readonly digest: string;
  readonly bytes: number;
  /** The content as UTF-8. @throws MillraceError `FILE_CHANGED`, `FILE_MISSING` when it is not what it was when this was made */
  text(): Promise<string>;
  /** @throws MillraceError `FILE_CHANGED`, `FILE_MISSING` */
  read(): Promise<Uint8Array>;
  /** Piece by piece. Whether the content is still the same shows at the end: then the stream fails with `FILE_CHANGED`. */
  stream(): ReadableStream<Uint8Array>;
}
