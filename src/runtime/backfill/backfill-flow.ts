import { relative } from 'node:path';
import { systemClock } from '../../base/clock.js';
import type { BackfillOptions } from '../../flow/backfill-options.js';
import type { BackfillRuns, FlowDefinition, RunHandle } from '../../flow/flow-runtime.js';
import type { ParameterSources } from '../../flow/parameters.js';
import type { Backfill } from '../../runs/service/backfills.js';
import { openProject, type Project } from '../project.js';
import type { StartOptions } from '../run-options.js';
import type { BackfillWatch } from './runner.js';

/** What the command line adds. */
export interface BackfillStart extends BackfillOptions {
  /** The one that is gone on with: its range and what it was asked for count, not what is given here. */
  readonly resume?: string;
  /** With `resume`: also what failed. @default false */
  readonly failed?: boolean;
  /** The flow's file, kept with it. Absolute. */
  readonly file?: string;
  readonly watch?: BackfillWatch;
  /** For each of its runs. */
  readonly start?: StartOptions;
}

/** The runs of a backfill, as `flow.backfill` gives them. */
export function backfillFlow(flow: FlowDefinition, sources: ParameterSources, options: BackfillStart): BackfillRuns<unknown> {
  return {
    [Symbol.asyncIterator]: () => runsOf(flow, sources, options),
    instants: async () => await instantsToRun(flow, sources, options),
  };
}

async function instantsToRun(flow: FlowDefinition, sources: ParameterSources, options: BackfillStart): Promise<readonly Date[]> {
  const [{ plannedBackfill }, { missingInstants }, { ServiceRecord }] = await Promise.all([
    import('./stored.js'),
    import('./range.js'),
    import('../../runs/service/service-record.js'),
  ]);
  const { backfill, schedule } = await plannedBackfill(flow, sources, options, systemClock.now());
  await using project = await openProject({ look: true });
  // Where nothing was ever recorded, all is missing.
  const none = { outcomes: async () => [], [Symbol.asyncDispose]: async () => {} };
  await using service = project.record.heartbeat === undefined ? none : await ServiceRecord.open(project.record.heartbeat);
  return (await missingInstants(service, schedule, backfill)).map(({ at }) => new Date(at));
}

async function* runsOf(flow: FlowDefinition, sources: ParameterSources, options: BackfillStart): AsyncGenerator<RunHandle<unknown>, void, undefined> {
  if (options.dryRun) return;
  const [{ plannedBackfill, resumedBackfill, storeBackfill }, { fillRange }, { BackfillRunner }, { ServiceRecord }] = await Promise.all([
    import('./stored.js'),
    import('./range.js'),
    import('./runner.js'),
    import('../../runs/service/service-record.js'),
  ]);
  const { now } = systemClock;
  // What is wrong is said before anything is made.
  const planned = options.resume === undefined ? await plannedBackfill(flow, sources, options, now()) : undefined;
  await using project = await openProject();
  await using service = await ServiceRecord.open(project.record.heartbeat);
  // Whoever looks finds those whose process is gone (S31): they are gone on with.
  await project.record.runs({ flow: flow.name, limit: 100 });
  const stored =
    planned === undefined
      ? await resumedBackfill(service, flow, options.resume as string, { failed: options.failed === true, now: now() })
      : await storeBackfill(service, withFile(planned, options.file, project), now());
  const { backfill, schedule, isOld } = stored;
  const watch = options.watch ?? {};
  watch.stored?.(backfill, isOld);
  const { signal, start = {} } = options;
  await fillRange(service, backfill, schedule, now);
  watch.counts?.(await service.backfillCounts(backfill.id));
  const own = { ...start, ...(signal === undefined ? {} : { signal }) };
  // What was given is kept with the backfill; the rest of its runs' parameters is found when they start, as for every run.
  const { commandLine: _, file: __, argument: ___, ...environment } = sources;
  yield* new BackfillRunner({ backfill, flow, service, project, clock: systemClock, watch, start: own, sources: environment, signal }).runs();
}

/** Projects are moved. */
function withFile<T extends { readonly backfill: Backfill }>(planned: T, file: string | undefined, { places }: Project): T {
  return file === undefined ? planned : { ...planned, backfill: { ...planned.backfill, file: relative(places.root, file) } };
}
