import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import { formatMs } from '../../log/format-ms.js';
import { terminalText } from '../../log/terminal-text.js';
import type { LimitInUse } from '../../runs/limits/limit-request.js';
import type { HeartbeatTarget } from '../../runs/run-record.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { openRecord } from '../open-record.js';
import { formatTable } from '../table.js';
import { widthOf } from '../terminal.js';

export function limitsCommand(context: CommandContext): Command {
  return new Command('limits')
    .description('list the named limits that are in use: what they allow, who has it, who waits')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: true }) => await list(options, context));
}

async function list({ json }: { readonly json?: true }, { terminal, exit }: CommandContext): Promise<void> {
  await using project = await openRecord();
  const { heartbeat: target } = project.record;
  const limits = target === undefined ? [] : await find(target, async () => void (await project.record.runs({ state: 'running', limit: 1 })));
  if (json) terminal.out.write(`${JSON.stringify(limits, null, 2)}\n`);
  else if (limits.length === 0) {
    const hint = 'A limit is listed while a run waits for it, has units of it, or has started what counts for its rate.';
    throw new MillraceError('NO_LIMITS', 'no named limit is in use', { hint });
  } else {
    const colours = coloursFor(terminal.out, terminal.env);
    const titles = ['limit', 'allows', 'used', 'run', 'has or waits'].map((title) => ({ title }));
    const cells = limits.flatMap((limit) => rowsOf(limit, terminal.now()));
    terminal.out.write(`${formatTable(titles, cells, { width: widthOf(terminal.out), paintTitle: colours.dim })}\n`);
  }
  if (limits.length === 0) exit(EXIT.failed);
}

/** @param look marks runs whose owner is gone: they have nothing any more */
async function find(target: HeartbeatTarget, look: () => Promise<void>): Promise<readonly LimitInUse[]> {
  await look();
  const { LimitRecord } = await import('../../runs/limits/limit-record.js');
  await using record = await LimitRecord.open(target);
  return await record.inUse();
}

/** One row for each run; the first one says what the limit is. */
function rowsOf({ name, max, periodMs, used, holders, waiting }: LimitInUse, now: number): readonly (readonly string[])[] {
  const users = [
    ...holders.map(({ run, taskRuns }) => [run, taskRuns.join(', ')]),
    ...waiting.map(({ run, count, priority, since }) => [
      run,
      `${count} waiting for ${formatMs(Math.max(now - since, 0))}${priority === 0 ? '' : `, priority ${priority}`}`,
    ]),
  ];
  const meaning = [terminalText(name), periodMs === undefined ? `${max} at once` : `${max} per ${formatMs(periodMs)}`, String(used)];
  if (users.length === 0) return [[...meaning, '', '']];
  return users.map((user, at) => [...(at === 0 ? meaning : ['', '', '']), ...user.map((text) => terminalText(text))]);
}
