import { Command } from 'commander';
import { findRun } from '../../runtime/past/look-up.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { openRecord } from '../open-record.js';
import { widthOf } from '../terminal.js';

interface DiffOptions {
  readonly json?: true;
  readonly all?: true;
}

export function diffCommand(context: CommandContext): Command {
  return new Command('diff')
    .description('show what differs between two runs: parameters, code, inputs, results, states and times')
    .argument('<before>', '<run> or <flow>/latest')
    .argument('<after>', '<run> or <flow>/latest')
    .option('--all', 'list every task run that differs, and changed code at full length')
    .option('--json', 'print JSON')
    .action(async (before: string, after: string, options: DiffOptions) => await diffRuns(before, after, options, context));
}

async function diffRuns(before: string, after: string, { json, all }: DiffOptions, { terminal }: CommandContext): Promise<void> {
  await using project = await openRecord();
  const { record } = project;
  const [old, fresh] = [await findRun(record, before), await findRun(record, after)];
  const [{ compareRuns }, { diffReport }] = await Promise.all([import('../../runtime/past/compare-runs.js'), import('../diff-report.js')]);
  const difference = await compareRuns(record, old, fresh);
  const style = { colours: coloursFor(terminal.out, terminal.env), now: terminal.now(), width: widthOf(terminal.out), all: all === true };
  terminal.out.write(`${json ? JSON.stringify(difference, null, 2) : diffReport(difference, style)}\n`);
}
