import {
  type ArtifactInfo,
  client,
  type FlowInfo,
  type Listing,
  type MetricInfo,
  type RunInfo,
  type StepInfo,
  type TaskInfo,
} from '../../src/client/index.js';
import { flow, type Graph, type Run } from '../../src/index.js';
import { is } from './expect-type.js';
import { clean, load, type Row } from './sample.js';

export async function pathsSayWhatLiesThere(path: string): Promise<void> {
  const looked = client({ home: '.millrace' });
  const [ofFlow, run, step, task, artifact] = [
    await looked.get('iris'),
    await looked.get('iris/latest'),
    await looked.get('iris/latest/train'),
    await looked.get('iris/latest/train/0'),
    await looked.get('iris/latest/train/0/model'),
  ];
  is<typeof ofFlow, FlowInfo>(true);
  is<typeof run, RunInfo>(true);
  is<typeof step, StepInfo>(true);
  is<typeof task, TaskInfo>(true);
  is<typeof artifact, ArtifactInfo>(true);
  const any = await looked.get(path);
  is<typeof any, FlowInfo | RunInfo | StepInfo | TaskInfo | ArtifactInfo>(true);
  const templated = await looked.get(`iris/${run.id}/train`);
  is<typeof templated, StepInfo>(true);
}

export async function valuesAreTypedByTheirTasks(run: RunInfo): Promise<void> {
  const rows = await run.output(clean);
  is<typeof rows, Row[]>(true);
  const named = await run.data.get<number>('score');
  is<typeof named, number>(true);
  const unknown = await (await run.task('train')).value();
  is<typeof unknown, unknown>(true);
  for await (const metric of run.metrics()) is<typeof metric, MetricInfo>(true);
  for await (const artifact of run.artifacts()) is<typeof artifact, ArtifactInfo>(true);
  const graph = await run.graph();
  is<typeof graph, Graph>(true);
  const listed = run.steps();
  is<typeof listed, Listing<StepInfo>>(true);
  for await (const step of run.steps()) is<typeof step, StepInfo>(true);
}

export async function runsOfAFlowAtHandHaveItsResult(): Promise<void> {
  const iris = flow('iris', () => clean(load('a.csv')));
  const run = await iris.latest({ state: 'success' });
  is<typeof run, Run<Row[]> | undefined>(true);
  const result = await run?.result();
  is<typeof result, Row[] | undefined>(true);
  for await (const step of run?.steps() ?? []) is<typeof step, StepInfo>(true);
}

export function filtersAreChecked(looked = client()): void {
  looked.runs({ state: 'failed', tags: ['nightly'], since: new Date(), params: { rate: 0.2 }, limit: 5 });
  // @ts-expect-error no state by this name
  looked.runs({ state: 'cached' });
  looked.prune({ olderThan: '30d', keep: 10, dryRun: true });
  // @ts-expect-error no length of time
  looked.prune({ olderThan: '30 days' });
}
