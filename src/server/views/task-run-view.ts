import { builtInSerializer } from '../../results/formats/built-in.js';
import type { RunArtifact, TaskRunDetails } from '../../runs/run-record.js';
import { iso, isoOr } from '../json.js';
import { errorView } from './run-view.js';

/** Rows of task runs and what they gave, as the API tells them. */

/** What an artifact without a name, which is a whole result, is called. */
export const WHOLE = 'result';

export function taskRunView(row: TaskRunDetails) {
  const { index, id, task, label, parent, state, attempts, reason, createdAt, startedAt, finishedAt, error, origin, progress } = row;
  return {
    index,
    id,
    task,
    label,
    parent,
    state,
    attempts,
    reason: reason && { ...reason },
    createdAt: iso(createdAt),
    startedAt: isoOr(startedAt),
    finishedAt: isoOr(finishedAt),
    error: error && errorView(error, 'without stack'),
    origin,
    progress: state === 'running' && progress ? { fraction: progress.fraction, message: progress.message, at: iso(progress.at) } : undefined,
  };
}

/** @param given by `ctx().artifact` @param row with the artifacts of its origin, where it was reused */
export function taskRunDetail(run: string, row: TaskRunDetails, given: readonly RunArtifact[]) {
  const { cacheKey, upstream, inputs, checks, attemptRows, error } = row;
  return {
    ...taskRunView(row),
    error: error && errorView(error, 'with stack'),
    cacheKey,
    upstream,
    inputs,
    checks,
    tries: attemptRows.map(({ attempt, state, startedAt, finishedAt, changes, error: why }) => ({
      attempt,
      state,
      startedAt: iso(startedAt),
      finishedAt: isoOr(finishedAt),
      changes,
      error: why && errorView(why, 'with stack'),
    })),
    artifacts: [...row.artifacts.map(({ name, ref }) => resultView(run, row.index, name, ref)), ...given.map((one) => artifactView(run, one))],
  };
}

function resultView(run: string, taskRun: number, name: string, ref: RunArtifact['ref']) {
  const { bytes, format, contentDigest } = ref;
  const shown = name === '' ? WHOLE : name;
  const href = `/api/runs/${run}/task-runs/${taskRun}/artifacts/${encodeURIComponent(shown)}`;
  return { name: shown, taskRun, contentType: contentTypeOf(format), bytes, format, contentDigest, href };
}

/** Of stored results, by the serializer that wrote them; of one that only its own flow knows, bytes. */
export function contentTypeOf(format: string): string {
  return builtInSerializer(format)?.contentType ?? 'application/octet-stream';
}

export function artifactView(run: string, { index, name, kind, contentType, ref }: RunArtifact) {
  const { bytes, format, contentDigest } = ref;
  const of = index < 0 ? '' : `/task-runs/${index}`;
  const href = `/api/runs/${run}${of}/artifacts/${encodeURIComponent(name)}`;
  return { name, ...(index < 0 ? {} : { taskRun: index }), kind, contentType, bytes, format, contentDigest, href };
}
