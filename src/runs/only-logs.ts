import type { RecordBatch } from './run-record.js';

/** What a task printed, or what code it has, is no work that was acknowledged: it can wait for the disk until something is. */
export function isOnlyLogs({ run: _, epoch: __, logs: ___, code: ____, ...others }: RecordBatch): boolean {
  return Object.values(others).every((part: unknown) => part === undefined || (Array.isArray(part) && part.length === 0));
}
