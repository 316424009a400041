import { Command, InvalidArgumentError, Option } from 'commander';
import { MillraceError } from '../../base/error.js';
import { terminalText } from '../../log/terminal-text.js';
import type { RunRow } from '../../model/records.js';
import { RUN_STATES, type RunState, TASK_STATES } from '../../model/states.js';
import type { RunFilter, RunRecord } from '../../runs/run-record.js';
import { formatAgo, formatSpan } from '../amounts.js';
import { type Colours, coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { collect } from '../flow-command.js';
import { nearest } from '../nearest.js';
import { openRecord } from '../open-record.js';
import { paintState } from '../state-colour.js';
import { formatTable } from '../table.js';
import { widthOf } from '../terminal.js';

interface RunsOptions {
  readonly flow?: string;
  readonly state?: RunState;
  readonly tag?: readonly string[];
  readonly limit: number;
  readonly json?: true;
}

export function runsCommand(context: CommandContext): Command {
  return new Command('runs')
    .description('list runs, newest first')
    .option('--flow <flow>', 'only runs of this flow')
    .addOption(new Option('--state <state>', 'only runs in this state').choices(RUN_STATES))
    .option('--tag <tag>', 'only runs with this tag; may be repeated', collect)
    .option('--limit <count>', 'at most so many', count, 20)
    .option('--json', 'print JSON')
    .action(async (options: RunsOptions) => await list(options, context));
}

async function list({ flow, state, tag, limit, json }: RunsOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  await using project = await openRecord();
  const filter: RunFilter = {
    limit,
    ...(flow === undefined ? {} : { flow }),
    ...(state === undefined ? {} : { state }),
    ...(tag === undefined ? {} : { tags: tag }),
  };
  const rows = await project.record.runs(filter);
  if (json) terminal.out.write(`${JSON.stringify(rows, null, 2)}\n`);
  if (rows.length === 0) {
    if (!json) throw await nothingFound(project.record, flow);
    context.exit(EXIT.failed);
  } else if (!json) {
    const colours = coloursFor(terminal.out, terminal.env);
    terminal.out.write(`${table(rows, colours, terminal.now(), widthOf(terminal.out))}\n`);
  }
}

function table(rows: readonly RunRow[], colours: Colours, now: number, width: number | undefined): string {
  const titles = [
    { title: 'run' },
    { title: 'flow' },
    { title: 'state' },
    { title: 'started' },
    { title: 'took', align: 'right' as const },
    { title: 'tasks' },
    { title: 'name' },
  ];
  const cells = rows.map((row) => [
    row.id,
    terminalText(row.flow),
    paintState(row.state, colours),
    formatAgo(row.startedAt ?? row.createdAt, now),
    formatSpan(row.startedAt, row.finishedAt, now),
    countsOf(row),
    terminalText(row.name ?? ''),
  ]);
  return formatTable(titles, cells, { width, paintTitle: colours.dim });
}

/** `12 success, 3 cached`, in the order of the states. */
export function countsOf({ counts }: Pick<RunRow, 'counts'>): string {
  return TASK_STATES.flatMap((state) => (counts[state] ? [`${counts[state]} ${state}`] : [])).join(', ');
}

/** S32: a look-up that finds nothing is not success. */
async function nothingFound(record: RunRecord, flow: string | undefined): Promise<MillraceError> {
  const known = await record.runs({ limit: 500 });
  if (known.length === 0)
    return new MillraceError('NO_RUNS', `there are no runs in ${record.location}`, { hint: 'start one with: millrace run <file>' });
  const flows = [...new Set(known.map((row) => row.flow))];
  const guess = flow === undefined || flows.includes(flow) ? undefined : nearest(flow, flows);
  const hint = guess === undefined ? `flows with runs: ${flows.join(', ')}` : `did you mean --flow ${guess}?`;
  return new MillraceError('NO_RUNS', 'no run is like that', { hint });
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number from 1.');
}
