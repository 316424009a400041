import { MillraceError } from '../base/error.js';
import { nearest } from '../base/nearest.js';
import type { RunRecord } from '../runs/run-record.js';

/** S32: a look-up that finds nothing is not success. */
export async function nothingFound(record: RunRecord, flow: string | undefined): Promise<MillraceError> {
  const flows = (await record.flows()).map((newest) => newest.flow);
  if (flows.length === 0)
    return new MillraceError('NO_RUNS', `there are no runs in ${record.location}`, { hint: 'start one with: millrace run <file>' });
  const guess = flow === undefined || flows.includes(flow) ? undefined : nearest(flow, flows);
  const hint = guess === undefined ? `flows with runs: ${flows.join(', ')}` : `did you mean --flow ${guess}?`;
  return new MillraceError('NO_RUNS', 'no run is like that', { hint });
}
