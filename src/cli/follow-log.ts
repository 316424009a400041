import { systemClock } from '../base/clock.js';
import type { LogRow } from '../model/records.js';
import { FINAL_RUN_STATES, type RunState } from '../model/states.js';
import { logPages } from '../runs/log-pages.js';
import type { LogFilter, RunRecord } from '../runs/run-record.js';

/** Each look costs two searches by key. */
const EVERY_MS = 200;

export interface Following {
  readonly record: RunRecord;
  readonly run: string;
  readonly filter: LogFilter;
  readonly show: (lines: readonly LogRow[]) => void;
  /** Whoever reads has had enough. */
  readonly signal: AbortSignal;
}

/** Shows lines as they are recorded, whoever runs the run, until it has ended and all are shown. @returns the state it ended in; undefined when aborted */
export async function followLog({ record, run, filter, show, signal }: Following): Promise<RunState | undefined> {
  let { after } = filter;
  while (!signal.aborted) {
    // Looked at first: what was recorded before the end is then shown all the same.
    const state = (await record.run(run))?.state;
    for await (const page of logPages(record, run, { ...filter, ...(after === undefined ? {} : { after }) })) {
      show(page);
      after = page.at(-1)?.seq ?? after;
      if (signal.aborted) return undefined;
    }
    if (state === undefined || FINAL_RUN_STATES.has(state)) return state;
    await pause(signal);
  }
  return undefined;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = systemClock.schedule(EVERY_MS, done);
    signal.addEventListener('abort', done);
  });
}
