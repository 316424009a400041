import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OWN_FOLDERS } from '../../base/own-files.js';

/** A place in a source file; `line` and `column` count from 1, as editors do. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const LINES_AROUND = 2;
/** Generated or minified lines are longer than any terminal is wide. */
const MAX_LINE = 160;

/** `file:line:column`, which terminals and editors turn into a link. */
export function formatPosition(at: SourcePosition): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** @param offset in characters of the file's text */
export function positionAt(file: string, text: string, offset: number): SourcePosition {
  const before = text.slice(0, offset).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The lines around a place with a caret under it, or undefined when the file cannot be read or has no such line. */
export function sourceFrame(at: SourcePosition): string | undefined {
  let lines: readonly string[];
  try {
    lines = readFileSync(at.file, 'utf8').split(/\r?\n/);
  } catch {
    return undefined;
  }
  if (at.line < 1 || at.line > lines.length) return undefined;
  const first = Math.max(1, at.line - LINES_AROUND);
  let last = Math.min(lines.length, at.line + LINES_AROUND);
  if (last > at.line && lines[last - 1] === '') last--;
  const width = String(last).length;
  const rows: string[] = [];
  for (let line = first; line <= last; line++) {
    const text = lines[line - 1] ?? '';
    rows.push(`${line === at.line ? '>' : ' '} ${String(line).padStart(width)} | ${clip(text)}`.trimEnd());
    if (line === at.line && at.column <= MAX_LINE) rows.push(`  ${' '.repeat(width)} | ${indentLike(text, at.column - 1)}^`);
  }
  return rows.join('\n');
}

/** Tabs stay tabs, so that the caret stands under its character whatever a tab's width. */
function indentLike(text: string, length: number): string {
  return text.slice(0, length).replace(/[^\t]/g, ' ').padEnd(length);
}

function clip(text: string): string {
  return text.length > MAX_LINE ? `${text.slice(0, MAX_LINE - 1)}…` : text;
}

/** Matches the place at the end of a line of `error.stack`: `at load (/a/flow.ts:3:5)` and `at file:///a/flow.ts:3:5`. */
const STACK_FRAME = /^\s+at (?:.*?\()?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/;

/** Where an error came from: the first frame of its stack in a file of the project; not of Node, an installed package, or this one. */
export function originOf(error: Error): SourcePosition | undefined {
  for (const row of (error.stack ?? '').split('\n')) {
    const match = STACK_FRAME.exec(row);
    if (!match) continue;
    const file = toPath(match[1] as string);
    if (file === undefined || isForeign(file)) continue;
    return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

function isForeign(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file) || OWN_FOLDERS.some((folder) => file.replaceAll('\\', '/').startsWith(folder));
}

function toPath(place: string): string | undefined {
  if (!place.startsWith('file://')) return place;
  try {
    return fileURLToPath(place.replace(/[?#].*$/, ''));
  } catch {
    return undefined;
  }
}
