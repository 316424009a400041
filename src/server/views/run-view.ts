import type { DueRun } from '../../model/due-run.js';
import type { ErrorInfo } from '../../model/event.js';
import type { LogRow, RunRow } from '../../model/records.js';
import type { ScheduledTime } from '../../model/schedule.js';
import { iso, isoOr, plainParams } from '../json.js';

/** Rows of runs, as the API tells them. */

export function runView(row: RunRow) {
  const {
    id,
    flow,
    name,
    state,
    params,
    tags,
    systemTags = [],
    notes = [],
    createdAt,
    startedAt,
    finishedAt,
    counts,
    error,
    parentRun,
    originRun,
  } = row;
  return {
    id,
    flow,
    name,
    state,
    params: plainParams(params),
    tags,
    systemTags,
    notes: notes.map(({ at, text }) => ({ at: iso(at), text })),
    createdAt: iso(createdAt),
    startedAt: isoOr(startedAt),
    finishedAt: isoOr(finishedAt),
    counts,
    error: error && errorView(error, 'without stack'),
    parentRun,
    resumes: originRun,
    cause: row.cause,
    scheduled: row.scheduled && scheduledView(row.scheduled),
  };
}

export function dueView({ run, flow, key, cause, state, schedule, backfill, resumes, params, tags, scheduled, dueAt, why, service }: DueRun) {
  return {
    run,
    flow,
    key,
    cause,
    state,
    schedule,
    backfill,
    resumes,
    params: plainParams(params),
    tags,
    scheduled: scheduled && scheduledView(scheduled),
    dueAt: iso(dueAt),
    why,
    service,
  };
}

function scheduledView({ at, from }: ScheduledTime) {
  return { at: iso(at), from: iso(from) };
}

/** One of the chain. */
export interface ErrorView {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

/** @param stack in lists it is left out: the task run that failed has it */
export function errorView(error: ErrorInfo, stack: 'with stack' | 'without stack') {
  const { name, message, code, hint } = error;
  const stackOf = (one: ErrorInfo): string | undefined => (stack === 'with stack' ? one.stack : undefined);
  const causes: ErrorView[] = [];
  for (let { cause } = error; cause !== undefined; { cause } = cause)
    causes.push({ name: cause.name, message: cause.message, code: cause.code, stack: stackOf(cause) });
  return { name, message, code, hint, stack: stackOf(error), causes };
}

export function logView({ at, ...line }: LogRow) {
  return { ...line, at: iso(at) };
}
