import { describe, expect, it } from 'vitest';
import { graphOfRun } from '../../../src/engine/graph-data.js';
import { foldMaps } from '../../../src/engine/map-fold.js';
import { all, flow, match, task, unmapped, when } from '../../../src/index.js';
import type { EdgeRow, TaskRunRow } from '../../../src/model/records.js';
import type { TaskState } from '../../../src/model/states.js';

const EMPTY = { label: undefined, nodeKey: undefined, cacheKey: undefined, attempts: 1, reason: undefined, error: undefined };
const NEVER = { createdAt: 0, startedAt: undefined, finishedAt: undefined, inputs: undefined, checks: undefined, origin: undefined };

function row(index: number, id: string, upstream: readonly EdgeRow[] = [], parent?: number, state: TaskState = 'success'): TaskRunRow {
  return { ...EMPTY, ...NEVER, index, id, task: id.replace(/#.*$/, ''), parent, state, upstream };
}

const data = (from: number, label: string): EdgeRow => ({ from, kind: 'data', label });

describe('maps in the graph of a run (S8, S29)', () => {
  it('children are numbers of their map, and their edges are its edges, each once', () => {
    const graph = graphOfRun('maps', [
      row(0, 'list#0'),
      row(1, 'a#0', [data(0, 'x')], undefined, 'failed'),
      row(2, 'b#0', [data(1, 'x')], undefined, 'failed'),
      row(3, 'a#0[0]', [data(0, 'x')], 1),
      row(4, 'a#0[1]', [data(0, 'x')], 1, 'failed'),
      row(5, 'b#0[0]', [data(3, 'x')], 2),
      row(6, 'b#0[1]', [data(4, 'x')], 2, 'upstream-failed'),
      row(7, 'sum#0', [data(5, 'one')]),
    ]);
    expect(graph.nodes.map(({ id, map }) => [id, map])).toEqual([
      ['list#0', undefined],
      ['a#0', { count: 2, states: { success: 1, failed: 1 } }],
      ['b#0', { count: 2, states: { success: 1, 'upstream-failed': 1 } }],
      ['sum#0', undefined],
    ]);
    expect(graph.edges).toEqual([
      { from: 'list#0', to: 'a#0', kind: 'data', label: 'x' },
      { from: 'a#0', to: 'b#0', kind: 'data', label: 'x' },
      { from: 'b#0', to: 'sum#0', kind: 'data', label: 'one' },
    ]);
  });

  it('what a mapped sub-flow holds goes into the map, and is not counted as a child', () => {
    const { kept, maps, edgesOf } = foldMaps([
      row(0, 'load#0'),
      row(1, 'sub#0'),
      row(2, 'sub#0[0]', [], 1),
      row(3, 'sub#0[0].clean#0', [data(0, 'rows')], 2),
      row(4, 'sub#0[0].m#0', [data(3, 'rows')], 2),
      row(5, 'sub#0[0].m#0[k]', [], 4),
    ]);
    expect(kept.map(({ id }) => id)).toEqual(['load#0', 'sub#0']);
    expect(maps).toEqual(new Map([[1, { count: 1, states: { success: 1 } }]]));
    expect(edgesOf.get(1)).toEqual([data(0, 'rows')]);
  });

  it('a map whose children were all reused was reused', () => {
    const stateOf = (...children: TaskState[]) =>
      graphOfRun('maps', [row(0, 'a#0'), ...children.map((state, at) => row(at + 1, `a#0[${at}]`, [], 0, state))]).nodes[0]?.outcome?.state;
    expect([stateOf('cached', 'cached'), stateOf('cached', 'success'), stateOf('success')]).toEqual(['cached', 'success', 'success']);
  });

  it('a sub-flow is no map', () => {
    expect(foldMaps([row(0, 'sub#0'), row(1, 'sub#0.clean#0', [], 0)]).kept).toHaveLength(2);
  });
});

describe('maps and branches in a drawing (S29)', () => {
  const one = task((x: number) => x, { name: 'one' });
  const both = task((x: number, y: number) => x + y, { name: 'both' });

  it('S8: a map says how many children it has where its list is written out, over maps too', async () => {
    const graph = await flow('maps', () => {
      const first = one.map([1, 2, 3]);
      return all([both.map(first, unmapped(one(4))), one.map(all([one(1)]).get('length' as never) as never)]);
    }).graph();
    expect(graph.nodes.filter(({ map }) => map).map(({ id, map }) => [id, map])).toEqual([
      ['one#0', { count: 3 }],
      ['both#0', { count: 3 }],
      [expect.any(String), {}],
    ]);
    expect(graph.edges.filter(({ to }) => to === 'both#0').map(({ label }) => label)).toEqual(['x', 'y']);
  });

  it('a condition has control edges to both sides, with the answer that takes each; what chooses between them adds none', async () => {
    const key = task(() => 'cpu' as 'cpu' | 'gpu', { name: 'key' });
    const yes = task(() => true, { name: 'yes' });
    const graph = await flow('branches', () => {
      const nested = (): ReturnType<typeof one> => match(key(), { cpu: () => one(1), gpu: () => one(2) }) as ReturnType<typeof one>;
      return both(when(yes(), nested, () => one(3)) as never, 1);
    }).graph();
    const shown = graph.edges.map(({ from, to, kind, label }) => `${from} -${label}-> ${to} ${kind}`);
    expect(shown.filter((edge) => edge.endsWith('control')).sort()).toEqual(
      ['key#0 -cpu-> one#0 control', 'key#0 -gpu-> one#1 control', 'yes#0 -false-> one#2 control', 'yes#0 -true-> key#0 control'].sort(),
    );
    expect(shown.filter((edge) => edge.includes('both#0')).sort()).toEqual(['one#0', 'one#1', 'one#2'].map((id) => `${id} -x-> both#0 data`));
    expect(
      graph.nodes
        .filter(({ certain }) => !certain)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['key#0', 'one#0', 'one#1', 'one#2']);
  });
});
