import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { MillraceError } from '../../base/error.js';
import { jsonValue } from '../../base/json-value.js';
import { nearest } from '../../base/nearest.js';
import { terminalText } from '../../log/terminal-text.js';
import { isTextual } from '../../results/artifacts/media-type.js';
import { shownTable } from '../../results/artifacts/shown-table.js';
import type { RunArtifact } from '../../runs/run-record.js';
import type { SideResults } from '../../runs/side-results.js';
import { formatBytes } from '../amounts.js';
import { coloursFor } from '../colours.js';
import type { OpenedRecord, ValuePreview } from '../open-record.js';
import { jsonNumber } from '../side-report.js';
import { formatTable } from '../table.js';
import { type Terminal, widthOf } from '../terminal.js';

/** What is shown of an artifact, or a metric, and where it goes. */
export interface ArtifactRequest {
  /** What was looked at, for people: a run or one of its tasks. */
  readonly path: string;
  readonly given: SideResults;
  readonly nameAt: (index: number) => string;
  /** The file that its bytes are written to, `-` for the standard output; undefined to show it. */
  readonly output: string | undefined;
  readonly json: boolean;
}

/** Values of more bytes are not read to be shown. */
const SHOWN_BYTES = 4_000_000;
const SHOWN_ROWS = 20;

/** @throws MillraceError `ARTIFACT_UNKNOWN`, `ARTIFACT_AMBIGUOUS`, and what reading and writing throw */
export async function inspectArtifact(name: string, request: ArtifactRequest, project: OpenedRecord, terminal: Terminal): Promise<void> {
  const artifact = chosen(name, 'artifact', request.given.artifacts, request);
  const { output, json } = request;
  if (output !== undefined) return await write(artifact, output, project, terminal);
  const preview = await previewOf(artifact, project);
  const print = (text: string): void => void terminal.out.write(`${text}\n`);
  if (json) {
    const value = preview?.found === true ? plainValue(preview.value) : undefined;
    return print(JSON.stringify({ of: request.nameAt(artifact.index), ...artifact, value }, jsonValue, 2));
  }
  print(preview?.found === true ? shown(artifact, preview.value, terminal) : `${about(artifact)}: ${preview?.why}; -o <file> writes it`);
}

/** A file that is not what its name says, a ragged table, is at least a text. */
async function previewOf({ index, ref, contentType }: RunArtifact, project: OpenedRecord): Promise<ValuePreview | undefined> {
  const preview = async (format: string) => await project.preview([{ index, name: '', ref: { ...ref, format } }], SHOWN_BYTES);
  const found = await preview(ref.format);
  if (found?.found !== false || !isTextual(contentType)) return found;
  const asText = await preview('text');
  return asText?.found === true ? asText : found;
}

/** Points as CSV, or as JSON. @throws MillraceError `ARTIFACT_UNKNOWN`, `ARTIFACT_AMBIGUOUS` */
export function inspectMetric(name: string, request: ArtifactRequest, terminal: Terminal): void {
  const { index, points, ...series } = chosen(name, 'metric', request.given.metrics, request);
  const { steps = [], values = [] } = points ?? {};
  if (request.json) {
    const last = { ...series.last, value: jsonNumber(series.last.value) };
    const document = { of: request.nameAt(index), ...series, last, points: { steps, values: values.map(jsonNumber) } };
    return void terminal.out.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  const lines = steps.map((step, at) => `${step},${values[at]}`);
  terminal.out.write(`${['step,value', ...lines].join('\n')}\n`);
}

function chosen<Row extends { readonly index: number; readonly name: string }>(
  name: string,
  what: 'artifact' | 'metric',
  rows: readonly Row[],
  { path, nameAt }: ArtifactRequest,
): Row {
  const named = rows.filter((row) => row.name === name);
  const [only, another] = named;
  if (only === undefined) {
    const names = [...new Set(rows.map((row) => row.name))];
    const guess = nearest(name, names);
    const hint =
      guess !== undefined ? `did you mean '${guess}'?` : names.length > 0 ? `it has ${names.slice(0, 8).join(', ')}` : `it has no ${what}s`;
    throw new MillraceError('ARTIFACT_UNKNOWN', `${path} has no ${what} '${name}'`, { hint });
  }
  if (another === undefined) return only;
  const givers = named.slice(0, 8).map(({ index }) => nameAt(index));
  throw new MillraceError('ARTIFACT_AMBIGUOUS', `${named.length} task runs of ${path} gave ${what === 'artifact' ? 'an' : 'a'} ${what} '${name}'`, {
    hint: `name one of them, as in <run>/${givers[0]}: ${givers.join(', ')}`,
  });
}

function about({ name, kind, contentType, ref }: RunArtifact): string {
  return `${terminalText(name)} (${kind}, ${contentType}, ${formatBytes(ref.bytes)})`;
}

function shown(artifact: RunArtifact, value: unknown, terminal: Terminal): string {
  const colours = coloursFor(terminal.out, terminal.env);
  if (typeof value === 'string') return value.split(/\r?\n/).map(terminalText).join('\n');
  const table = artifact.kind === 'table' ? shownTable(value, SHOWN_ROWS) : undefined;
  if (table !== undefined) {
    const columns = table.columns.map((title) => ({ title: terminalText(title) }));
    const rows = table.rows.map((row) => row.map(cellText));
    const more = table.total > rows.length ? [colours.dim(`${rows.length} of ${table.total} rows`)] : [];
    return [formatTable(columns, rows, { width: widthOf(terminal.out), paintTitle: colours.dim }), ...more].join('\n');
  }
  const isOpaque = value instanceof Uint8Array || value instanceof ReadableStream;
  if (isOpaque) return `${about(artifact)}; -o <file> writes it`;
  return inspect(value, { depth: 6, maxArrayLength: 100, breakLength: 100, colors: colours.isColorSupported });
}

/** Rows for a frame; nothing for what JSON cannot hold. */
function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array || value instanceof ReadableStream) return undefined;
  const frame = Array.isArray(value) ? undefined : shownTable(value, Number.MAX_SAFE_INTEGER);
  return frame === undefined ? value : frame.rows.map((row) => Object.fromEntries(frame.columns.map((name, at) => [name, row[at]])));
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return terminalText(
    value instanceof Date ? value.toISOString() : typeof value === 'object' ? inspect(value, { breakLength: Infinity }) : String(value),
  );
}

async function write(artifact: RunArtifact, output: string, project: OpenedRecord, terminal: Terminal): Promise<void> {
  const stream = await project.open(artifact.ref);
  if (output === '-') {
    for await (const piece of stream) terminal.out.write(piece);
    return;
  }
  const path = resolve(terminal.cwd, output);
  await writeFileAtomic(path, stream);
  terminal.err.write(`${about(artifact)} -> ${path}\n`);
}
