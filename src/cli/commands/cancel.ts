import { userInfo } from 'node:os';
import { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { MillraceError } from '../../base/error.js';
import { terminalText } from '../../log/terminal-text.js';
import type { RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES } from '../../model/states.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { CancelAnswer } from '../../runs/service/cancelling.js';
import { findRun } from '../../runtime/past/look-up.js';
import type { Project } from '../../runtime/project.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { openExistingProject } from '../open-record.js';
import { UsageError } from '../usage-error.js';

interface CancelOptions {
  readonly reason?: string;
  readonly wait: boolean;
  readonly json?: true;
}

const LOOK_MS = 200;
const LONGEST_REASON = 1_000;

export function cancelCommand(context: CommandContext): Command {
  return new Command('cancel')
    .description('ask a run to end, whichever process runs it, and wait until it has')
    .argument('<run>', 'its id, or <flow>/latest')
    .option('--reason <text>', 'is recorded with the run')
    .option('--no-wait', 'do not wait for its end')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nThe run stops as at Ctrl+C: it starts nothing new, and its running tasks have five seconds. A run that is only due is withdrawn.',
    )
    .action(async (run: string, options: CancelOptions) => await cancel(run, options, context));
}

async function cancel(path: string, options: CancelOptions, context: CommandContext): Promise<void> {
  const why = reasonOf(options.reason);
  await using project = await openExistingProject();
  const { record } = project;
  const found = await runOrDue(record, path);
  const before = typeof found === 'string' ? found : await lastTry(project, found);
  const run = typeof before === 'string' ? before : before.id;
  if (typeof before !== 'string' && FINAL_RUN_STATES.has(before.state)) return tell(before, 'ended', options, context);
  const answer = await ask(project, run, why);
  if (answer === 'unknown') await findRun(record, path);
  if (answer === 'withdrawn') return say({ run, state: 'withdrawn' }, `run ${run} was due, and is not to be any more`, options, context);
  if (answer === 'ended') {
    const now = await record.run(run);
    if (now !== undefined) return tell(now, 'ended', options, context);
    throw new MillraceError('RUN_NOT_DUE', `run ${run} is not due any more: it was skipped or refused`);
  }
  if (!options.wait) return say({ run, state: 'asked' }, `asked run ${run} to end`, options, context);
  if (!options.json) context.terminal.err.write(`asked run ${run} to end; Ctrl+C stops waiting for it\n`);
  tell(await ended(record, run), 'cancelled', options, context);
}

function reasonOf(given: string | undefined): string {
  if (given === undefined) return `${userName()} did so with millrace cancel`;
  if (given.trim() !== '' && given.length <= LONGEST_REASON) return given.trim();
  throw new UsageError(`expected a reason of 1 to ${LONGEST_REASON} characters`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}

/** Of what is only due, the id. */
async function runOrDue(record: RunRecord, path: string): Promise<RunRow | string> {
  try {
    return await findRun(record, path);
  } catch (error) {
    if ((error as Partial<MillraceError>).code !== 'RUN_UNKNOWN' || path.endsWith('/latest')) throw error;
    return path;
  }
}

/** With `retries` of the flow, who knows a run by its first try means the one that goes on. */
async function lastTry({ record }: Project, run: RunRow): Promise<RunRow> {
  let last = run;
  if (last.cause === undefined || (last.state !== 'failed' && last.state !== 'timed-out')) return last;
  const { ServiceRecord } = await import('../../runs/service/service-record.js');
  await using services = await ServiceRecord.open(record.heartbeat);
  for (let next = await services.nextTry(last.id); next !== undefined; next = await services.nextTry(next)) last = await findRun(record, next);
  return last;
}

/** A service that is just starting it has nobody to be asked yet: a moment later there is. */
async function ask({ record }: Project, run: string, why: string): Promise<CancelAnswer> {
  const { ServiceRecord } = await import('../../runs/service/service-record.js');
  await using services = await ServiceRecord.open(record.heartbeat);
  for (;;) {
    const answer = await services.askToCancel(run, why);
    if (answer !== 'starting') return answer;
    await pause();
  }
}

/** Looking marks it crashed, should its process have gone. */
async function ended(record: RunRecord, run: string): Promise<RunRow> {
  for (;;) {
    const now = await findRun(record, run);
    if (FINAL_RUN_STATES.has(now.state)) return now;
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => systemClock.schedule(LOOK_MS, resolve));
}

/** Whatever it ended in: only what was cancelled is a success of this command. */
function tell({ id, flow, state, error }: RunRow, wish: 'ended' | 'cancelled', options: CancelOptions, context: CommandContext): void {
  const isDone = state === 'cancelled';
  if (!isDone) context.exit(EXIT.failed);
  const name = `run ${id} of flow ${terminalText(flow)}`;
  const why = error === undefined || isDone ? '' : `\n  ${terminalText(error.message.split('\n')[0] as string)}`;
  const how =
    state === 'crashed'
      ? 'has crashed'
      : wish === 'ended'
        ? `had ended already: ${state}`
        : isDone
          ? 'was cancelled'
          : `ended before it could be: ${state}`;
  say({ run: id, flow, state, ...(error === undefined ? {} : { error }) }, `${name} ${how}${why}`, options, context);
}

function say(document: object, text: string, { json }: CancelOptions, { terminal }: CommandContext): void {
  terminal.out.write(json ? `${JSON.stringify(document)}\n` : `${text}\n`);
}
