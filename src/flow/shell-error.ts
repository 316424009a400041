import { MillraceError, type MillraceErrorOptions } from '../base/error.js';
import { knowError } from '../base/error-class.js';

/**
 * A command that gave no result.
 *
 * Codes: `SHELL_FAILED` (an exit code other than 0, or a signal), `SHELL_NOT_FOUND` (no such command), `SHELL_NOT_STARTED` (found, but the
 * system would not start it), `SHELL_OUTPUT_TOO_LARGE`.
 */
export class ShellError extends MillraceError {
  /** As it was run, on one line. */
  readonly command: string;
  /** Undefined when it did not start, or was ended by a signal. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** The last lines it wrote to stderr, at most 20. */
  readonly stderr: string;

  constructor(code: string, message: string, details: ShellErrorDetails) {
    super(code, message, details);
    this.command = details.command;
    this.exitCode = details.exitCode;
    this.signal = details.signal;
    this.stderr = details.stderr ?? '';
  }
}

knowError('ShellError', ShellError);

export interface ShellErrorDetails extends MillraceErrorOptions {
  readonly command: string;
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
  readonly stderr?: string;
}
