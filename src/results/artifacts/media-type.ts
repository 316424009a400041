import type { ArtifactKind } from '../../model/artifact.js';

/** What bytes are, as far as viewers care. */
export interface MediaType {
  readonly kind: ArtifactKind;
  readonly contentType: string;
  /** File extension without the dot. */
  readonly ext: string;
}

export const SVG: MediaType = { kind: 'image', contentType: 'image/svg+xml', ext: 'svg' };
const UTF8 = '; charset=utf-8';
export const MARKDOWN: MediaType = { kind: 'markdown', contentType: `text/markdown${UTF8}`, ext: 'md' };
export const HTML: MediaType = { kind: 'html', contentType: `text/html${UTF8}`, ext: 'html' };
export const PLAIN_TEXT: MediaType = { kind: 'text', contentType: `text/plain${UTF8}`, ext: 'txt' };
const UNKNOWN: MediaType = { kind: 'file', contentType: 'application/octet-stream', ext: 'bin' };

/** By their first bytes: `?` stands for any. */
const MAGIC: readonly (readonly [begins: string, type: MediaType])[] = [
  ['\x89PNG\r\n\x1a\n', { kind: 'image', contentType: 'image/png', ext: 'png' }],
  ['\xff\xd8\xff', { kind: 'image', contentType: 'image/jpeg', ext: 'jpg' }],
  ['GIF8', { kind: 'image', contentType: 'image/gif', ext: 'gif' }],
  ['RIFF????WEBP', { kind: 'image', contentType: 'image/webp', ext: 'webp' }],
  ['%PDF-', { kind: 'file', contentType: 'application/pdf', ext: 'pdf' }],
  ['PK\x03\x04', { kind: 'file', contentType: 'application/zip', ext: 'zip' }],
  ['PAR1', { kind: 'file', contentType: 'application/vnd.apache.parquet', ext: 'parquet' }],
];

/** What may stand before the first tag of an SVG file. */
const SVG_TEXT = /^\ufeff?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*(?:<!DOCTYPE[^>]*>\s*)?<svg[\s>]/i;
const ENOUGH = 1_024;

export function mediaTypeOfBytes(bytes: Uint8Array): MediaType {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, ENOUGH));
  const text = start.toString('latin1');
  const found = MAGIC.find(([begins]) => [...begins].every((byte, at) => byte === '?' || text[at] === byte));
  if (found !== undefined) return found[1];
  return isSvg(start.toString()) ? SVG : UNKNOWN;
}

export function isSvg(text: string): boolean {
  return SVG_TEXT.test(text.slice(0, ENOUGH));
}

const BY_EXTENSION: Readonly<Record<string, Omit<MediaType, 'ext'>>> = {
  png: { kind: 'image', contentType: 'image/png' },
  jpg: { kind: 'image', contentType: 'image/jpeg' },
  jpeg: { kind: 'image', contentType: 'image/jpeg' },
  gif: { kind: 'image', contentType: 'image/gif' },
  webp: { kind: 'image', contentType: 'image/webp' },
  svg: SVG,
  md: MARKDOWN,
  markdown: MARKDOWN,
  html: HTML,
  htm: HTML,
  txt: PLAIN_TEXT,
  log: PLAIN_TEXT,
  csv: { kind: 'table', contentType: `text/csv${UTF8}` },
  tsv: { kind: 'table', contentType: `text/tab-separated-values${UTF8}` },
  parquet: { kind: 'table', contentType: 'application/vnd.apache.parquet' },
  arrow: { kind: 'table', contentType: 'application/vnd.apache.arrow.file' },
  feather: { kind: 'table', contentType: 'application/vnd.apache.arrow.file' },
  json: { kind: 'value', contentType: 'application/json' },
  pdf: { kind: 'file', contentType: 'application/pdf' },
  zip: { kind: 'file', contentType: 'application/zip' },
};

/** Of a file, by the end of its name. */
export function mediaTypeOfPath(path: string): MediaType {
  const ext = /\.([A-Za-z0-9]{1,12})$/.exec(path)?.[1]?.toLowerCase();
  if (ext === undefined) return UNKNOWN;
  const known = Object.hasOwn(BY_EXTENSION, ext) ? BY_EXTENSION[ext] : undefined;
  return { kind: known?.kind ?? 'file', contentType: known?.contentType ?? UNKNOWN.contentType, ext };
}

/** Whether a person could read the bytes, and a secret in them. */
export function isTextual(contentType: string): boolean {
  return /^text\/|[/+](?:json|xml|javascript)\b/.test(contentType);
}
