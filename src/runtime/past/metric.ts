import type { MetricInfo } from '../../flow/past.js';
import type { MetricSeries } from '../../runs/run-record.js';
import { type Facts, Shown } from './display.js';

export class PastMetric extends Shown implements MetricInfo {
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];

  constructor({ name, points = { steps: [], values: [] } }: MetricSeries) {
    super();
    this.name = name;
    this.steps = points.steps;
    this.values = points.values;
  }

  protected facts(): Facts {
    return { kind: 'Metric', title: this.name, facts: Object.entries({ points: this.values.length, last: this.values.at(-1) }) };
  }
}
