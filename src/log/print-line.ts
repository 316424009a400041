import { systemClock } from '../base/clock.js';
import type { LogLevel } from '../model/event.js';
import { Burst, type TextSink } from './burst.js';
import { uncaptured } from './capture.js';

/** One for the process: all that it prints of logs is in order. */
const burst = new Burst(systemClock.now);

const STDOUT: TextSink = { write: (text) => uncaptured(() => process.stdout.write(text)) };
const STDERR: TextSink = { write: (text) => uncaptured(() => process.stderr.write(text)) };

/** Prints a line of a log where the program's own output goes: warnings and errors to stderr. It is not captured again. */
export function printLine(level: LogLevel, text: string): void {
  burst.write(level === 'warn' || level === 'error' ? STDERR : STDOUT, `${text}\n`);
}
