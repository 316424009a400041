import { systemClock } from '../base/clock.js';
import { errorInfo } from '../engine/failures.js';
import { createMask, type Mask } from '../log/mask.js';
import type { Notification } from '../model/notification.js';
import { secretTexts } from '../model/secret.js';
import { deliver } from '../notify/deliver.js';
import { eventOf, type RunFacts } from '../notify/event.js';
import type { RunParts } from './run-parts.js';
import { recordedParams } from './run-row.js';
import { isGivenItsTime } from './scheduled-time.js';
import type { Told } from './told.js';

/** Delivers one event of a run that this process runs. @returns why it could not be delivered */
export async function deliverNotification(parts: RunParts, to: Notification, told: Told): Promise<string | undefined> {
  // Secrets that were declared since the run began count too.
  const mask = createMask([...parts.params.secrets, ...secretTexts()]);
  return await delivered(to, factsOf(parts, told, mask), mask);
}

/** @returns why it could not be delivered */
export async function delivered(to: Notification, facts: RunFacts, mask: Mask): Promise<string | undefined> {
  const failed = await deliver(to, eventOf(facts, mask), { clock: systemClock, random: Math.random });
  if (failed === undefined) return undefined;
  const { attempts, error } = failed;
  const { hint } = error as Error & { readonly hint?: string };
  return mask(`${error.message}${attempts > 1 ? ` (${attempts} tries)` : ''}${hint === undefined ? '' : `. ${hint}`}`);
}

function factsOf(parts: RunParts, told: Told, mask: Mask): RunFacts {
  const { flow, id, options, params, scheduled } = parts;
  const { occasion, at, state, counts, failures, deadline, dueAt, error, task, startedAt, finishedAt } = told;
  return {
    occasion,
    at,
    flow: flow.name,
    run: id,
    name: options.name ?? options.resume?.origin.name,
    state,
    params: recordedParams(params, mask),
    error: error === undefined ? undefined : errorInfo(error),
    scheduledAt: isGivenItsTime(options) ? scheduled.at : undefined,
    deadline,
    dueAt,
    startedAt,
    finishedAt,
    counts,
    failed: failures.map((one) => ({ id: one.taskRunId, attempts: one.attempts, error: errorInfo(one) })),
    task: task && { id: task.id, attempts: task.attempts, error: task.error === undefined ? undefined : errorInfo(task.error) },
  };
}
