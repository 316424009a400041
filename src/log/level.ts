import type { LogLevel } from '../model/event.js';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** True when a line of `level` is to be shown where nothing below `least` is. */
export function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return RANK[level] >= RANK[least];
}
