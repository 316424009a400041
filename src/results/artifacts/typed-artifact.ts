import { describe, MillraceError } from '../../base/error.js';
import type { ArtifactKind } from '../../model/artifact.js';
import { tableKind } from '../formats/table-kind.js';
import { isSvg, mediaTypeOfBytes, mediaTypeOfPath } from './media-type.js';
import { asSpec, isFigure } from './plot-spec.js';

/** A value that says how it is to be shown: for `ctx().artifact`. Made by `table`, `markdown`, `image` and `plot`. */
export interface TypedArtifact {
  readonly kind: ArtifactKind;
}

/** The kinds that users can ask for; what is in it was checked. */
export interface TypedValue extends TypedArtifact {
  readonly value: unknown;
  readonly contentType: string | undefined;
}

/** Shared by every copy of the package in the process. */
const TYPED = Symbol.for('millrace.artifact');

export function typedValueOf(value: unknown): TypedValue | undefined {
  return typeof value === 'object' && value !== null && TYPED in value ? (value as unknown as TypedValue) : undefined;
}

function typed(kind: ArtifactKind, value: unknown, contentType?: string): TypedArtifact {
  return Object.freeze({ [TYPED]: true, kind, value, contentType });
}

/**
 * A text in Markdown.
 * @example await ctx().artifact('summary', markdown(`**${rows.length}** rows`))
 * @throws MillraceError `ARTIFACT_INVALID`
 */
export function markdown(text: string): TypedArtifact {
  if (typeof text === 'string') return typed('markdown', text);
  throw invalid('markdown', 'a text', text);
}

/**
 * A table: a list of row objects, an object of columns, a polars DataFrame, an Arrow or an arquero table. Lists of plain rows and frames need
 * no `table` around them.
 * @throws MillraceError `ARTIFACT_INVALID`
 */
export function table(rows: object): TypedArtifact {
  if (tableKind(rows) !== undefined) return typed('table', rows);
  throw invalid('table', 'a list of row objects, columns, or a frame', rows);
}

/**
 * An image: bytes (PNG, JPEG, GIF and WebP are known by how they begin), the text of an SVG, or `file(path)`.
 * @param options.contentType of an image in another format
 * @throws MillraceError `ARTIFACT_INVALID`
 */
export function image(value: Uint8Array | string | { readonly path: string }, options: { readonly contentType?: string } = {}): TypedArtifact {
  const { contentType } = options;
  if (contentType !== undefined && !/^image\/[\w.+-]+$/.test(contentType)) throw invalid('image', "a contentType such as 'image/avif'", contentType);
  const isImage =
    typeof value === 'string'
      ? isSvg(value)
      : value instanceof Uint8Array
        ? mediaTypeOfBytes(value).kind === 'image' || contentType !== undefined
        : typeof value?.path === 'string' && (mediaTypeOfPath(value.path).kind === 'image' || contentType !== undefined);
  if (isImage) return typed('image', value, contentType);
  throw invalid('image', 'bytes of a PNG, JPEG, GIF or WebP image, the text of an SVG, or a file of such', value);
}

/**
 * A plot: a Vega-Lite or Vega spec (one without `$schema` is taken for Vega-Lite), or a figure of Observable Plot or anything else that has an
 * `outerHTML`.
 * @throws MillraceError `ARTIFACT_INVALID`
 */
export function plot(spec: object): TypedArtifact {
  if (isFigure(spec) || asSpec(spec) !== undefined) return typed('plot', spec);
  throw invalid('plot', 'a Vega-Lite or Vega spec, or a figure with an outerHTML', spec);
}

function invalid(maker: string, expected: string, got: unknown): MillraceError {
  const shown = got instanceof Uint8Array ? `${got.length} other bytes` : describe(got);
  return new MillraceError('ARTIFACT_INVALID', `${maker}() expects ${expected}; got ${shown}`);
}
