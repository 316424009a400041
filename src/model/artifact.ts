/** Where a stored value lies and how to know it again. Digests are lower-case hex of sha256. */
export interface ArtifactRef {
  /** `file:…`, `memory:…`, `s3:…`, or `record:…` for a small result kept in the record's database. */
  readonly uri: string;
  /** The address inside its store. */
  readonly key: string;
  /** sha256 of the stored bytes; verified in full on read (S21, S25). */
  readonly contentDigest: string;
  /** Digest of the value itself, independent of format and key order (S21). */
  readonly valueDigest: string;
  readonly bytes: number;
  /** The name of the serializer that wrote it. */
  readonly format: string;
}

/**
 * How a viewer is to show an artifact. A table is rows, columns or a frame; a plot is a Vega or Vega-Lite spec, or an SVG or HTML text, which its
 * content type tells apart; a file is bytes of any kind; a value is anything else.
 */
export type ArtifactKind = 'table' | 'markdown' | 'image' | 'plot' | 'html' | 'text' | 'file' | 'value';
