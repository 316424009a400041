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

/** A line chart where there are several values, else the values themselves. */
export function metricNode(group: readonly MetricSeries[], idOf: (task: number) => string | undefined): HTMLElement {
  const shown = group.filter(({ values }) => values.length > 0);
  const title = el('h3', {}, name(group[0]?.name ?? ''));
  const rows = shown.slice(0, MOST_LINES).map(({ task, values, total }, at) => {
    const id = idOf(task);
    const last = values.at(-1) as number;
    return el(
      'li',
      { class: `line-${at}` },
      id === undefined ? false : el('button', { type: 'button', class: 'link', 'data-task': task }, name(id)),
      el('strong', {}, ` ${numberText(last)}`),
      total > 1 &&
        el(
          'span',
          { class: 'faint' },
          ` after ${total.toLocaleString('en-US')} values, ${numberText(Math.min(...values))} to ${numberText(Math.max(...values))}`,
        ),
    );
  });
  const left = shown.length - MOST_LINES;
  const chart = shown.some(({ values }) => values.length > 1) ? chartOf(shown.slice(0, MOST_LINES)) : undefined;
  return el(
    'figure',
    { class: 'metric' },
    title,
    chart,
    el('ul', { class: 'plain' }, ...rows, left > 0 && el('li', { class: 'faint' }, `and ${left} more`)),
  );
}

function chartOf(group: readonly MetricSeries[]): SVGElement {
  const finite = (numbers: readonly number[]): readonly number[] => numbers.filter((number) => Number.isFinite(number));
  const steps = finite(group.flatMap((series) => series.steps));
  const values = finite(group.flatMap((series) => series.values));
  const x = scale(steps, EDGE, WIDTH - EDGE);
  const y = scale(values, HEIGHT - EDGE, EDGE);
  const lines = group.map((series, at) => svg('path', { class: `line-${at}`, d: pathOf(series, x, y) }));
  const [low, high] = extent(values);
  const said = `${group[0]?.name}: from ${numberText(low)} to ${numberText(high)}`;
  return svg(
    'svg',
    { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': said },
    svg('title', {}, said),
    svg('path', { class: 'axis', d: `M${EDGE} ${HEIGHT - EDGE}H${WIDTH - EDGE}` }),
    ...lines,
    svg('text', { x: EDGE, y: EDGE + 8 }, numberText(high)),
    svg('text', { x: EDGE, y: HEIGHT - EDGE - 3 }, numberText(low)),
  );
}

function pathOf({ steps, values }: MetricSeries, x: (at: number) => number, y: (at: number) => number): string {
  let path = '';
  let pen = 'M';
  values.forEach((value, at) => {
    // A gap where training went astray.
    if (!Number.isFinite(value)) {
      pen = 'M';
      return;
    }
    path += `${pen}${x(steps[at] as number).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return path;
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

export function numberText(number: number): string {
  if (!Number.isFinite(number)) return String(number);
  if (Number.isInteger(number) && Math.abs(number) < 1e9) return number.toLocaleString('en-US');
  const size = Math.abs(number);
  return size >= 1e6 || size < 1e-4 ? number.toExponential(3) : String(Number(number.toPrecision(5)));
}
