import { describe, expect, it } from 'vitest';
import { orderedTasks, type TableQuery } from '../../../src/report/page/task-order.js';
import { modelOf, ran } from './sample.js';

const model = modelOf([
  ran(0, 'load#0', 5, 50),
  ran(1, 'score#0', 51, 99, { startedAt: undefined, attemptRows: [] }),
  ran(2, 'score#0[0]', 51, 60, { parent: 1 }),
  ran(3, 'score#0[1]', 52, 99, { parent: 1, state: 'failed', error: { name: 'Error', message: 'Out of memory' } }),
  ran(4, 'sum#0', 100, 101, { state: 'upstream-failed' }),
]);
const ids = (query: Partial<TableQuery>): readonly string[] =>
  orderedTasks(model, { text: '', state: undefined, folded: true, opened: new Set(), key: 'order', down: false, ...query }).map((place) =>
    model.id(place),
  );

describe('the table of task runs', () => {
  it('shows a map as one line, its children when it is opened, and everything unfolded', () => {
    expect(ids({})).toEqual(['load#0', 'score#0', 'sum#0']);
    expect(ids({ opened: new Set([1]) })).toEqual(['load#0', 'score#0', 'score#0[0]', 'score#0[1]', 'sum#0']);
    expect(ids({ folded: false })).toHaveLength(5);
  });

  it('finds by every word, in names, states, reasons and errors, in maps too', () => {
    expect(ids({ text: 'MEMORY score' })).toEqual(['score#0[1]']);
    expect(ids({ text: 'score' })).toEqual(['score#0', 'score#0[0]', 'score#0[1]']);
    expect(ids({ state: 'failed' })).toEqual(['score#0[1]']);
    expect(ids({ text: 'no such thing' })).toEqual([]);
  });

  it('sorts by each column, both ways, children under their map', () => {
    expect(ids({ key: 'took', down: true, opened: new Set([1]) })).toEqual(['score#0', 'score#0[1]', 'score#0[0]', 'load#0', 'sum#0']);
    expect(ids({ key: 'state' })[0]).toBe('sum#0');
    expect(ids({ key: 'id', down: true })).toEqual(['sum#0', 'score#0', 'load#0']);
    expect(ids({ key: 'order', down: true })).toEqual(['sum#0', 'score#0', 'load#0']);
  });
});
