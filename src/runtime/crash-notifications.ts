import { systemClock } from '../base/clock.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { createMask } from '../log/mask.js';
import { type Notification, type NotificationOccasion, notificationName, wants } from '../model/notification.js';
import type { RunRow } from '../model/records.js';
import { secretTexts } from '../model/secret.js';
import type { RunFacts, TaskFacts } from '../notify/event.js';
import type { RunRecord } from '../runs/run-record.js';
import { ServiceRecord } from '../runs/service/service-record.js';
import { delivered } from './deliver-notification.js';
import { openProject } from './project.js';

/** What came of it. */
export interface ToldOfRun {
  /** False: it has not crashed, somebody else tells of it, or nobody wants to know. */
  readonly told: boolean;
  /** One sentence for each place that could not be told; they stand in the run's log too. */
  readonly problems: readonly string[];
}

const NOTHING: ToldOfRun = Object.freeze({ told: false, problems: Object.freeze([]) });

/**
 * A run's own process tells what becomes of it; of its crash it cannot. Whoever serves the flow does, at most once for each run, however many services
 * there are; where nobody wants to know, it is done with too. Never throws because of a place that cannot be told.
 * @param also places of the service's own, beside those of the flow
 */
export async function crashNotifications(flow: Pick<FlowDefinition, 'notify'>, run: string, also: readonly Notification[] = []): Promise<ToldOfRun> {
  const to = [...new Set([...flow.notify, ...also])].filter((one) => wants(one, 'crash'));
  await using project = await openProject();
  await using service = await ServiceRecord.open(project.record.heartbeat);
  if (!(await service.claimCrash(run, systemClock.now()))) return NOTHING;
  if (to.length === 0) return NOTHING;
  return { told: true, problems: await tellOfRun(project.record, run, 'crash', to) };
}

/** Tells what the record knows of a run, which some other process has run. @returns why some could not be told */
async function tellOfRun(record: RunRecord, id: string, occasion: NotificationOccasion, to: readonly Notification[]): Promise<readonly string[]> {
  const row = await record.run(id);
  if (row === undefined) return [];
  const facts = await factsOf(record, row, occasion);
  const mask = createMask(secretTexts());
  const outcomes = await Promise.all(
    to.map(async (one) => {
      const problem = await delivered(one, facts, mask);
      return problem === undefined ? [] : [`${notificationName(one)} was not told of ${occasion}: ${problem}`];
    }),
  );
  const problems = outcomes.flat();
  if (problems.length > 0) await addWarnings(record, row, problems);
  return problems;
}

async function factsOf(record: RunRecord, row: RunRow, occasion: NotificationOccasion): Promise<RunFacts> {
  const failed: TaskFacts[] = [];
  for (const state of ['failed', 'timed-out', 'crashed'] as const)
    for (const { id, attempts, error } of await record.taskRuns(row.id, { state })) failed.push({ id, attempts, state, error });
  const { flow, id, name, state, params, error, scheduled, startedAt, finishedAt, counts } = row;
  return {
    occasion,
    at: finishedAt ?? systemClock.now(),
    flow,
    run: id,
    name,
    state,
    params,
    error,
    scheduledAt: scheduled?.at,
    startedAt,
    finishedAt,
    counts,
    failed,
  };
}

/** The run has ended, and nobody writes its log any more. */
async function addWarnings(record: RunRecord, { id, epoch }: RunRow, problems: readonly string[]): Promise<void> {
  const [last] = await record.logs(id, { last: 1 });
  const first = (last?.seq ?? -1) + 1;
  const at = systemClock.now();
  await record.append({ run: id, epoch, logs: problems.map((text, index) => ({ seq: first + index, at, level: 'warn', text })) });
}
