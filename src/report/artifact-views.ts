import { BODY_PLACE } from '../model/records.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import { isSvg, isTextual } from '../results/artifacts/media-type.js';
import { svgFile } from '../results/artifacts/plot-spec.js';
import type { RunArtifact } from '../runs/run-record.js';
import { html, type Markup } from './html.js';
import { markdownMarkup } from './markdown.js';
import { plotImage } from './plot-image.js';
import type { ArtifactView, ReportArtifact } from './report-data.js';
import type { ReportSource } from './report-source.js';
import { unreadable } from './task-values.js';
import { viewOf } from './value-view.js';

/** More are told by name only. */
const MOST = 300;
const LARGEST = 2_000_000;
/** All together: a report is one file. */
const MOST_BYTES = 8_000_000;
const ROWS = 50;

export interface ArtifactViews {
  readonly artifacts: readonly ReportArtifact[];
  /** Markup by the id of its template. */
  readonly templates: ReadonlyMap<string, Markup>;
}

/**
 * What tasks and the body gave to be looked at, ready to be shown.
 * @param placeOf of the task run with an index, -1 for the body; undefined for what is of neither
 */
export async function artifactViews(
  { keeper }: ReportSource,
  given: readonly RunArtifact[],
  placeOf: (index: number) => number | undefined,
  commandFor: (artifact: RunArtifact) => string,
): Promise<ArtifactViews> {
  const artifacts: ReportArtifact[] = [];
  const templates = new Map<string, Markup>();
  let left = MOST_BYTES;
  for (const artifact of given) {
    const task = placeOf(artifact.index);
    if (task === undefined) continue;
    const fits = artifact.ref.bytes <= Math.min(LARGEST, left) && artifacts.length < MOST;
    if (fits) left -= artifact.ref.bytes;
    const view = fits ? await readView(artifact) : tooMuch(artifact);
    artifacts.push({ task, name: artifact.name, view: withCommand(view, commandFor(artifact)) });
  }
  return { artifacts, templates };

  /** One at a time: all of them together may be many times what one is. */
  async function readView(artifact: RunArtifact): Promise<ArtifactView> {
    if (artifact.kind === 'file' || artifact.kind === 'html') return opaque(artifact);
    const load = async (format: string) =>
      (await keeper.loadMany([{ artifacts: [{ name: '', ref: { ...artifact.ref, format } }], definition: TASK_DEFAULTS }]))[0];
    let loaded = await load(artifact.ref.format);
    // A file that is not what its name says, a ragged table, is at least a text.
    if (loaded !== undefined && 'error' in loaded && isTextual(artifact.contentType)) {
      const text = await load('text');
      if (text !== undefined && !('error' in text)) loaded = text;
    }
    if (loaded === undefined || 'error' in loaded) return unreadable(loaded?.error);
    const { value } = loaded;
    if (artifact.kind === 'markdown' && typeof value === 'string') {
      const id = `markup-${templates.size}`;
      templates.set(id, html`${await markdownMarkup(value)}`);
      return { kind: 'markup', template: id };
    }
    return (await pictureOf(artifact, value)) ?? viewOf(value, ROWS);
  }
}

/** Images, and plots, which become images. An image runs no script and fetches nothing, whatever is in it. */
async function pictureOf({ kind, name, contentType }: RunArtifact, value: unknown): Promise<ArtifactView | undefined> {
  if (kind === 'image' && value instanceof Uint8Array) return { kind: 'image', source: dataAddress(contentType, value), alt: name };
  if (typeof value === 'string' && (kind === 'image' || kind === 'plot') && isSvg(value)) return svgImage(value, name);
  if (kind !== 'plot' || typeof value !== 'object' || value === null) return undefined;
  const drawn = await plotImage(value, contentType);
  return 'svg' in drawn ? svgImage(drawn.svg, name) : { kind: 'none', why: drawn.why };
}

function svgImage(svg: string, alt: string): ArtifactView {
  return { kind: 'image', source: dataAddress('image/svg+xml', Buffer.from(svgFile(svg))), alt };
}

function dataAddress(contentType: string, bytes: Uint8Array): string {
  const type = /^image\/[\w.+-]+$/.test(contentType) ? contentType : 'image/png';
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
}

function opaque({ kind, contentType }: RunArtifact): ArtifactView {
  return { kind: 'none', why: kind === 'html' ? 'a page inside a page could do harm' : `it is a file of ${contentType}` };
}

function tooMuch({ ref }: RunArtifact): ArtifactView {
  return { kind: 'none', why: ref.bytes > LARGEST ? 'it is too large to be shown here' : 'there are many more artifacts than a report has room for' };
}

function withCommand(view: ArtifactView, command: string): ArtifactView {
  return view.kind === 'none' ? { ...view, command } : view;
}

/** Of the run's own artifacts, and of those of its task runs; files among the parameters are told with the parameters. */
export function placeOfGiven(places: ReadonlyMap<number, number>): (index: number) => number | undefined {
  return (index) => (index === BODY_PLACE ? -1 : places.get(index));
}
