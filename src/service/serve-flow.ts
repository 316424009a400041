import { toMs } from '../base/duration.js';
import type { FlowDefinition, ServeOptions } from '../flow/flow-runtime.js';
import type { ParameterInfo } from '../flow/parameters.js';
import { printLine } from '../log/print-line.js';
import { checkNotifications } from '../model/notification.js';
import { ServiceRecord } from '../runs/service/service-record.js';
import { crashNotifications } from '../runtime/crash-notifications.js';
import { openProject } from '../runtime/project.js';
import type { ScheduleSpec } from '../schedule/schedule-spec.js';
import { flowData } from './flow-data.js';
import { wholeRule } from './followed-rule.js';
import { InProcessLauncher } from './in-process-launcher.js';
import { NewsTeller } from './news-teller.js';
import type { Definitions } from './servable-flow.js';
import { Service } from './service.js';
import type { ServiceEvent } from './service-event.js';
import { wallClock } from './wall-clock.js';

const DEFAULT_GRACE = '60s';

/** Serves one flow in this process; the HTTP API beside it is another's. @throws MillraceError `SERVICE_NEEDS_RECORD`, `SERVICE_OPTION_INVALID`, and what opening the project throws */
export async function serveFlow(flow: FlowDefinition, parameters: readonly ParameterInfo[], options: ServeOptions): Promise<AsyncDisposable> {
  const graceMs = toMs(options.grace ?? DEFAULT_GRACE);
  const notify = checkNotifications(options.notify ?? [], 'SERVICE_OPTION_INVALID', ' of serve()');
  const project = await openProject();
  let record: ServiceRecord;
  try {
    record = await ServiceRecord.open(project.record.heartbeat, wallClock);
  } catch (error) {
    await project[Symbol.asyncDispose]();
    throw error;
  }
  const folder = process.cwd();
  const news = new NewsTeller({ to: notify, folder, clock: wallClock, record, tell: tellFailures });
  const service = new Service({
    folder,
    clock: wallClock,
    record,
    runs: project.record,
    definitions: flowAtHand(flow, parameters),
    launcher: new InProcessLauncher(flow, record, notify),
    tellCrash: async ({ run }) => {
      // Its problems stand in the run's log.
      await crashNotifications(flow, run, notify);
    },
    tell: (event) => {
      tellFailures(event);
      news.hear(event, service.id);
    },
  });
  const ending = new AbortController();
  const serving = service.run(ending.signal);
  let end: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    ending.abort();
    await serving;
    await service.drain(graceMs);
    await news.settled();
    await record[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  };
  return {
    [Symbol.asyncDispose]() {
      end ??= stop();
      return end;
    },
  };
}

/** A flow of this process never changes. */
function flowAtHand(flow: FlowDefinition, parameters: readonly ParameterInfo[]): Definitions {
  const data = flowData(flow, parameters, wallClock.now());
  const rules = flow.schedule.map((one) => wholeRule(one, one.toJSON?.() as ScheduleSpec | undefined));
  const flows = [{ data, file: undefined, rules }];
  const files = [{ path: '', digest: undefined, error: undefined, loadedAt: wallClock.now(), flows: [{ name: flow.name, definition: data }] }];
  return { flows: () => flows, files: () => files, refresh() {}, listAgain() {}, doubt() {} };
}

/** What runs do they tell themselves. */
function tellFailures(event: ServiceEvent): void {
  if (event.type === 'trouble') printLine('warn', `trouble with ${event.step}: ${event.error}; it is tried again`);
  else if (event.type === 'run-refused') printLine('error', `run ${event.due.run} of flow '${event.due.flow}' was refused: ${event.why}`);
  else if (event.type === 'run-not-started') printLine('warn', `run ${event.due.run} of flow '${event.due.flow}' did not start: ${event.why}`);
  else if (event.type === 'not-told') printLine('warn', `${event.place} was not told of ${event.occasion}: ${event.error}`);
  else if (event.type === 'run-late')
    printLine('warn', `run ${event.due.run} of flow '${event.due.flow}' starts ${Math.round(event.lateMs / 1_000)} s after it was due`);
}
