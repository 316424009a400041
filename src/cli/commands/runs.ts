import { Command, Option } from 'commander';
import { MillraceError } from '../../base/error.js';
import { terminalText } from '../../log/terminal-text.js';
import type { RunRow } from '../../model/records.js';
import { RUN_STATES, type RunState, TASK_STATES } from '../../model/states.js';
import type { RunFilter } from '../../runs/run-record.js';
import { findRun } from '../../runtime/past/look-up.js';
import { paramFilter } from '../../runtime/past/param-filter.js';
import { formatAgo, formatSpan } from '../amounts.js';
import { type Colours, coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { collect } from '../flow-command.js';
import { parseMoment } from '../moment.js';
import { nothingFound } from '../nothing-found.js';
import { openRecord } from '../open-record.js';
import { paintState } from '../state-colour.js';
import { formatTable } from '../table.js';
import { widthOf } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { wholeNumber } from '../whole-number.js';
import { removeCommand } from './runs-rm.js';

interface RunsOptions {
  readonly flow?: string;
  readonly state?: RunState;
  readonly tag?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly param?: readonly string[];
  readonly before?: string;
  readonly limit: number;
  readonly json?: true;
}

export function runsCommand(context: CommandContext): Command {
  const now = context.terminal.now();
  return new Command('runs')
    .description('list runs, newest first; or remove them')
    .option('--flow <flow>', 'only runs of this flow')
    .addOption(new Option('--state <state>', 'only runs in this state').choices(RUN_STATES))
    .option('--tag <tag>', 'only runs with this tag; may be repeated', collect)
    .option('--since <time>', 'only runs created at this time or later: 2026-11-20, 2026-11-20T09:30, or 12h (ago)', (text) => parseMoment(text, now))
    .option('--until <time>', 'only runs created before this time', (text) => parseMoment(text, now))
    .option('-p, --param <name=value>', 'only runs with this value of a parameter; may be repeated', collect)
    .option('--before <run>', 'the next page: only runs that come after this one in the list')
    .option('--limit <count>', 'at most so many', wholeNumber(1), 20)
    .option('--json', 'print JSON')
    .action(async (options: RunsOptions) => await list(options, context))
    .addCommand(removeCommand(context));
}

async function list(options: RunsOptions, context: CommandContext): Promise<void> {
  const { flow, state, tag, since, until, param, before, limit, json } = options;
  const { terminal } = context;
  await using project = await openRecord();
  const filter: RunFilter = {
    limit,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(param === undefined ? {} : { params: paramTexts(param) }),
    ...(before === undefined ? {} : { before: (await findRun(project.record, before)).id }),
    ...(flow === undefined ? {} : { flow }),
    ...(state === undefined ? {} : { state }),
    ...(tag === undefined ? {} : { tags: tag }),
  };
  const rows = await project.record.runs(filter);
  if (json) terminal.out.write(`${JSON.stringify(rows, null, 2)}\n`);
  if (rows.length === 0) {
    if (!json && before !== undefined) throw new MillraceError('NO_RUNS', `no run comes after ${before}`, { hint: 'That was the last page.' });
    if (!json) throw await nothingFound(project.record, flow);
    context.exit(EXIT.failed);
  } else if (!json) {
    const colours = coloursFor(terminal.out, terminal.env);
    terminal.out.write(`${table(rows, colours, terminal.now(), widthOf(terminal.out))}\n`);
    // A pipe gets the rows and nothing else.
    if (rows.length === limit && terminal.out.isTTY === true) terminal.err.write(`${colours.dim(`more with --before ${rows.at(-1)?.id}`)}\n`);
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

/** What was typed may be meant as text or as JSON: `x=0.2` finds both. */
function paramTexts(typed: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const pairs = typed.map((text): readonly [string, string] => {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === '') throw new UsageError(`expected --param name=value; got '${text}'`);
    return [name, value];
  });
  return paramFilter(pairs);
}
