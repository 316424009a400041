import { asError } from '../../base/error.js';
import type { BackfillCounts } from '../../runs/service/backfill-rows.js';
import type { Backfill } from '../../runs/service/backfills.js';
import type { Terminal } from '../terminal.js';
import type { BackfilledRun, BackfillPrinter, EndedBackfilledRun } from './backfill-printer.js';

/** A backfill as programs read it: times as ISO texts. */
export function backfillFields({ id, createdAt, filledAt: _, finishedAt, from, to, direction, ...rest }: Backfill): object {
  const time = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());
  return { backfill: id, ...rest, order: direction, from: time(from), to: time(to), createdAt: time(createdAt), finishedAt: time(finishedAt) };
}

function runFields({ run, at, resumes }: BackfilledRun): object {
  return { run, instant: new Date(at).toISOString(), ...(resumes === undefined ? {} : { resumes }) };
}

function endFields(ended: EndedBackfilledRun): object {
  const { state, ms, error } = ended;
  return { ...runFields(ended), state, ms, ...(error === undefined ? {} : { error: asError(error).message }) };
}

/** Each thing that happens as a line of JSON. */
export function jsonLinesOfBackfill({ out, now }: Terminal): BackfillPrinter {
  let last: BackfillCounts | undefined;
  const line = (type: string, fields: object): void =>
    void out.write(`${JSON.stringify({ time: new Date(now()).toISOString(), type, ...fields })}\n`);
  return {
    stored: (backfill, isOld) => line('backfill', { ...backfillFields(backfill), goesOn: isOld }),
    counts(counts) {
      if (last === undefined) line('counts', counts);
      last = counts;
    },
    started: (run) => line('run-started', runFields(run)),
    ended: (run) => line('run-ended', endFields(run)),
    note: () => {},
    end(state) {
      if (state !== undefined) line('end', { state, counts: last });
    },
  };
}

/** One JSON document at the end. */
export function documentOfBackfill({ out }: Terminal): BackfillPrinter {
  let [backfill, counts] = [undefined as Backfill | undefined, undefined as BackfillCounts | undefined];
  const runs: object[] = [];
  return {
    stored(stored) {
      backfill = stored;
    },
    counts(now) {
      counts = now;
    },
    started: () => {},
    ended: (run) => void runs.push(endFields(run)),
    note: () => {},
    end(state) {
      if (backfill === undefined) return;
      const fields = backfillFields({ ...backfill, state: state ?? backfill.state });
      out.write(`${JSON.stringify({ ...fields, counts, runs }, null, 2)}\n`);
    },
  };
}
