import { CommanderError } from 'commander';
import { coloursFor } from './colours.js';
import { exitCodeOf, formatError } from './errors.js';
import type { ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** Prints an error on the standard error and says which exit code it deserves. */
export function tellError(error: unknown, { err, env }: Terminal, debug: boolean): ExitCode {
  const shown = error instanceof CommanderError ? usageOf(error) : error;
  err.write(`${formatError(shown, { colours: coloursFor(err, env), debug: debug || Boolean(env.MILLRACE_DEBUG) })}\n`);
  return exitCodeOf(shown);
}

/** `error: unknown option '--frce'\n(Did you mean --force?)` in our words. */
function usageOf(error: CommanderError): UsageError {
  const [message = error.message, suggestion] = error.message.replace(/^error: /, '').split('\n');
  return new UsageError(message, suggestion?.replace(/^\((.*)\)$/, '$1').replace(/^D/, 'd') ?? 'millrace --help shows how commands are written');
}
