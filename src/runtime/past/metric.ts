import type { MetricInfo } from '../../flow/past.js';
import type { MetricSeries } from '../../runs/run-record.js';
import { sideResultsOf } from '../../runs/side-results.js';
import { type Facts, Shown } from './display.js';
import type { PastSource } from './source.js';

export class PastMetric extends Shown implements MetricInfo {
  readonly name: string;
  readonly run: string;
  readonly task?: string;
  readonly count: number;
  readonly last: { readonly step: number; readonly value: number };
  readonly min?: number;
  readonly max?: number;
  readonly #source: PastSource;
  readonly #index: number;

  constructor(source: PastSource, run: string, task: string | undefined, { index, name, count, last, min, max }: MetricSeries) {
    super();
    this.name = name;
    this.run = run;
    if (task !== undefined) this.task = task;
    this.count = count;
    this.last = last;
    if (min !== undefined) this.min = min;
    if (max !== undefined) this.max = max;
    this.#source = source;
    this.#index = index;
  }

  async points(): Promise<{ readonly steps: readonly number[]; readonly values: readonly number[] }> {
    await using project = await this.#source.open();
    const index = this.#index;
    const taskRuns = index < 0 ? [] : await project.record.taskRuns(this.run, { indexes: [index] });
    const { metrics } = await sideResultsOf(project.record, this.run, taskRuns, { index, points: true });
    return metrics.find(({ name }) => name === this.name)?.points ?? { steps: [], values: [] };
  }

  protected facts(): Facts {
    const { task, last, min, max, count } = this;
    return { kind: 'Metric', title: this.name, facts: Object.entries({ of: task, last: last.value, 'at step': last.step, min, max, points: count }) };
  }
}
