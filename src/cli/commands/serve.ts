import { Command, InvalidArgumentError } from 'commander';
import { type Duration, toMs } from '../../base/duration.js';
import { DEFAULT_MAX_RUNS } from '../../service/service.js';
import type { CommandContext } from '../command.js';
import { collect } from '../flow-command.js';
import type { ServeOptions } from '../serve.js';
import { wholeNumber } from '../whole-number.js';

export function serveCommand(context: CommandContext): Command {
  return new Command('serve')
    .description('run the flows of a folder when their schedules say so')
    .argument('[folder]', 'where the flow files are, in it and below; or one flow file', '.')
    .option('--max-runs <count>', 'runs of this service at the same time', wholeNumber(1), DEFAULT_MAX_RUNS)
    .option('--grace <duration>', 'how long runs may go on when the service is asked to end, before they are cancelled', duration, '60s')
    .option('--late <duration>', 'tell of runs that start so much after they were due', duration, '60s')
    .option('--port <port>', 'serve the HTTP API too, at this port; 0: any that is free', wholeNumber(0))
    .option('--host <address>', 'at which address (with --port); another than loopback needs MILLRACE_SERVER_TOKEN (default: 127.0.0.1)')
    .option('--allow-host <name>', 'a name that it is reached by (with --port), such as that of a proxy; may be repeated', collect)
    .option(
      '--notify <file>',
      'whom to tell of every run, and of broken files and trouble: a file whose default export is webhook(…), email(…) or a list',
    )
    .option('--once', 'do what is due now, and end')
    .option('-q, --quiet', 'print failures only')
    .addHelpText(
      'after',
      '\nOn a terminal in lines to read, elsewhere in lines of JSON. SIGTERM or Ctrl+C: starts nothing new and ends when what runs has ended; a second one\n' +
        'ends at once, and leaves its runs going on. Any number of services may share a project: each due run is started once.',
    )
    .action(async (folder: string, _: unknown, command: Command) => {
      const { serve } = await import('../serve.js');
      context.exit(await serve(folder, command.optsWithGlobals<ServeOptions>(), context.terminal));
    });
}

function duration(text: string): Duration {
  try {
    toMs(text as Duration);
    return text as Duration;
  } catch {
    throw new InvalidArgumentError('Expected a length of time such as 30s or 5m.');
  }
}
