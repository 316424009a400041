import { systemClock } from '../base/clock.js';
import type { LogLevel } from '../model/event.js';
import { Burst, type BurstSink } from './burst.js';
import { uncaptured } from './capture.js';

/** One for the process: all that it prints of logs is in order. */
const burst = new Burst<string>(systemClock.now);

const STDOUT: BurstSink<string> = { write: (texts) => uncaptured(() => process.stdout.write(linesOf(texts))) };
const STDERR: BurstSink<string> = { write: (texts) => uncaptured(() => process.stderr.write(linesOf(texts))) };

/**
 * Prints a line of a log where the program's own output goes: warnings and errors to stderr. It is not captured again.
 * @param at when it came, in milliseconds since the epoch @default now
 */
export function printLine(level: LogLevel, text: string, at?: number): void {
  burst.write(level === 'warn' || level === 'error' ? STDERR : STDOUT, text, text.length, at);
}

function linesOf(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}
