import type { Command } from 'commander';
import type { ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';

/** What a command gets from the program around it. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Says how the command ended. @default 0 */
  exit(code: ExitCode): void;
}

/** Makes a command; what it needs to run is loaded when it runs. */
export type CommandFactory = (context: CommandContext) => Command;
