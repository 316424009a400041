import { describe, expect, it } from 'vitest';
import type { RunRow } from '../../../../src/model/records.js';
import type { RunRecord, TaskRunDetails } from '../../../../src/runs/run-record.js';
import { findRun, findTaskRun, parseRunPath } from '../../../../src/runtime/past/look-up.js';

function recordOf(...runs: readonly Pick<RunRow, 'id' | 'flow'>[]): RunRecord {
  const latest = (flow: string) => runs.find((run) => run.flow === flow);
  const record: Pick<RunRecord, 'location' | 'run' | 'runs'> = {
    location: 'memory',
    run: async (id) => (runs.find((run) => run.id === id) ?? latest(id.replace(/\/latest$/, ''))) as RunRow | undefined,
    runs: async () => runs as readonly RunRow[],
  };
  return record as RunRecord;
}

const taskRuns = ['load#0', 'train#0', 'train#1'].map((id, index) => ({ id, index, task: id.split('#')[0] }) as TaskRunDetails);

describe('paths of runs', () => {
  it.each([
    ['r1', { run: 'r1', task: undefined }],
    ['r1/clean#2', { run: 'r1', task: 'clean#2' }],
    ['iris/latest', { run: 'iris/latest', task: undefined }],
    ['iris/latest/train', { run: 'iris/latest', task: 'train' }],
  ])('%s', (path, expected) => expect(parseRunPath(path)).toEqual(expected));
});

describe('a look-up that finds nothing suggests what was meant (S32)', () => {
  it('runs by id and by flow', async () => {
    const record = recordOf({ id: '20251120-abcd', flow: 'penguins' });
    expect((await findRun(record, 'penguins/latest')).id).toBe('20251120-abcd');
    await expect(findRun(record, '20251120-abce')).rejects.toMatchObject({ code: 'RUN_UNKNOWN', hint: 'did you mean 20251120-abcd?' });
    await expect(findRun(record, 'pengiuns/latest')).rejects.toMatchObject({ code: 'RUN_UNKNOWN', hint: 'did you mean penguins/latest?' });
    await expect(findRun(record, 'zzz')).rejects.toMatchObject({ hint: expect.stringContaining('20251120-abcd') });
    await expect(findRun(recordOf(), 'zzz')).rejects.toMatchObject({ hint: expect.stringContaining('there are no runs yet') });
  });

  it('task runs by id, and by name where there is one', () => {
    expect(findTaskRun(taskRuns, 'train#1', 'r1').index).toBe(2);
    expect(findTaskRun(taskRuns, 'load', 'r1').index).toBe(0);
    expect(() => findTaskRun(taskRuns, 'train', 'r1')).toThrow(
      expect.objectContaining({ code: 'TASK_RUN_AMBIGUOUS', hint: 'name one of them: train#0, train#1' }),
    );
    expect(() => findTaskRun(taskRuns, 'laod', 'r1')).toThrow(expect.objectContaining({ code: 'TASK_RUN_UNKNOWN', hint: 'did you mean r1/load?' }));
  });
});
