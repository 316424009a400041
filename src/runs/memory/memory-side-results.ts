import type { MetricRow, ProgressRow } from '../../model/records.js';
import { finiteRange } from '../finite-range.js';
import type { MetricFilter, MetricSeries, RecordBatch, RunArtifact, TaskRunDetails } from '../run-record.js';

/** What the tasks of one run gave beside their results, in process memory. */
export class MemorySideResults {
  readonly #artifacts = new Map<string, RunArtifact>();
  /** By series, each with its pieces in order. */
  readonly #metrics = new Map<string, MetricRow[]>();
  readonly #progress = new Map<number, Omit<ProgressRow, 'index'>>();

  take({ runArtifacts = [], metrics = [], progress = [] }: Pick<RecordBatch, 'runArtifacts' | 'metrics' | 'progress'>): void {
    for (const { inline: _, ...row } of runArtifacts) this.#artifacts.set(keyOf(row), row);
    for (const row of metrics) this.#putMetric(row);
    for (const { index, ...said } of progress) this.#progress.set(index, said);
  }

  artifacts({ index }: { readonly index?: number }): readonly RunArtifact[] {
    return [...this.#artifacts.values()].filter((row) => index === undefined || row.index === index).sort(inOrder);
  }

  metrics({ index, name, points = false }: MetricFilter): readonly MetricSeries[] {
    const wanted = [...this.#metrics.values()].filter(
      ([first]) => (index === undefined || first?.index === index) && (name === undefined || first?.name === name),
    );
    return wanted.map((pieces) => seriesOf(pieces, points)).sort(inOrder);
  }

  progressOf(index: number): TaskRunDetails['progress'] {
    return this.#progress.get(index);
  }

  /** What an attempt gave, as it is for who took its result. */
  handedOn(index: number, attempt: number, to: number): Pick<Required<RecordBatch>, 'runArtifacts' | 'metrics'> {
    const isMeant = (row: Pick<MetricRow, 'index' | 'attempt'>): boolean => row.index === index && row.attempt === attempt;
    const runArtifacts = [...this.#artifacts.values()].filter(isMeant).map((row) => ({ ...row, index: to, attempt: 0, inline: undefined }));
    const metrics = [...this.#metrics.values()].flat().filter(isMeant);
    return { runArtifacts, metrics: metrics.map((row) => ({ ...row, index: to, attempt: 0 })) };
  }

  #putMetric(row: MetricRow): void {
    const key = keyOf(row);
    const pieces = this.#metrics.get(key);
    if (pieces === undefined) this.#metrics.set(key, [row]);
    else if (!pieces.some(({ first }) => first === row.first)) pieces.push(row);
    if (pieces !== undefined && row.first < (pieces.at(-2)?.first ?? 0)) pieces.sort((a, b) => a.first - b.first);
  }
}

function keyOf({ index, attempt, name }: Pick<MetricRow, 'index' | 'attempt' | 'name'>): string {
  return `${index} ${attempt} ${name}`;
}

function seriesOf(pieces: readonly MetricRow[], withPoints: boolean): MetricSeries {
  const steps = pieces.flatMap((piece) => piece.steps);
  const values = pieces.flatMap((piece) => piece.values);
  const { index, attempt, name } = pieces[0] as MetricRow;
  return {
    index,
    attempt,
    name,
    count: values.length,
    last: { step: steps.at(-1) as number, value: values.at(-1) as number },
    ...finiteRange(values),
    ...(withPoints ? { points: { steps, values } } : {}),
  };
}

/** Names as a database orders text: by their bytes. */
function inOrder(a: Pick<MetricRow, 'index' | 'attempt' | 'name'>, b: Pick<MetricRow, 'index' | 'attempt' | 'name'>): number {
  return a.index - b.index || a.attempt - b.attempt || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}
