import { inspect } from 'node:util';
import { latePattern } from '../base/late-pattern.js';

/** Replaces the secrets in a text. */
export type Mask = (text: string) => string;

/** What stands for a secret. */
export const SECRET_MASK = '***';

/** Shorter secrets are everywhere in other words: they are masked only where they stand alone. */
const SHORTEST_INSIDE_WORDS = 3;
/** Lines of a secret of several lines (a PEM key) and pieces of base64 count from these lengths on: below, they would match by chance. */
const SHORTEST_LINE = 4;
const SHORTEST_BASE64 = 8;

/**
 * Makes the function that keeps secrets out of everything that is written (S18): each place where one occurs becomes `***`, in its own
 * form and as JSON, `util.inspect`, a URL and base64 (also in the middle of a longer encoded text, as in a `Basic` header) show it.
 * - Overlapping occurrences are masked as a whole: no character of any occurrence is left.
 * - Of a secret of several lines each line of 4 or more characters is masked as well, because logs are kept line by line.
 * - A secret of one or two characters is masked where no letter, digit or underscore touches it; an empty one is none.
 *
 * Without secrets the text itself is returned.
 *
 * @param spelled how each of these forms is written in the texts that are masked: `asLatin1` for bytes read as latin1 @default as it is
 */
export function createMask(secrets: readonly string[], spelled: (form: string) => string = (form) => form): Mask {
  const forms = [...new Set(secrets.flatMap(formsOf).map(spelled))].sort((a, b) => b.length - a.length);
  if (forms.length === 0) return (text) => text;
  return (text) => {
    const spans: Span[] = [];
    for (const form of forms) collect(text, form, spans);
    return spans.length === 0 ? text : withoutSpans(text, spans);
  };
}

/** UTF-8 as it looks to whoever takes each byte for a character. */
export function asLatin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** From `start` up to, not including, `end`. */
interface Span {
  readonly start: number;
  end: number;
}

function collect(text: string, form: string, spans: Span[]): void {
  for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
    const end = at + form.length;
    if (form.length >= SHORTEST_INSIDE_WORDS || standsAlone(text, at, end)) spans.push({ start: at, end });
  }
}

const WORD_AT_END = latePattern(String.raw`[\p{L}\p{N}_]$`, 'u');
const WORD_AT_START = latePattern(String.raw`^[\p{L}\p{N}_]`, 'u');

function standsAlone(text: string, start: number, end: number): boolean {
  // Two code units each side, so that a letter outside the basic plane is seen whole.
  return !WORD_AT_END().test(text.slice(Math.max(0, start - 2), start)) && !WORD_AT_START().test(text.slice(end, end + 2));
}

function withoutSpans(text: string, spans: Span[]): string {
  spans.sort((a, b) => a.start - b.start);
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last !== undefined && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push(span);
  }
  let result = '';
  let from = 0;
  for (const { start, end } of merged) {
    result += text.slice(from, start) + SECRET_MASK;
    from = end;
  }
  return result + text.slice(from);
}

/** Every way a secret may be spelled in a text. */
function formsOf(secret: string): string[] {
  if (secret === '') return [];
  const lines = secret
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== secret && line.length >= SHORTEST_LINE);
  return [secret, ...lines].flatMap((value) => [value, ...quotedForms(value), ...urlForms(value), ...base64Forms(value)]);
}

function quotedForms(value: string): string[] {
  return [JSON.stringify(value).slice(1, -1), inspect(value, { maxStringLength: null, breakLength: Number.POSITIVE_INFINITY }).slice(1, -1)];
}

function urlForms(value: string): string[] {
  // A lone surrogate has no URL form; made well-formed it has the one that URLSearchParams would write.
  const encoded = encodeURIComponent(Buffer.from(value).toString());
  const forms = [encoded, new URLSearchParams({ '': value }).toString().slice(1)];
  return [...forms, ...forms.map((form) => form.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()))];
}

/**
 * Base64 spells three bytes with four characters, so a value looks different at each of three offsets. Characters that also depend on
 * what stands before or after it are left out.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [bytes.toString('base64'), bytes.toString('base64url')].filter((form) => form.length >= SHORTEST_LINE);
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64url');
    const piece = padded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    if (piece.length >= SHORTEST_BASE64) forms.push(piece, piece.replaceAll('-', '+').replaceAll('_', '/'));
  }
  return forms;
}
