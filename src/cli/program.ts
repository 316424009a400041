import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { PACKAGE_ROOT } from '../base/own-files.js';
import { closeIdleProjects } from '../runtime/project.js';
import type { CommandFactory } from './command.js';
import { runCommand } from './commands/run.js';
import { EXIT, type ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';
import { waitForDeliveries } from './wait-for-deliveries.js';

/** In the order of `--help`. `run` comes with the program; of the others only the module of the one that was typed is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandFactory>>> = {
  show: async () => (await import('./commands/show.js')).showCommand,
  visualize: async () => (await import('./commands/visualize.js')).visualizeCommand,
  preview: async () => (await import('./commands/preview.js')).previewCommand,
  run: async () => runCommand,
  resume: async () => (await import('./commands/resume.js')).resumeCommand,
  backfill: async () => (await import('./commands/backfill.js')).backfillCommand,
  cancel: async () => (await import('./commands/cancel.js')).cancelCommand,
  invalidate: async () => (await import('./commands/invalidate.js')).invalidateCommand,
  reset: async () => (await import('./commands/invalidate.js')).resetCommand,
  flows: async () => (await import('./commands/flows.js')).flowsCommand,
  next: async () => (await import('./commands/next.js')).nextCommand,
  pause: async () => (await import('./commands/pause.js')).pauseCommand,
  unpause: async () => (await import('./commands/pause.js')).unpauseCommand,
  trigger: async () => (await import('./commands/trigger.js')).triggerCommand,
  describe: async () => (await import('./commands/describe.js')).describeCommand,
  test: async () => (await import('./commands/test.js')).testCommand,
  clear: async () => (await import('./commands/clear.js')).clearCommand,
  runs: async () => (await import('./commands/runs.js')).runsCommand,
  inspect: async () => (await import('./commands/inspect.js')).inspectCommand,
  diff: async () => (await import('./commands/diff.js')).diffCommand,
  tag: async () => (await import('./commands/tag.js')).tagCommand,
  note: async () => (await import('./commands/note.js')).noteCommand,
  logs: async () => (await import('./commands/logs.js')).logsCommand,
  limits: async () => (await import('./commands/limits.js')).limitsCommand,
  report: async () => (await import('./commands/report.js')).reportCommand,
  serve: async () => (await import('./commands/serve.js')).serveCommand,
  server: async () => (await import('./commands/server.js')).serverCommand,
  db: async () => (await import('./commands/db.js')).dbCommand,
};

/** What the command line starts itself with, and nobody types. */
const HIDDEN: typeof COMMANDS = {
  'read-flows': async () => (await import('./commands/read-flows.js')).readFlowsCommand,
  'tell-crash': async () => (await import('./commands/tell-crash.js')).tellCrashCommand,
};

/**
 * Runs one command line and says how it ended; never rejects. Exit codes (S32): 0 success, 1 the run failed or nothing was found,
 * 2 wrong use, 130 cancelled.
 * @param args without `node` and the script
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.success;
  try {
    const program = await createProgram(args, terminal, (code) => {
      exitCode = code;
    });
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.success;
    const { tellError } = await import('./tell-error.js');
    return tellError(error, terminal, args.includes('--debug'));
  } finally {
    await waitForDeliveries(terminal);
    // The exit code is known: nobody waits for this.
    void closeIdleProjects();
  }
}

async function createProgram(args: readonly string[], terminal: Terminal, exit: (code: ExitCode) => void): Promise<Command> {
  const program = new Command('millrace')
    .description('Data flows in plain TypeScript: draw, preview and run them, and look up every run of the past.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--debug', 'print stack traces (also MILLRACE_DEBUG=1)')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => void terminal.out.write(text), writeErr: () => {}, getOutHelpWidth: () => terminal.out.columns ?? 100 })
    .addHelpText('after', `\nExit codes: 0 success, 1 the run failed or nothing was found, 2 wrong use, 130 cancelled.`);
  const wanted = args.find((arg) => !arg.startsWith('-'));
  const chosen = wanted === undefined ? undefined : (COMMANDS[wanted] ?? HIDDEN[wanted]);
  const factories = await Promise.all((chosen ? [chosen] : Object.values(COMMANDS)).map((load) => load()));
  for (const factory of factories) program.addCommand(inherit(factory({ terminal, exit }), program));
  if (wanted === undefined) program.action(() => program.help());
  return program;
}

function inherit(command: Command, program: Command): Command {
  for (const inner of command.commands) inherit(inner, program);
  return command.copyInheritedSettings(program);
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(`${PACKAGE_ROOT}package.json`, 'utf8')) as { version: string }).version;
}
