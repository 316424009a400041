import { resolve } from 'node:path';
import { Command } from 'commander';
import { locate } from '../../runtime/past/look-up.js';
import { report } from '../../runtime/report.js';
import type { CommandContext } from '../command.js';
import { openRecord } from '../open-record.js';

interface ReportCommandOptions {
  readonly output?: string;
  readonly code: boolean;
}

export function reportCommand(context: CommandContext): Command {
  return new Command('report')
    .description('write a run as one HTML page that needs no network: graph, timeline, tasks, logs, artifacts')
    .argument('<run>', '<run>, <flow>/latest or <flow>/<run>')
    .option('-o, --output <file>', 'the page, or - for the standard output (default: report-<run>.html)')
    .option('--no-code', 'without the text of the source files')
    .action(async (path: string, options: ReportCommandOptions) => await write(path, options, context));
}

async function write(path: string, { output, code }: ReportCommandOptions, { terminal }: CommandContext): Promise<void> {
  await using project = await openRecord();
  const { run } = await locate(project.record, path);
  if (output === '-') {
    terminal.out.write(await report(run.id, { code }));
    return;
  }
  const file = output ?? `report-${run.id}.html`;
  await report(run.id, { file: resolve(terminal.cwd, file), code });
  terminal.err.write(`wrote ${file}\n`);
}
