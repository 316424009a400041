import { RunModel } from '../../../src/report/page/run-model.js';
import type { ReportData } from '../../../src/report/report-data.js';
import { TaskPacker } from '../../../src/report/task-columns.js';
import type { TaskRunDetails } from '../../../src/runs/run-record.js';
import { taskRow } from '../../fixtures/runs/rows.js';

export function details(index: number, parts: Partial<TaskRunDetails> = {}): TaskRunDetails {
  return { ...taskRow(index), attemptRows: [], artifacts: [], ...parts };
}

/** A task run of one attempt, from `start` to `end`. */
export function ran(index: number, id: string, start: number, end: number, parts: Partial<TaskRunDetails> = {}): TaskRunDetails {
  const task = /^(?:.*\.)?([^#]*)#/.exec(id)?.[1] ?? id;
  const attempt = {
    index,
    attempt: 1,
    state: parts.state ?? ('success' as const),
    changes: 'queued@-1 running@0',
    startedAt: 1_000 + start,
    finishedAt: 1_000 + end,
    error: undefined,
  };
  return details(index, { id, task, startedAt: 1_000 + start, finishedAt: 1_000 + end, attemptRows: [attempt], ...parts });
}

/** As the page's script gets it: through JSON. */
export function modelOf(rows: readonly TaskRunDetails[], run: Partial<ReportData['run']> = {}): RunModel {
  const packer = new TaskPacker(rows, 1_000);
  const data = {
    madeAt: 2_000,
    run: { id: 'r1', flow: 'flow', state: 'success', createdAt: 1_000, start: 0, end: 500, ...run },
    tasks: packer.tasks({}),
    attempts: packer.attempts(),
    logs: { at: [], level: [], task: [], attempt: [], text: [], total: 0, gap: -1 },
    code: {},
    metrics: [],
    artifacts: [],
    errors: packer.errors,
    texts: packer.pool.texts,
  };
  return new RunModel(JSON.parse(JSON.stringify(data)) as ReportData);
}
