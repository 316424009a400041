import type { MetricSeries } from '../report-data.js';
import { el, fill, name, part, svg } from './dom.js';
import type { RunModel } from './run-model.js';

const WIDTH = 320;
const HEIGHT = 120;
const EDGE = 6;
const MOST_LINES = 8;

/** A chart for each metric of the run: the task runs that told it are its lines. */
export function metrics(model: RunModel): void {
  const place = part('metrics');
  if (place === undefined) return;
  const byName = new Map<string, MetricSeries[]>();
  for (const series of model.data.metrics) {
    const group = `${series.task < 0 ? '' : model.task(series.task)}\n${series.name}`;
    const alike = byName.get(group);
    if (alike) alike.push(series);
    else byName.set(group, [series]);
  }
  fill(
    place.body,
    el('div', { class: 'metrics' }, ...[...byName.values()].map((group) => metricNode(group, (task) => (task < 0 ? undefined : model.id(task))))),
  );
}

/** A chart where there are several values, else the value itself. Where many task runs told one value each, these are the chart. */
export function metricNode(group: readonly MetricSeries[], idOf: (task: number) => string | undefined): HTMLElement {
  const title = el('h3', {}, name(group[0]?.name ?? ''));
  const single = group.length > 1 && group.every(({ total }) => total === 1);
  const lines = single ? [acrossTaskRuns(group)] : group.slice(0, MOST_LINES).map(({ steps, values }) => ({ steps, values }));
  const chart = lines.some(({ values }) => values.length > 1) ? chartOf(group[0]?.name ?? '', lines, single) : undefined;
  const rows = group.slice(0, MOST_LINES).map((series, at) => legendNode(series, single ? -1 : at, idOf(series.task)));
  const left = group.length - MOST_LINES;
  return el(
    'figure',
    { class: 'metric' },
    title,
    chart,
    el('ul', { class: 'plain' }, ...rows, left > 0 && el('li', { class: 'faint' }, `and ${left.toLocaleString('en-US')} more`)),
  );
}

function legendNode({ task, values, total, last }: MetricSeries, line: number, id: string | undefined): HTMLElement {
  const [least, most] = extent(finite(values));
  return el(
    'li',
    { class: line < 0 ? undefined : `line-${line}` },
    id !== undefined && el('button', { type: 'button', class: 'link', 'data-task': task }, name(id)),
    id !== undefined && ' ',
    el('strong', {}, numberText(Number(last))),
    total > 1 && el('span', { class: 'faint' }, ` of ${total.toLocaleString('en-US')}, ${numberText(least)} to ${numberText(most)}`),
  );
}

interface Line {
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

/** One value of each task run, in the order of their calls. */
function acrossTaskRuns(group: readonly MetricSeries[]): Line {
  return { steps: group.map((_, at) => at), values: group.map(({ values }) => values[0] ?? null) };
}

function chartOf(title: string, lines: readonly Line[], dots: boolean): SVGElement {
  const steps = lines.flatMap((line) => line.steps);
  const values = finite(lines.flatMap((line) => line.values));
  const x = scale(steps, EDGE, WIDTH - EDGE);
  const y = scale(values, HEIGHT - EDGE, EDGE + 10);
  const [low, high] = extent(values);
  const [first, last] = extent(steps);
  const said = `${title}: from ${numberText(low)} to ${numberText(high)}, ${dots ? `of ${steps.length} task runs` : `steps ${numberText(first)} to ${numberText(last)}`}`;
  return svg(
    'svg',
    { class: dots ? 'chart dots' : 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': said },
    svg('title', {}, said),
    svg('path', { class: 'axis', d: `M${EDGE} ${HEIGHT - EDGE}H${WIDTH - EDGE}` }),
    ...lines.map((line, at) => svg('path', { class: `line-${at}`, d: dots ? dotsOf(line, x, y) : pathOf(line, x, y) })),
    svg('text', { x: EDGE, y: EDGE + 3 }, numberText(high)),
    svg('text', { x: EDGE, y: HEIGHT - EDGE - 3 }, numberText(low)),
  );
}

function dotsOf({ steps, values }: Line, x: (at: number) => number, y: (at: number) => number): string {
  return values.map((value, at) => (value === null ? '' : `M${x(steps[at] as number).toFixed(1)} ${y(value).toFixed(1)}h0`)).join('');
}

function pathOf({ steps, values }: Line, x: (at: number) => number, y: (at: number) => number): string {
  let path = '';
  let pen = 'M';
  values.forEach((value, at) => {
    // A gap where training went astray.
    if (value === null) {
      pen = 'M';
      return;
    }
    path += `${pen}${x(steps[at] as number).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

function finite(values: readonly (number | null)[]): readonly number[] {
  return values.filter((value) => value !== null);
}

function extent(numbers: readonly number[]): readonly [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of numbers) [least, most] = [Math.min(least, number), Math.max(most, number)];
  return [least, most];
}

function scale(numbers: readonly number[], from: number, to: number): (number: number) => number {
  const [least, most] = extent(numbers);
  return most > least ? (number) => from + ((number - least) / (most - least)) * (to - from) : () => (from + to) / 2;
}

function numberText(number: number): string {
  if (!Number.isFinite(number)) return String(number);
  if (Number.isInteger(number) && Math.abs(number) < 1e9) return number.toLocaleString('en-US');
  const size = Math.abs(number);
  return size >= 1e6 || size < 1e-4 ? number.toExponential(2) : String(Number(number.toPrecision(4)));
}
