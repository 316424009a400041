import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import { terminalText } from '../../log/terminal-text.js';
import type { RunRow } from '../../model/records.js';
import { findRun } from '../../runtime/past/look-up.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { openRecord } from '../open-record.js';
import type { Terminal } from '../terminal.js';

interface TagOptions {
  readonly json?: true;
}

export function tagCommand({ terminal }: CommandContext): Command {
  const one = '<run>, <flow>/latest or <flow>/<run>';
  const change = (key: 'addTags' | 'removeTags') => async (path: string, tags: readonly string[], options: TagOptions) => {
    const { checkTags } = await import('../../runtime/past/amendments.js');
    await using project = await openRecord();
    const run = await findRun(project.record, path);
    const checked = checkTags(tags);
    if (key === 'removeTags') refuseUnknown(run, checked);
    print(await project.record.amend(run.id, { [key]: checked }), options, terminal);
  };
  return new Command('tag')
    .description('tag runs, so that they are found again')
    .addCommand(
      new Command('add')
        .description('give a run tags')
        .argument('<run>', one)
        .argument('<tag...>', 'what to call it')
        .option('--json', 'print JSON')
        .action(change('addTags')),
    )
    .addCommand(
      new Command('remove')
        .description('take tags away from a run; those of the system stay')
        .argument('<run>', one)
        .argument('<tag...>', 'which')
        .option('--json', 'print JSON')
        .action(change('removeTags')),
    )
    .addCommand(
      new Command('list')
        .description("a run's tags, and those of the system")
        .argument('<run>', one)
        .option('--json', 'print JSON')
        .action(async (path: string, options: TagOptions) => {
          await using project = await openRecord();
          print(await findRun(project.record, path), options, terminal);
        }),
    );
}

/** S32: what is not there cannot be taken away. */
function refuseUnknown({ id, tags, systemTags = [] }: RunRow, wanted: readonly string[]): void {
  const missing = wanted.find((tag) => !tags.includes(tag));
  if (missing === undefined) return;
  const guess = nearest(missing, tags);
  const known = tags.length === 0 ? 'It has none of its own.' : `It has ${tags.join(', ')}.`;
  const hint = systemTags.includes(missing) ? 'That is one of the system, which stays.' : guess === undefined ? known : `Did you mean '${guess}'?`;
  throw new MillraceError('TAG_UNKNOWN', `run ${id} has no tag '${missing}' of its own`, { hint });
}

function print({ id, tags, systemTags = [] }: RunRow, { json }: TagOptions, { out, env }: Terminal): void {
  if (json) {
    out.write(`${JSON.stringify({ run: id, tags, systemTags }, null, 2)}\n`);
    return;
  }
  const { dim } = coloursFor(out, env);
  const lines = [...tags.map(terminalText), ...systemTags.map((tag) => `${terminalText(tag)} ${dim('(system)')}`)];
  out.write(lines.length === 0 ? '' : `${lines.join('\n')}\n`);
}
