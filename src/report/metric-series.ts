import type { MetricSeries as RecordedSeries } from '../runs/run-record.js';
import type { MetricSeries } from './report-data.js';

/** Of a curve with more points, the least and the greatest of each stretch are kept: what is seen of it on a chart is the same. */
const MOST_POINTS = 400;
const MOST_SERIES = 2_000;

/** @param placeOf of the task run with an index, -1 for the body */
export function metricSeries(recorded: readonly RecordedSeries[], placeOf: (index: number) => number | undefined): readonly MetricSeries[] {
  const series: MetricSeries[] = [];
  for (const { index, name, count, last, points } of recorded) {
    const task = placeOf(index);
    if (task === undefined || points === undefined || series.length === MOST_SERIES) continue;
    const kept = thinned(points.values, MOST_POINTS);
    series.push({
      task,
      name,
      steps: kept.map((at) => points.steps[at] as number),
      values: kept.map((at) => finite(points.values[at])),
      total: count,
      last: String(last.value),
    });
  }
  return series;
}

/** Places of the values to be drawn, in order: the first, the last, and of each stretch between its extremes, and its first NaN, which is a gap. */
export function thinned(values: readonly number[], most: number): readonly number[] {
  if (values.length <= most) return values.map((_, at) => at);
  const stretches = Math.max(1, Math.floor((most - 2) / 3));
  const kept = new Set([0]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const end = Math.floor(((stretch + 1) * values.length) / stretches);
    let [least, greatest, gap] = [-1, -1, -1];
    for (let at = Math.floor((stretch * values.length) / stretches); at < end; at++) {
      const value = values[at] as number;
      if (!Number.isFinite(value)) gap = gap < 0 ? at : gap;
      else if (least < 0) [least, greatest] = [at, at];
      else if (value < (values[least] as number)) least = at;
      else if (value > (values[greatest] as number)) greatest = at;
    }
    for (const at of [least, greatest, gap]) if (at >= 0) kept.add(at);
  }
  kept.add(values.length - 1);
  return [...kept].sort((a, b) => a - b);
}

/** Half the digits are noise, and all of them are twice the file. */
function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(8));
}
