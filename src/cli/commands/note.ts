import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import type { RunAmendment } from '../../runs/run-record.js';
import { findRun } from '../../runtime/past/look-up.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { noteLines } from '../notes.js';
import { openRecord } from '../open-record.js';
import { UsageError } from '../usage-error.js';
import { wholeNumber } from '../whole-number.js';

interface NoteOptions {
  readonly remove?: number;
  readonly json?: true;
}

export function noteCommand(context: CommandContext): Command {
  return new Command('note')
    .description('write down something about a run; without a text, read what was written')
    .argument('<run>', '<run>, <flow>/latest or <flow>/<run>')
    .argument('[text]', 'what there is to say')
    .option('--remove <number>', 'take the note of this number away', wholeNumber(1))
    .option('--json', 'print JSON')
    .action(async (path: string, text: string | undefined, options: NoteOptions) => await note(path, text, options, context));
}

async function note(path: string, text: string | undefined, { remove, json }: NoteOptions, { terminal, exit }: CommandContext): Promise<void> {
  if (text !== undefined && remove !== undefined) throw new UsageError('expected a text, or --remove; got both');
  const { checkNote } = await import('../../runtime/past/amendments.js');
  await using project = await openRecord();
  const { record } = project;
  const found = await findRun(record, path);
  if (remove !== undefined && found.notes?.[remove - 1] === undefined) {
    throw new MillraceError('NOTE_UNKNOWN', `run ${found.id} has no note ${remove}`, { hint: `It has ${found.notes?.length ?? 0}.` });
  }
  const amendment: RunAmendment = {
    ...(text === undefined ? {} : { addNote: checkNote(text) }),
    ...(remove === undefined ? {} : { removeNote: remove - 1 }),
  };
  const run = Object.keys(amendment).length === 0 ? found : await record.amend(found.id, amendment);
  const notes = run.notes ?? [];
  if (json) terminal.out.write(`${JSON.stringify({ run: run.id, notes }, null, 2)}\n`);
  else if (notes.length > 0) terminal.out.write(`${noteLines(notes)}\n`);
  else if (remove === undefined) {
    // A look-up that finds nothing is no success (S32).
    exit(EXIT.failed);
    terminal.err.write(`run ${run.id} has no notes\n`);
  }
}
