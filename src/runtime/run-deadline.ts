import { systemClock } from '../base/clock.js';
import { formatMs } from '../log/format-ms.js';
import type { RunNotifications } from './run-notifications.js';
import type { RunParts } from './run-parts.js';
import { isGivenItsTime } from './scheduled-time.js';

/** When the run is to have ended; undefined where it may last as it likes. A backfill catches up on what is long past: its runs count from their start. */
function deadlineOf({ flow, options, scheduled }: RunParts, startedAt: number): number | undefined {
  if (flow.deadlineMs === undefined) return undefined;
  const isBackfill = (options.due?.cause ?? options.resume?.origin.cause) === 'backfill';
  const from = isGivenItsTime(options) && !isBackfill ? scheduled.at : (options.tries?.startedAt ?? startedAt);
  return from + flow.deadlineMs;
}

/** Tells once when the run is past its deadline; where it is so already, in a moment. The wait does not keep the process alive. */
export function watchDeadline(parts: RunParts, startedAt: number, tell: (deadline: number) => void): (() => void) | undefined {
  const { tries = {} } = parts.options;
  tries.startedAt ??= startedAt;
  const deadline = deadlineOf(parts, startedAt);
  if (deadline === undefined || tries.isPastDeadline) return undefined;
  const past = (): void => {
    tries.isPastDeadline = true;
    tell(deadline);
  };
  return systemClock.schedule(Math.max(0, deadline - startedAt), past, { idle: true });
}

/** A run that others were to start, and that starts long after it was due, says so. What a backfill catches up on is not late. */
export function tellIfLate({ flow, options, recording }: RunParts, startedAt: number, notifications: RunNotifications): void {
  const { due } = options;
  const dueAt = due?.dueAt ?? due?.scheduled?.at;
  if (due === undefined || dueAt === undefined || due.cause === 'backfill' || startedAt - dueAt <= flow.lateAfterMs) return;
  recording.line(undefined, 0, 'warn', `the run starts ${formatMs(startedAt - dueAt)} late: it was due at ${new Date(dueAt).toISOString()}`);
  notifications.ofRun('late', { dueAt });
}
