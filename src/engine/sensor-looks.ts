import { wallTime } from '../base/clock.js';
import { asError, describe, MillraceError } from '../base/error.js';
import { scopes } from '../flow/scope.js';
import type { Look, Sensor } from '../model/sensor.js';
import { file } from '../reads/file-reference.js';
import { firstValue } from '../results/sql/first-value.js';
import type { Attempt } from './attempt.js';
import type { Seen } from './waiting.js';

/** What looks on behalf of one attempt. */
export interface Looker {
  /** What it waits for, for people. */
  readonly awaited: string;
  look(): Promise<Seen<unknown>>;
  /** Milliseconds to the next look, where the sensor's own pauses do not count. */
  pauseMs?(): number;
  /** When it will have come, where that is known. */
  readonly until?: number;
}

/** Nobody tells a process that the clock was set, or that the machine slept: so often a sensor of time looks at it, in milliseconds. */
const CLOCK_EVERY_MS = 300_000;

const THERE: Seen<undefined> = { found: { value: undefined } };

/** @throws MillraceError `SENSOR_TIME_INVALID`; what a function that tells the time throws */
export function lookerOf({ look, awaited }: Sensor, attempt: Attempt, args: readonly unknown[]): Looker {
  if (look.kind === 'time') return clockLooker(timeOf(look, attempt));
  const inScope = (job: () => Promise<Seen<unknown>>): Promise<Seen<unknown>> => scopes.run(attempt, job);
  return { awaited, look: () => inScope(() => lookAt(look, attempt, args)) };
}

async function lookAt(look: Exclude<Look, { kind: 'time' }>, { signal }: Attempt, args: readonly unknown[]): Promise<Seen<unknown>> {
  if (look.kind === 'poke') return (await look.poke(...args)) ? THERE : notYet('it says not yet');
  if (look.kind === 'file') return lookAtFile(look.path);
  if (look.kind === 'url') return await lookAtUrl(look, signal);
  const value = await firstValue(look.db, look.query);
  return value ? THERE : notYet(value === undefined ? 'no rows' : `the first value is ${describe(value)}`);
}

function notYet(why: string, cause?: unknown): Seen<never> {
  return { found: undefined, why, cause };
}

function timeOf({ at }: Extract<Look, { kind: 'time' }>, { scheduledTime }: Attempt): number {
  const time = at instanceof Date ? at : at({ scheduledTime });
  const ms = time instanceof Date ? time.getTime() : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new MillraceError('SENSOR_TIME_INVALID', `expected sensorFor.time() to be told a valid Date; got ${describe(time)}`);
}

function clockLooker(at: number): Looker {
  const left = (): number => at - wallTime();
  return {
    awaited: new Date(at).toISOString(),
    until: at,
    look: async () => (left() <= 0 ? THERE : notYet('it is not that late yet')),
    pauseMs: () => Math.min(Math.max(1, left()), CLOCK_EVERY_MS),
  };
}

function lookAtFile(path: string): Seen<unknown> {
  try {
    return { found: { value: file(path) } };
  } catch (error) {
    if ((error as Partial<MillraceError>).code !== 'FILE_MISSING') throw error;
    return notYet('it is not there');
  }
}

/** A server that does not answer is no failure: it may be what is waited for. */
async function lookAtUrl({ url, ok, requestMs }: Extract<Look, { kind: 'url' }>, signal: AbortSignal): Promise<Seen<unknown>> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]) });
  } catch (error) {
    signal.throwIfAborted();
    return notYet(noAnswer(error, requestMs), error);
  }
  try {
    return (await (ok === undefined ? response.ok : ok(response))) ? THERE : notYet(`HTTP ${response.status}`);
  } finally {
    // Nobody reads the rest, which would keep the connection.
    if (!response.bodyUsed) await response.body?.cancel().catch(() => undefined);
  }
}

/** `fetch failed` says nothing; its cause does. */
function noAnswer(thrown: unknown, requestMs: number): string {
  const error = asError(thrown);
  if (error.name === 'TimeoutError') return `no answer within ${requestMs} ms`;
  const cause = error.cause instanceof Error ? (error.cause as Error & { readonly code?: unknown }) : undefined;
  return `no answer: ${String(cause?.code ?? cause?.message ?? error.message)}`;
}
