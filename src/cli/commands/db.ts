import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import type { RecordCare, RecordStatus } from '../../runs/record-status.js';
import { formatBytes } from '../amounts.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { UsageError } from '../usage-error.js';

interface DbOptions {
  readonly json?: true;
}

/** Where runs are recorded, and how that place is looked after. */
export function dbCommand(context: CommandContext): Command {
  return new Command('db')
    .description('the database of the runs: where it is, and moving it to PostgreSQL')
    .usage('<status|migrate|move>')
    .addCommand(
      new Command('status')
        .description('say where runs are recorded, and how many there are')
        .option('--json', 'print JSON')
        .action(async (options: DbOptions) => await showStatus(options, context)),
    )
    .addCommand(
      new Command('migrate')
        .description('bring the tables to the newest version now, rather than at the next run')
        .option('--json', 'print JSON')
        .action(async (options: DbOptions) => await migrate(options, context)),
    )
    .addCommand(
      new Command('move')
        .description("copy the project's runs from its SQLite file into an empty PostgreSQL database")
        .argument('[url]', 'postgres://user:password@host:5432/database, or what MILLRACE_DATABASE_URL says')
        .option('--json', 'print JSON')
        .action(async (url: string | undefined, options: DbOptions) => await move(url, options, context)),
    )
    .action((_, command: Command) => {
      const [wanted] = command.args;
      throw new UsageError(
        wanted === undefined ? 'expected what to do with the database' : `there is no command 'db ${wanted}'`,
        'millrace db status, migrate or move',
      );
    });
}

/** Of the working directory's project, as runs would use it. */
async function placed(): Promise<{ readonly care: RecordCare; readonly file: string; readonly url: string | undefined }> {
  const { databaseIn, findHome, IN_MEMORY, recordAddress } = await import('../../runtime/home.js');
  const home = findHome();
  if (home === IN_MEMORY) throw new MillraceError('NO_PROJECT', 'MILLRACE_HOME is :memory:, so nothing is recorded');
  const [url, file] = [recordAddress(home), databaseIn(home)];
  if (url !== undefined) return { care: (await import('../../runs/postgres/postgres-care.js')).postgresCare(url), file, url };
  return { care: (await import('../../runs/sqlite/sqlite-care.js')).sqliteCare(file), file, url };
}

async function showStatus(options: DbOptions, { terminal }: CommandContext): Promise<void> {
  const { care } = await placed();
  const status = await care.status();
  const { dim } = coloursFor(terminal.out, terminal.env);
  const lines = [
    ['record', status.location],
    ['version', versionText(status)],
    ['runs', `${status.runs}`],
    ['task runs', `${status.taskRuns}`],
    ['size', formatBytes(status.size)],
  ].map(([title = '', text]) => `${dim(title.padEnd(10))}${text}`);
  terminal.out.write(options.json ? `${JSON.stringify(status, null, 2)}\n` : `${lines.join('\n')}\n`);
}

function versionText({ version, newest }: RecordStatus): string {
  if (version === 0) return 'none yet: the first run makes the tables';
  return version === newest ? `${version}, the newest` : `${version} of ${newest}: the next run, or millrace db migrate, brings it up to date`;
}

async function migrate(options: DbOptions, { terminal }: CommandContext): Promise<void> {
  const { care } = await placed();
  const done = await care.migrate();
  const { from, to, backup } = done;
  const kept = backup === undefined ? '' : `; as it was, it is kept in ${backup}`;
  const sentence = from === to ? `the record has version ${to} already, the newest` : `the record went from version ${from} to ${to}${kept}`;
  terminal.out.write(options.json ? `${JSON.stringify(done, null, 2)}\n` : `${sentence}\n`);
}

async function move(given: string | undefined, options: DbOptions, { terminal }: CommandContext): Promise<void> {
  const { file, url: set } = await placed();
  const url = given ?? set;
  if (url === undefined)
    throw new UsageError('expected the address of a PostgreSQL database', 'millrace db move postgres://user:password@host:5432/database');
  const { moveRecord } = await import('../../runs/postgres/move-record.js');
  const { rows, from, to } = await moveRecord(file, url);
  const counted = Object.fromEntries(rows);
  if (options.json) {
    terminal.out.write(`${JSON.stringify({ from, to, rows: counted }, null, 2)}\n`);
    return;
  }
  const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
  const next =
    set === undefined || (given !== undefined && given !== set)
      ? 'next: set MILLRACE_DATABASE_URL to that address wherever flows run; until then runs are recorded in the file as before'
      : 'MILLRACE_DATABASE_URL leads there already: from now on runs are recorded there';
  terminal.out.write(
    [
      `moved ${counted.run} ${counted.run === 1 ? 'run' : 'runs'} (${total} rows, counted on both sides)`,
      `  from ${from}`,
      `  to   ${to}`,
      next,
      'the file stays as it was: remove it when you have seen that all is there; results in the store have not moved',
      '',
    ].join('\n'),
  );
}
