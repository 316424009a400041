import { MillraceError } from '../base/error.js';

/** The command was not typed as it should be: exit code 2. Code `USAGE`. */
export class UsageError extends MillraceError {
  constructor(message: string, hint?: string) {
    super('USAGE', message, hint === undefined ? {} : { hint });
  }
}
