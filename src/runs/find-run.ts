import { MillraceError } from '../base/error.js';
import { nearestFew } from '../base/nearest.js';
import type { RunRow } from '../model/records.js';
import type { RunRecord } from './run-record.js';

const RUNS_SEARCHED = 500;
const GUESSES = 3;

/** By id, or the newest of a flow by `<flow>/latest`. @throws MillraceError `RUN_UNKNOWN`, with the ids that may have been meant */
export async function findRun(record: RunRecord, run: string): Promise<RunRow> {
  const found = await record.run(run);
  if (found) return found;
  const known = await record.runs({ limit: RUNS_SEARCHED });
  const flow = /^(.*)\/latest$/.exec(run)?.[1];
  const what = flow === undefined ? `there is no run '${run}'` : `flow '${flow}' has no runs`;
  throw new MillraceError('RUN_UNKNOWN', `${what} in ${record.location}`, { hint: runHint(run, flow, known) });
}

function runHint(run: string, flow: string | undefined, known: readonly RunRow[]): string {
  if (known.length === 0) return 'there are no runs yet; start one with: millrace run <file>';
  const flows = [...new Set(known.map((row) => row.flow))];
  const guesses = flow === undefined ? nearestFew(run, [...known.map((row) => row.id), ...flows], GUESSES) : nearestFew(flow, flows, GUESSES);
  const meant = guesses.map((guess) => (flows.includes(guess) ? `${guess}/latest` : guess));
  return meant.length > 0 ? `did you mean ${meant.join(' or ')}?` : `millrace runs lists them; the newest is ${known[0]?.id}`;
}
