import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { shownText } from '../../../src/cli/run-report.js';
import { changesOf, taskReport } from '../../../src/cli/task-report.js';
import type { RunRow } from '../../../src/model/records.js';
import type { TaskState } from '../../../src/model/states.js';
import type { TaskRunDetails } from '../../../src/runs/run-record.js';

describe('the changes of an attempt, as people read them', () => {
  it.each([
    ['queued@-12.5 running@0 success@80.25', 'queued → running after 13 ms → success after 93 ms'],
    ['queued@-0.2 running@0 failed@3', 'queued → running after 0.2 ms → failed after 3.2 ms'],
    ['queued@0 running@0.5', 'queued → running after 0.5 ms'],
    ['running@0 success@2000', 'running → success after 2.0 s'],
    ['running@0 crashed@12', 'running → crashed after 12 ms'],
    ['', ''],
  ])("'%s' counts from the first change, never below nothing", (changes, shown) => {
    expect(changesOf({ changes })).toBe(shown);
  });
});

describe('the state of a map', () => {
  const row = { upstream: [], attemptRows: [], artifacts: [], attempts: 0 };
  const map = { ...row, index: 0, id: 'score#0', task: 'score', state: 'success' } as unknown as TaskRunDetails;
  const child = (index: number, state: TaskState) =>
    ({ ...row, index, id: `score#0[${index - 1}]`, task: 'score', parent: 0, state }) as unknown as TaskRunDetails;
  const shown = (...children: readonly TaskRunDetails[]): string | undefined => {
    const facts = {
      run: { id: 'r', flow: 'f' } as RunRow,
      taskRun: map,
      taskRuns: [map, ...children],
      value: undefined,
      logs: [],
      hasMoreLogs: false,
    };
    return /state +(\S+)/.exec(taskReport(facts, { colours: picocolors.createColors(false), now: 0, width: 80 }))?.[1];
  };

  it('is that of its children where all were reused, as the page of its run says', () => {
    expect([shown(child(1, 'cached'), child(2, 'cached')), shown(child(1, 'cached'), child(2, 'success')), shown()]).toEqual([
      'cached',
      'success',
      'success',
    ]);
  });
});

describe('a recorded parameter, as people read it', () => {
  it.each([
    ['"data/raw"', '"data/raw"'],
    ['{"a":[1,2]}', '{"a":[1,2]}'],
    ['{"$millrace":"undefined"}', 'undefined'],
    ['{"$millrace":"Date","value":"2026-01-31T00:00:00.000Z"}', '2026-01-31T00:00:00.000Z'],
    ['{"from":{"$millrace":"undefined"},"to":1}', '{ from: undefined, to: 1 }'],
    ['{"$millrace":"Class","name":"only/the/flow/knows"}', '{"$millrace":"Class","name":"only/the/flow/knows"}'],
  ])('%s is shown as %s', (recorded, shown) => {
    expect(shownText(recorded)).toBe(shown);
  });
});
