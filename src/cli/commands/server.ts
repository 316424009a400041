import { Command } from 'commander';
import type { RunningServer } from '../../server/start-server.js';
import { shownPlace } from '../../serving/shown-place.js';
import type { CommandContext } from '../command.js';
import { collect } from '../flow-command.js';
import { wholeNumber } from '../whole-number.js';

interface ServerCommandOptions {
  readonly port?: number;
  readonly host?: string;
  readonly allowHost?: readonly string[];
  readonly json?: true;
}

export function serverCommand(context: CommandContext): Command {
  return new Command('server')
    .description('serve the HTTP API of this project, for programs and for pages, until Ctrl+C')
    .option('--port <port>', 'where to listen; 0: any that is free (default: 4200)', wholeNumber(0))
    .option('--host <address>', 'at which address; another than loopback needs MILLRACE_SERVER_TOKEN (default: 127.0.0.1)')
    .option('--allow-host <name>', 'a name that it is reached by, such as that of a proxy; may be repeated', collect)
    .option('--json', 'print where it is as JSON')
    .addHelpText(
      'after',
      '\nIt starts no runs by itself: that is what `millrace serve` is for. The token is new at each start, unless MILLRACE_SERVER_TOKEN has one.',
    )
    .action(async (options: ServerCommandOptions) => await serve(options, context));
}

async function serve({ port, host, allowHost, json }: ServerCommandOptions, { terminal }: CommandContext): Promise<void> {
  const { startServer } = await import('../../server/start-server.js');
  const token = terminal.env.MILLRACE_SERVER_TOKEN;
  await using server = await startServer({
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(allowHost === undefined ? {} : { allowedHosts: allowHost }),
    ...(token ? { token } : {}),
  });
  terminal.out.write(json ? `${JSON.stringify(placeOf(server))}\n` : `${shownPlace(server)}; Ctrl+C stops it\n`);
  await interrupted();
}

function placeOf({ url, link, port, tokenFile }: RunningServer) {
  return { url, link, port, ...(tokenFile === undefined ? {} : { tokenFile }) };
}

/** Both are how it is meant to end. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
