import { asError } from '../base/error.js';
import type { ServiceNotification } from '../model/notification.js';
import { ServiceRecord } from '../runs/service/service-record.js';
import { openProject } from '../runtime/project.js';
import type { RunWatch } from '../runtime/run-watch.js';
import { startDue } from '../runtime/start-due.js';
import type { StartOptions } from '../runtime/start-run.js';
import { settleUnbegun } from '../service/due-start.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { openFlow } from './flow-command.js';
import { followRun, withRunOutput } from './follow-run.js';
import type { RunCommandOptions } from './run-options.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

interface DueRunOptions extends RunCommandOptions {
  /** A file that says whom its service tells. */
  readonly notify?: string;
}

/**
 * Runs what is due: what a service starts for each run. It is started once, whoever tries: the record takes one run of its id. What became of it is
 * written down here, since the service may be gone by then.
 * @throws UsageError when there is no such due run, and what loading the flow throws: whoever claimed it may try again
 */
export async function runDue(id: string, file: string, flow: string | undefined, options: DueRunOptions, terminal: Terminal): Promise<ExitCode> {
  await using project = await openProject();
  await using services = await ServiceRecord.open(project.record.heartbeat);
  const [due] = await services.due({ run: id });
  if (due === undefined) throw new UsageError(`expected --due with the id of a due run; got '${id}'`);
  if (due.state !== 'waiting' && due.state !== 'claimed') return EXIT.success;
  // The service settles what is not settled here, when it can.
  const settle = async (state: 'started' | 'refused', why?: string): Promise<void> => await services.settleDue(id, state, why).catch(() => {});
  const quiet: RunCommandOptions = { ...options, quiet: true };
  return await withRunOutput(quiet, terminal, async (own, printer) => {
    const [{ name, inside, sources }, makePrinter] = await Promise.all([openFlow(file, flow, options, own), printer]);
    const notify = await servicePlaces(options.notify, own);
    let begun: Promise<void> | undefined;
    let ended: Promise<unknown> | undefined;
    const begin = (): void => {
      begun ??= settle('started');
    };
    const code = await followRun({ name, file, inside, options: quiet, terminal: own, makePrinter }, async (start) => {
      try {
        const watch = toldWhenRunning(start, id, begin);
        const handle = await startDue(inside, due, { ...start, watch, notify }, sources);
        ended = handle.result().catch((error: unknown) => (begun === undefined ? settleUnbegun(error, settle) : undefined));
        return { handle, ...(due.resumes === undefined ? {} : { resumes: due.resumes }) };
      } catch (error) {
        await settleUnbegun(error, settle);
        throw error;
      }
    });
    await ended;
    await begun;
    return code;
  });
}

/** A file that is broken by now is no reason not to run: that nobody is told stands in the run's log where there would be something to tell. */
async function servicePlaces(file: string | undefined, { cwd }: Terminal): Promise<readonly ServiceNotification[]> {
  if (file === undefined) return [];
  try {
    return await (await import('./load-notifications.js')).loadNotifications(file, cwd);
  } catch (error) {
    const notify = (): never => {
      throw asError(error);
    };
    return [{ name: `whom ${file} names`, retries: 0, notify }];
  }
}

/** A run says that it is running when its row is committed. */
function toldWhenRunning({ watch }: StartOptions, run: string, begin: () => void): RunWatch {
  const inner = watch as RunWatch;
  return {
    ...(inner.signal === undefined ? {} : { signal: inner.signal }),
    started: (of) => inner.started(of),
    event(event, of) {
      if (of.run === run && event.type === 'run-state' && (event.data as { readonly state: string }).state === 'running') begin();
      inner.event(event, of);
    },
    gone: (of) => inner.gone(of),
  };
}
