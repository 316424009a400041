import { systemClock } from '../base/clock.js';
import { MillraceError } from '../base/error.js';
import { errorInfo } from '../engine/failures.js';
import { scopes } from '../flow/scope.js';
import { uncaptured } from '../log/capture.js';
import type { Mask } from '../log/mask.js';
import { maskData } from '../log/mask-data.js';
import type { ErrorInfo } from '../model/event.js';
import type { FlowRunError } from '../model/task-error.js';
import { exitReason } from './exit-reason.js';
import type { Uncaught } from './process-guard.js';
import { RunCancelled } from './run-failure.js';
import { FIRST_EPOCH, type RunParts } from './run-parts.js';

/** How the process goes under a run. */
export interface Ending {
  readonly exitCode: number;
  readonly uncaught: Uncaught | undefined;
  /** Why the run was ending already. */
  readonly stopped: Error | undefined;
  readonly failure: (body: { readonly error: unknown }) => FlowRunError | undefined;
}

/** The process goes: what is known is written down, synchronously. Whoever cancelled and did not wait has cancelled all the same (S15). */
export function lastWords(parts: RunParts, { exitCode, uncaught, stopped, failure }: Ending): void {
  const { id, flow, engine, handle, journal, mask, project, recording } = parts;
  const running = runningIds(parts);
  const { message, hint } = exitReason({ exitCode, uncaught, caller: callerIn(parts), running });
  const cancelled = stopped instanceof RunCancelled && uncaught === undefined ? stopped : undefined;
  if (cancelled) recordCancelled(parts, cancelled, failure);
  else for (const { attempt, startedAt } of engine.running()) recording.interrupted(attempt, startedAt);
  project.record.crashNow(id, FIRST_EPOCH, mask(message), journal.unwritten());
  const error = cancelled ? failure({ error: cancelled }) : new MillraceError('RUN_CRASHED', message, hint === undefined ? {} : { hint });
  parts.maskError(error);
  handle.gone(cancelled ? 'cancelled' : 'crashed', error);
  const ended = running.length > 0 ? `without waiting for ${running.map((one) => `'${one}'`).join(', ')}` : 'at once';
  const sentence = cancelled ? `was cancelled, and ended ${ended}` : `crashed: ${message}`;
  const text = `millrace: run ${id} of flow '${flow.name}' ${sentence}${hint && !cancelled ? `\nhint: ${hint}` : ''}`;
  uncaptured(() => process.stderr.write(`${mask(text)}\n`));
}

function recordCancelled({ engine, journal, mask }: RunParts, reason: RunCancelled, failure: Ending['failure']): void {
  engine.abandon('cancelled', reason);
  engine.closeMaps();
  const error = maskedInfo(failure({ error: reason }), mask);
  journal.change({ state: 'cancelled', finishedAt: systemClock.now(), counts: engine.counts(), error });
}

/** Ids of the task runs whose attempts are in flight. */
export function runningIds({ engine }: RunParts): readonly string[] {
  return [...engine.running()].map(({ attempt }) => engine.idOf(attempt.node));
}

/** Whose code is on the stack, when it is this run's. */
function callerIn({ id, flow }: RunParts): string | undefined {
  const scope = scopes.getStore();
  if (scope?.context.runId !== id) return undefined;
  return scope.kind === 'task' ? `task '${scope.context.taskRunId}'` : `the body of flow '${flow.name}'`;
}

/** An error as it is recorded, without the secrets in it. */
export function maskedInfo(error: unknown, mask: Mask): ErrorInfo {
  return maskData(errorInfo(error), mask);
}
