import { type Flow, type Future, flowRef, type Graph, type Param, type RunHandle } from '../../src/index.js';
import { is } from './expect-type.js';
import { load, type Model, score } from './sample.js';

export async function aFlowByItsName(): Promise<void> {
  const plain = flowRef('plain');
  is<typeof plain, Flow<Record<never, never>, unknown>>(true);
  is<ReturnType<typeof plain.run>, Promise<unknown>>(true);
  is<ReturnType<typeof plain.graph>, Promise<Graph>>(true);

  const numbers = flowRef<{ n: Param<number, number, false>; label: Param<string, string, true> }, { total: number }>('numbers');
  const result = await numbers.run({ n: 1 });
  is<typeof result, { total: number }>(true);
  const handle = numbers.start({ n: 1, label: 'x' });
  is<typeof handle, RunHandle<{ total: number }>>(true);
  const inline = numbers.asTask()({ n: 1 });
  is<typeof inline, Future<{ total: number }>>(true);
  score(flowRef<Record<never, never>, Model>('model').startChild(), load('rows.csv'));
  const detached = numbers.startChild({ n: inline.get('total') }, { wait: false });
  is<typeof detached, Future<{ runId: string }>>(true);
  // @ts-expect-error n is required
  await numbers.run({ label: 'x' });
  // @ts-expect-error n is a number
  numbers.startChild({ n: 'one' });
  // @ts-expect-error a name is required
  flowRef();
}
