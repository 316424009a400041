import { describe, expect, it } from 'vitest';
import type { RunRow } from '../../../../src/model/records.js';
import type { RunRecord, TaskRunDetails } from '../../../../src/runs/run-record.js';
import { findRun, findTaskRun, locate } from '../../../../src/runtime/past/look-up.js';

function recordOf(...runs: readonly Pick<RunRow, 'id' | 'flow'>[]): RunRecord {
  const latest = (flow: string) => runs.find((run) => run.flow === flow);
  const record: Pick<RunRecord, 'location' | 'run' | 'runs'> = {
    location: 'memory',
    run: async (id) => (runs.find((run) => run.id === id) ?? latest(/^(.*)\/latest$/.exec(id)?.[1] ?? '')) as RunRow | undefined,
    runs: async ({ flow } = {}) => runs.filter((run) => flow === undefined || run.flow === flow) as unknown as readonly RunRow[],
  };
  return record as RunRecord;
}

const taskRuns = ['load#0', 'train#0', 'train#1'].map((id, index) => ({ id, index, task: id.split('#')[0] }) as TaskRunDetails);

describe('paths of runs, as the command line and the client write them', () => {
  const record = recordOf({ id: 'r1', flow: 'iris' }, { id: 'r2', flow: 'wine' });

  it.each([
    ['r1', 'r1', undefined],
    ['r1/clean#2', 'r1', 'clean#2'],
    ['iris/latest', 'r1', undefined],
    ['iris/latest/train', 'r1', 'train'],
    ['iris/r1', 'r1', undefined],
    ['iris/r1/train', 'r1', 'train'],
    ['iris/r1/train/0', 'r1', 'train/0'],
  ])('%s', async (path, run, task) => expect(await locate(record, path)).toMatchObject({ run: { id: run }, task }));

  it('a run of another flow, and one that there is not, are told apart', async () => {
    await expect(locate(record, 'iris/r2')).rejects.toMatchObject({ code: 'RUN_UNKNOWN', hint: "It is one of flow 'wine'." });
    await expect(locate(record, 'iris/r3/train')).rejects.toMatchObject({ message: expect.stringContaining("no run 'r3'") });
    await expect(locate(record, 'r11/train')).rejects.toMatchObject({ hint: 'did you mean r1?' });
    await expect(locate(record, 'irsi/r1')).rejects.toMatchObject({ hint: 'did you mean iris/latest?' });
  });
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
    expect(['load/0', 'train/1', 'train/train#0'].map((path) => findTaskRun(taskRuns, path, 'r1').index)).toEqual([0, 2, 1]);
    expect(() => findTaskRun(taskRuns, 'train/2', 'r1')).toThrow(expect.objectContaining({ code: 'TASK_RUN_UNKNOWN' }));
    expect(() => findTaskRun(taskRuns, 'train', 'r1')).toThrow(
      expect.objectContaining({ code: 'TASK_RUN_AMBIGUOUS', hint: 'name one of them: train#0, train#1' }),
    );
    expect(() => findTaskRun(taskRuns, 'laod', 'r1')).toThrow(expect.objectContaining({ code: 'TASK_RUN_UNKNOWN', hint: 'did you mean r1/load?' }));
  });
});
