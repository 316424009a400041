import { describe, MillraceError } from '../../base/error.js';
import type { LogRow } from '../../model/records.js';
import { LOG_LEVELS } from '../look.js';
import type { SqliteConnection } from './connection.js';
import { insertInto, insertRows } from './insert.js';
import type { SqlRow, SqlValue } from './statement.js';

/**
 * Lines of a log as rows: those of one attempt and one level that were written together are one row, for a task may print a million. Whatever is asked
 * for by task, attempt or level, whole rows answer it, and an index leads to them. Rows may interleave, but none reaches further than `SPAN`.
 */

/** From its first line to its last a row reaches over fewer lines of the run than this. */
export const SPAN = 1_024;
/** A row is closed when its texts are longer together, in characters: a page of a log should not have to read much more than it shows. */
const MOST_CHARACTERS = 131_072;
/** So few times are plain text; more are the bytes of doubles, which cost a twentieth. */
const FEW_TIMES = 8;

export const PACK_COLUMNS = 'run, first_seq, last_seq, level, node, attempt, seqs, times, texts'.split(', ');
const INSERT = insertInto('log_pack', PACK_COLUMNS, 'DO NOTHING');

interface OpenPack {
  readonly level: number;
  readonly node: string | null;
  readonly attempt: number | null;
  readonly rows: LogRow[];
  characters: number;
}

/** Inside a transaction. Lines that are there already are left as they are. @throws MillraceError `RECORD_VALUE_INVALID` */
export function writeLogs(connection: SqliteConnection, run: number, lines: readonly LogRow[]): void {
  if (lines.length === 0) return;
  const packs = packed(newLines(connection, run, inOrder(lines)));
  insertRows(connection, INSERT, packs, (into, pack) => putPack(into, run, pack));
}

/** By rising `seq`, as they come unless somebody mixes them. */
export function inOrder(lines: readonly LogRow[]): readonly LogRow[] {
  for (let at = 1; at < lines.length; at++) {
    if ((lines[at] as LogRow).seq > (lines[at - 1] as LogRow).seq) continue;
    const first = new Map<number, LogRow>();
    for (const line of lines) if (!first.has(line.seq)) first.set(line.seq, line);
    return [...first.values()].sort((a, b) => a.seq - b.seq);
  }
  return lines;
}

function newLines(connection: SqliteConnection, run: number, lines: readonly LogRow[]): readonly LogRow[] {
  const [from, to] = [(lines[0] as LogRow).seq, (lines.at(-1) as LogRow).seq];
  const near = connection.prepare(
    `SELECT ${PACK_COLUMNS.join(', ')} FROM log_pack WHERE run = ? AND first_seq > ? AND first_seq <= ? AND last_seq >= ?`,
  );
  const known = new Set(near.all([run, from - SPAN, to, from]).flatMap((row) => seqsOf(row)));
  return known.size === 0 ? lines : lines.filter(({ seq }) => !known.has(seq));
}

export function packed(lines: readonly LogRow[]): readonly OpenPack[] {
  const packs: OpenPack[] = [];
  const open = new Map<string, OpenPack>();
  let last: OpenPack | undefined;
  for (const line of lines) {
    if (!Number.isFinite(line.at)) throw notFinite(line.at);
    // Mostly the line before was of the same task.
    let pack = last !== undefined && belongs(last, line) ? last : open.get(kindOf(line));
    if (pack === undefined || isFull(pack, line)) {
      pack = { level: LOG_LEVELS.indexOf(line.level), node: line.node ?? null, attempt: line.attempt ?? null, rows: [], characters: 0 };
      packs.push(pack);
      open.set(kindOf(line), pack);
    }
    pack.rows.push(line);
    pack.characters += line.text.length;
    last = pack;
  }
  return packs;
}

function belongs(pack: OpenPack, { level, node, attempt }: LogRow): boolean {
  return pack.node === (node ?? null) && pack.attempt === (attempt ?? null) && LOG_LEVELS[pack.level] === level;
}

function kindOf({ level, node, attempt }: LogRow): string {
  return `${level} ${attempt ?? ''} ${node === undefined ? '' : `=${node}`}`;
}

function isFull({ rows, characters }: OpenPack, { seq, text }: LogRow): boolean {
  return seq - (rows[0] as LogRow).seq >= SPAN || characters + text.length > MOST_CHARACTERS;
}

export function putPack(into: SqlValue[], run: number, { rows, level, node, attempt }: OpenPack): void {
  const first = (rows[0] as LogRow).seq;
  const last = (rows.at(-1) as LogRow).seq;
  const seqs = last - first + 1 === rows.length ? null : JSON.stringify(rows.map(({ seq }) => seq - first));
  into.push(run, first, last, level, node, attempt, seqs, timesText(rows), JSON.stringify(rows.map(({ text }) => text)));
}

function timesText(rows: readonly LogRow[]): string {
  if (rows.length < FEW_TIMES) return JSON.stringify(rows.map(({ at }) => at));
  const times = new Float64Array(rows.length);
  for (let place = 0; place < rows.length; place++) times[place] = (rows[place] as LogRow).at;
  return Buffer.from(times.buffer).toString('base64');
}

function timesOf(text: string): ArrayLike<number> {
  if (text.startsWith('[')) return JSON.parse(text) as number[];
  // In memory of its own: eight bytes are to lie at a multiple of eight.
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float64Array(bytes.buffer);
}

export function seqsOf([, first, last, , , , seqs]: SqlRow): number[] {
  if (seqs !== null) return (JSON.parse(seqs as string) as number[]).map((offset) => (first as number) + offset);
  return Array.from({ length: (last as number) - (first as number) + 1 }, (_, offset) => (first as number) + offset);
}

/** The lines of a row, in order. @param row all of `PACK_COLUMNS` */
export function unpackLines(row: SqlRow): LogRow[] {
  const [, first, , level, node, attempt, seqs, times, texts] = row;
  const offsets = seqs === null ? undefined : (JSON.parse(seqs as string) as number[]);
  const at = timesOf(times as string);
  const common = {
    level: LOG_LEVELS[level as number] ?? 'info',
    ...(node === null ? undefined : { node: node as string }),
    ...(attempt === null ? undefined : { attempt: attempt as number }),
  };
  return (JSON.parse(texts as string) as string[]).map((text, place) => ({
    seq: (first as number) + (offsets === undefined ? place : (offsets[place] as number)),
    at: at[place] as number,
    text,
    ...common,
  }));
}

function notFinite(value: number): MillraceError {
  return new MillraceError('RECORD_VALUE_INVALID', `expected the time of a log line to be finite; got ${describe(value)}`);
}
