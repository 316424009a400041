import { format } from 'node:util';
import type { LogLevel } from '../model/event.js';
import type { Logger } from '../model/logger.js';
import { type EmitLine, LineBuffer } from './line-buffer.js';
import type { Mask } from './mask.js';

/**
 * The logger of a task, `ctx().log`: values are formatted as by `console.log` (`%s` and the like, objects inspected, errors with stack
 * and causes) and emitted line by line, as captured output is.
 *
 * @param options.mask applied to a line that is too long before it is cut; all else `emit` masks itself
 */
export function createTaskLogger(emit: EmitLine, options: { readonly mask?: Mask } = {}): Logger {
  const lines = new LineBuffer(emit, options);
  const write =
    (level: LogLevel) =>
    (...values: unknown[]): void =>
      lines.writeLine(format(...values), level);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
