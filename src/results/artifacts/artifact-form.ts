import { MillraceError } from '../../base/error.js';
import type { ArtifactKind } from '../../model/artifact.js';
import type { Serializer } from '../../model/serializer.js';
import { serializerFor, serializerForExtension } from '../formats/built-in.js';
import { BYTE_STREAM } from '../formats/byte-stream.js';
import { bytes } from '../formats/bytes.js';
import { csv } from '../formats/csv.js';
import { frameKind, tableKind } from '../formats/table-kind.js';
import { text } from '../formats/text.js';
import { json } from '../json.js';
import { csvFormatOf } from './file-table.js';
import { HTML, isSvg, MARKDOWN, type MediaType, mediaTypeOfBytes, mediaTypeOfPath, PLAIN_TEXT, SVG } from './media-type.js';
import { asSpec, isFigure, isSpec, svgFile } from './plot-spec.js';
import { typedValueOf } from './typed-artifact.js';

/** How a value is shown and stored that a task gives beside its result. */
export interface ArtifactForm {
  readonly kind: ArtifactKind;
  readonly contentType: string;
  /** What the serializer is handed: a text, bytes, a stream of bytes, or the value itself. */
  readonly value: unknown;
  readonly serializer: Serializer;
  /** The name of the format it is read back by, where that is not the serializer's: a file is stored as it is. */
  readonly format: string | undefined;
}

/** A file on disk, as `file(path)` makes it. */
interface FileLike {
  readonly path: string;
  readonly digest: string;
  /** Between the cells of a CSV file, where whoever gives it knows. */
  readonly delimiter?: string | undefined;
  stream(): AsyncIterable<Uint8Array>;
}

/**
 * What a value is, by what it looks like, unless it says so itself (`markdown`, `table` …) or a serializer is given with it.
 * @throws MillraceError `ARTIFACT_INVALID`
 */
export function formOf(value: unknown, serializer?: Serializer): ArtifactForm {
  const typed = typedValueOf(value);
  if (typed !== undefined) return ofKind(typed.kind, typed.value, typed.contentType, serializer);
  if (serializer !== undefined) return { ...stored(value, serializer), kind: kindOf(value, serializer) };
  if (typeof value === 'string') return isSvg(value) ? asText(value, SVG) : asText(value, PLAIN_TEXT);
  if (typeof value !== 'object' || value === null) return stored(value, json());
  if (value instanceof Uint8Array) return asBytes(value, mediaTypeOfBytes(value));
  if (value instanceof ArrayBuffer) return formOf(new Uint8Array(value));
  if (isFileLike(value)) return ofFile(value);
  if (isSpec(value)) return ofKind('plot', value, undefined, undefined);
  if (isFigure(value)) return ofFigure(value.outerHTML);
  const chosen = serializerFor(value, undefined);
  return { ...stored(value, chosen), kind: kindOf(value, chosen) };
}

/** Forms of files whose content says how it is to be read. */
export async function completed(form: ArtifactForm, value: unknown): Promise<ArtifactForm> {
  if (form.format !== csv().name || typeof value !== 'object' || value === null || !isFileLike(value)) return form;
  return { ...form, format: await csvFormatOf(value.stream(), value.delimiter) };
}

function ofKind(kind: ArtifactKind, value: unknown, contentType: string | undefined, serializer: Serializer | undefined): ArtifactForm {
  if (kind === 'markdown') return asText(value as string, MARKDOWN);
  if (kind === 'plot') return isFigure(value) ? ofFigure(value.outerHTML) : ofSpec(value as object);
  if (kind === 'table') return { ...stored(value, serializer ?? serializerFor(value, undefined)), kind };
  const form = formOf(value, serializer);
  return { ...form, kind, contentType: contentType ?? form.contentType };
}

function stored(value: unknown, serializer: Serializer): ArtifactForm {
  return { kind: 'value', contentType: serializer.contentType ?? 'application/octet-stream', value, serializer, format: undefined };
}

function asText(value: string, { kind, contentType, ext }: MediaType): ArtifactForm {
  return { kind, contentType, value, serializer: under(text(), ext), format: undefined };
}

function asBytes(value: Uint8Array, { kind, contentType, ext }: MediaType): ArtifactForm {
  const plain = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return { kind, contentType, value: plain, serializer: under(bytes(), ext), format: undefined };
}

function ofSpec(value: object): ArtifactForm {
  const { spec, contentType } = asSpec(value) ?? {};
  if (spec === undefined || contentType === undefined) throw new MillraceError('ARTIFACT_INVALID', 'the plot is no Vega or Vega-Lite spec');
  return { kind: 'plot', contentType, value: spec, serializer: json(), format: undefined };
}

function ofFigure(outerHtml: string): ArtifactForm {
  const isImage = isSvg(outerHtml);
  return { ...asText(isImage ? svgFile(outerHtml) : outerHtml, isImage ? SVG : HTML), kind: 'plot' };
}

/** Its bytes are stored as they are; read back, they are what its kind of file holds. */
function ofFile(value: FileLike): ArtifactForm {
  const { kind, contentType, ext } = mediaTypeOfPath(value.path);
  const serializer = kind === 'image' ? bytes() : serializerForExtension(`.${ext}`);
  const isKnown = serializer !== undefined && serializer.name !== 'v8' && ext !== 'bin';
  return {
    kind,
    contentType,
    value: value.stream(),
    serializer: under(BYTE_STREAM, ext),
    format: kind === 'image' ? bytes().name : isKnown ? serializer.name : BYTE_STREAM.name,
  };
}

function kindOf(value: unknown, { contentType = '' }: Serializer): ArtifactKind {
  if (/^text\/(?:csv|tab)|parquet|arrow/.test(contentType) || frameKind(value) !== undefined || isListOfRows(value)) return 'table';
  if (/^text\//.test(contentType)) return 'text';
  return contentType === 'application/octet-stream' ? 'file' : 'value';
}

const ROWS_LOOKED_AT = 20;

/** Plain rows whose cells are no lists or objects: what a person would call a table. */
function isListOfRows(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || tableKind(value) !== 'rows') return false;
  return value.slice(0, ROWS_LOOKED_AT).every((row: object) => Object.values(row).every((cell) => isCell(cell)));
}

function isCell(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof Date;
}

function isFileLike(value: object): value is FileLike {
  const { path, digest, stream } = value as Partial<FileLike>;
  return typeof path === 'string' && typeof digest === 'string' && typeof stream === 'function';
}

const UNDER = new Map<string, Serializer>();

/** The same, in files of another extension. One object for each, so that it proves itself once. */
function under(serializer: Serializer, ext: string): Serializer {
  const key = `${serializer.name}.${ext}`;
  const known = UNDER.get(key) ?? Object.freeze({ ...serializer, ext });
  UNDER.set(key, known);
  return known;
}
