import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { BackfillOptions } from '../../flow/backfill-options.js';
import { runBackfill, withBackfillOutput } from '../backfill/run-backfill.js';
import type { CommandContext } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { addFlowArguments, type FlowCommandOptions, openFlow } from '../flow-command.js';
import { parseMoment } from '../moment.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { wholeNumber } from '../whole-number.js';
import { shortTime } from '../zoned-time.js';
import { addBackfillCommands } from './backfill-care.js';

interface BackfillCommandOptions extends FlowCommandOptions {
  readonly from?: number;
  readonly to?: number;
  readonly schedule?: number;
  readonly reprocess: 'none' | 'failed' | 'all';
  readonly order: 'forward' | 'backward';
  readonly maxActive: number;
  readonly dryRun?: true;
  readonly json?: true;
}

const DATES = '2026-01-08, 2026-01-08T09:30 (local, unless it says Z or +02:00), or how long ago: 30d';

export function backfillCommand(context: CommandContext): Command {
  const { terminal } = context;
  const moment = (text: string): number => parseMoment(text, terminal.now());
  const command = addFlowArguments(new Command('backfill').description('run a flow for past instants of its schedule that have had no run'))
    .option('--from <time>', `from this instant on, included: ${DATES}`, moment)
    .option('--to <time>', 'up to this instant, included; without it, until now', moment)
    .option('--schedule <n>', "of a flow with several schedules, which: 1 is the first ('millrace describe' numbers them)", wholeNumber(1))
    .addOption(
      new Option('--reprocess <which>', 'instants that have had a run: none of them, those that came to no success, or all')
        .choices(['none', 'failed', 'all'])
        .default('none'),
    )
    .addOption(new Option('--order <order>', 'oldest or newest first').choices(['forward', 'backward']).default('forward'))
    .option('--max-active <n>', 'runs at the same time', wholeNumber(1), 1)
    .option('--dry-run', 'only say which instants would be run')
    .option('--json', 'print one JSON document when it has ended')
    .addHelpText(
      'after',
      '\nA backfill is kept in the record: Ctrl+C ends what runs and pauses it; after that, or after a kill, the same command goes on with it, and so does\n' +
        "'millrace backfill resume <id>'. Nothing that was finished is done again. A service that serves the flow takes part.",
    )
    .action(async (file: string, flow: string | undefined, options: BackfillCommandOptions) => {
      context.exit(await fill(file, flow, options, terminal));
    });
  return addBackfillCommands(command, context);
}

async function fill(file: string, flow: string | undefined, options: BackfillCommandOptions, outer: Terminal): Promise<ExitCode> {
  const { from, to, schedule, reprocess, order, maxActive, dryRun } = options;
  // Not asked of commander, which would want it of list, show and the others too.
  if (from === undefined) throw new UsageError('expected --from <time>: where the range begins', `--from ${DATES}`);
  const range: BackfillOptions = {
    from: new Date(from),
    to: new Date(to ?? outer.now()),
    reprocess,
    order,
    maxActive,
    ...(schedule === undefined ? {} : { schedule }),
  };
  return await withBackfillOutput(outer, options.json === true, async (terminal) => {
    const { inside, sources } = await openFlow(file, flow, options, terminal);
    if (!dryRun)
      return await runBackfill({ inside, sources, terminal, json: options.json === true }, { ...range, file: resolve(terminal.cwd, file) });
    tellInstants(await inside.backfill(sources, range).instants(), options, terminal);
    return EXIT.success;
  });
}

function tellInstants(instants: readonly Date[], { json }: BackfillCommandOptions, { out }: Terminal): void {
  if (json) out.write(`${JSON.stringify({ dryRun: true, instants }, null, 2)}\n`);
  else if (instants.length === 0) out.write('nothing to fill: every instant has had a run, or waits for one\n');
  else {
    const lines = instants.map((at) => `  ${shortTime(at.getTime())}`);
    out.write(`would run ${instants.length === 1 ? 'one instant' : `${instants.length} instants`}:\n${lines.join('\n')}\n`);
  }
}
