import type { LogLevel } from '../model/event.js';
import { uncaptured } from './capture.js';

/** Prints a line of a log where the program's own output goes: warnings and errors to stderr. It is not captured again. */
export function printLine(level: LogLevel, text: string): void {
  const stream = level === 'warn' || level === 'error' ? process.stderr : process.stdout;
  uncaptured(() => stream.write(`${text}\n`));
}
