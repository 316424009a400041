import { MillraceError } from '../../base/error.js';
import type { Schedule, ScheduledTime } from '../../model/schedule.js';
import { wantedInstants } from '../../runs/service/backfill-rows.js';
import type { Backfill } from '../../runs/service/backfills.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import { instantsBetween } from '../../schedule/instants.js';

/** Eleven years of hours. What is more is more likely a slip of the pen. */
const MOST_INSTANTS = 100_000;
/** Added in one transaction: others want to write, too. */
const CHUNK = 500;

/** What decides which instants a backfill is about. */
export type BackfillRange = Pick<Backfill, 'from' | 'to' | 'direction'>;

/** The instants of a range, in the order in which they are to run. @throws MillraceError `BACKFILL_INVALID` where there are too many */
export function instantsOf(schedule: Schedule<never>, { from, to, direction }: BackfillRange): readonly ScheduledTime[] {
  const instants: ScheduledTime[] = [];
  for (const { at, from: since } of instantsBetween(schedule, from - 1, to)) {
    if (instants.length === MOST_INSTANTS)
      throw new MillraceError(
        'BACKFILL_INVALID',
        `expected at most ${MOST_INSTANTS} instants in one backfill; '${schedule}' has more in that range`,
        {
          hint: 'Fill it in parts.',
        },
      );
    instants.push({ at, from: since });
  }
  return direction === 'forward' ? instants : instants.reverse();
}

/** Those of a range that a backfill would run now. Changes nothing. */
export async function missingInstants(
  service: Pick<ServiceRecord, 'outcomes'>,
  schedule: Schedule<never>,
  range: BackfillRange & Pick<Backfill, 'flow' | 'reprocess'>,
): Promise<readonly ScheduledTime[]> {
  return wantedInstants(instantsOf(schedule, range), await service.outcomes(range.flow, range.from, range.to), range.reprocess);
}

/**
 * Adds the runs that a stored backfill is still to have, in chunks. What has been added already is not added again, so that it can be gone on with
 * after a kill.
 * @returns how many were added
 */
export async function fillRange(
  service: Pick<ServiceRecord, 'fillBackfill'>,
  backfill: Backfill,
  schedule: Schedule<never>,
  now: () => number,
): Promise<number> {
  const instants = instantsOf(schedule, backfill);
  let added = 0;
  for (let start = 0; start === 0 || start < instants.length; start += CHUNK) {
    const chunk = instants.slice(start, start + CHUNK);
    added += await service.fillBackfill({ backfill, instants: chunk, isLast: start + CHUNK >= instants.length, now: now() });
  }
  return added;
}

/**
 * The schedule that is meant: the only one, or the one of this number, from 1.
 * @throws MillraceError `SCHEDULE_UNKNOWN`
 */
export function chosenSchedule<S extends object>(
  { name, schedule }: { readonly name: string; readonly schedule: readonly S[] },
  number: number | undefined,
): S {
  const [only, another] = schedule;
  if (only === undefined)
    throw new MillraceError('SCHEDULE_UNKNOWN', `expected a flow with a schedule; flow '${name}' has none`, {
      hint: "Give it one: flow('…', { schedule: every('1d') }, …).",
    });
  if (number === undefined && another === undefined) return only;
  const chosen = number === undefined ? undefined : schedule[number - 1];
  if (chosen !== undefined) return chosen;
  const list = schedule.map((one, index) => `${index + 1}: ${one}`).join('; ');
  throw new MillraceError('SCHEDULE_UNKNOWN', `flow '${name}' has ${schedule.length === 1 ? 'one schedule' : `${schedule.length} schedules`}`, {
    hint: `Say which by its number: ${list}.`,
  });
}
