import type { Loaded, LoadRequest } from '../results/result-keeper.js';
import type { RunRecord } from '../runs/run-record.js';

/** Where a report has its facts from: the record of the runs and what reads results. */
export interface ReportSource {
  readonly record: RunRecord;
  readonly keeper: { loadMany(requests: readonly LoadRequest[]): Promise<readonly Loaded[]> };
}

/** A value is read to be shown when it is stored in at most this many bytes. */
export const LARGEST_VALUE = 65_536;
