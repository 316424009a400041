import { Command, InvalidArgumentError, Option } from 'commander';
import { type Duration, toMs } from '../../base/duration.js';
import { RUN_STATES, type RunState } from '../../model/states.js';
import type { Amount, RunLeft } from '../../runs/run-record.js';
import type { Removal } from '../../runtime/past/removal.js';
import { formatBytes } from '../amounts.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { collect } from '../flow-command.js';
import { nothingFound } from '../nothing-found.js';
import { openExistingProject } from '../open-record.js';
import { UsageError } from '../usage-error.js';
import { wholeNumber } from '../whole-number.js';

interface RemoveOptions {
  readonly olderThan?: Duration;
  readonly keep?: number;
  readonly flow?: string;
  readonly state?: RunState;
  readonly tag?: readonly string[];
  readonly dryRun?: true;
  readonly json?: true;
}

export function removeCommand(context: CommandContext): Command {
  return new Command('rm')
    .description('remove runs with all that is kept of them; what other runs took from them stays with those')
    .argument('[run...]', 'ids, <flow>/latest or <flow>/<run>')
    .option('--older-than <duration>', 'runs created longer ago, such as 30d', duration)
    .option('--keep <count>', 'but for so many of the newest of each flow', wholeNumber(0))
    .option('--flow <flow>', 'of this flow')
    .addOption(new Option('--state <state>', 'in this state').choices(RUN_STATES))
    .option('--tag <tag>', 'with this tag; may be repeated', collect)
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print JSON')
    .addHelpText('after', "\nRuns with the tag 'keep' are only removed by their ids. A run that is going on is never removed.")
    .action(async (runs: readonly string[], _: unknown, command: Command) => await remove(runs, command.optsWithGlobals<RemoveOptions>(), context));
}

async function remove(runs: readonly string[], options: RemoveOptions, context: CommandContext): Promise<void> {
  const { olderThan, keep, flow, state, tag: tags, dryRun = false } = options;
  const rule = given({ olderThan, keep, flow, state, tags });
  const isRule = Object.keys(rule).length > 0;
  if (runs.length > 0 && isRule) throw new UsageError('expected runs, or a rule that says which; got both');
  if (runs.length === 0 && !isRule)
    throw new UsageError('expected runs, or a rule that says which', 'such as: millrace runs rm --older-than 30d --keep 10');
  await using project = await openExistingProject();
  // There may be none left to remove, but a flow that never ran was mistyped (S32).
  if (flow !== undefined && (await project.record.runs({ flow, limit: 1 })).length === 0) throw await nothingFound(project.record, flow);
  const { pruneRuns, removeRuns } = await import('../../runtime/past/removal.js');
  const removal = isRule ? await pruneRuns(project, { ...rule, dryRun }) : await removeRuns(project, runs, dryRun);
  // Asked for by name and not done is no success; a rule takes what it can.
  if (!isRule && removal.left.length > 0) context.exit(EXIT.failed);
  const { out } = context.terminal;
  out.write(options.json ? `${JSON.stringify({ dryRun, ...removal }, null, 2)}\n` : `${report(removal, dryRun, runs.length > 0)}\n`);
}

function report({ removed, left, freed, freedFiles, pendingFiles, leftFiles }: Removal, dryRun: boolean, byName: boolean): string {
  const would = (done: string, wouldBe: string): string => (dryRun ? wouldBe : done);
  const lines = [removed.length === 0 ? 'no run to remove' : `${would('removed', 'would remove')} ${counted(removed.length, 'run')}`];
  if (byName || dryRun) lines.push(...removed.map((run) => `  ${run}`));
  if (freed.count > 0) lines.push(`${would('freed', 'would free')} ${shown(freed, 'result')} in the record`);
  if (freedFiles.count > 0) lines.push(`${would('deleted', 'would delete')} ${shown(freedFiles, 'file')}`);
  if (pendingFiles.count > 0) lines.push(`${shown(pendingFiles, 'file')} will be deleted once no run is going on`);
  if (leftFiles > 0)
    lines.push(`left ${counted(leftFiles, 'file')} alone: not in this project's store, but in another one, on another machine, or gone already`);
  return [...lines, ...left.map(leftLine)].join('\n');
}

function leftLine({ run, why, by }: RunLeft): string {
  return why === 'unfinished' ? `left ${run}: it is going on` : `left ${run}: ${by}, which is going on, may be using its results`;
}

function shown({ count, bytes }: Amount, what: string): string {
  return `${counted(count, what)} (${formatBytes(bytes)})`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}

function duration(text: string): Duration {
  try {
    if (/\D$/.test(text) && toMs(text as Duration) > 0) return text as Duration;
  } catch {
    // Told in the words of the command line.
  }
  throw new InvalidArgumentError('Expected a length of time such as 12h or 30d.');
}
