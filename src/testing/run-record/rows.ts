import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type ProcessIdentity, processIdentity } from '../../base/process-identity.js';
import type { ArtifactRow, AttemptRow, CacheEntryRow, CodeRow, MetricRow, RunArtifactRow, RunRow, TaskRunRow } from '../../model/records.js';
import type { ReusedRuns } from '../../runs/reused-runs.js';
import type { Claim, RecordBatch } from '../../runs/run-record.js';

/** Rows as the cases write them: whole, and told apart by what matters to a case. */

/** Entries may be of a class that reads its parts when they are asked for: compared is what they say. */
export function plain(entries: readonly (CacheEntryRow | undefined)[]): readonly (CacheEntryRow | undefined)[] {
  return entries.map((entry) => {
    if (entry === undefined) return undefined;
    const { taskVersion, key, task, run, index, createdAt, code, version, inputs, artifacts, reads } = entry;
    return { taskVersion, key, task, run, index, createdAt, code, version, inputs, artifacts, ...(reads === undefined ? {} : { reads }) };
  });
}

/** Hits of one task, as an engine tells of them. */
export function byColumns(rows: readonly TaskRunRow[]): ReusedRuns {
  return {
    task: rows[0]?.task ?? 'clean',
    index: rows.map(({ index }) => index),
    id: rows.map(({ id }) => id),
    parent: rows.map(({ parent }) => parent),
    nodeKey: rows.map(({ nodeKey }) => nodeKey),
    cacheKey: rows.map(({ cacheKey }) => cacheKey),
    createdAt: rows.map(({ createdAt }) => createdAt),
    finishedAt: rows.map(({ createdAt, finishedAt }) => finishedAt ?? createdAt),
    upstream: rows.map(({ upstream }) => upstream),
    inputs: rows.map(({ inputs }) => inputs),
    originRun: rows.map(({ origin }) => origin?.run ?? 'r0'),
    originIndex: rows.map(({ index, origin }) => origin?.index ?? index),
  };
}

export async function refused(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, { code });
}

export function digest(text: string, length = 64): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** Of this machine, with a pid that was never given: pids end at 2^22. */
export function goneOwner(): ProcessIdentity {
  return { ...processIdentity(), pid: 2 ** 22 + 1 };
}

export function runRow(parts: Partial<RunRow> = {}): RunRow {
  return {
    id: 'r1',
    flow: 'flow',
    name: undefined,
    state: 'running',
    params: {},
    tags: [],
    createdAt: 1_000,
    startedAt: undefined,
    finishedAt: undefined,
    error: undefined,
    parentRun: undefined,
    originRun: undefined,
    owner: { ...processIdentity() },
    epoch: 0,
    counts: {},
    result: undefined,
    ...parts,
  };
}

export function taskRow(index: number, parts: Partial<TaskRunRow> = {}): TaskRunRow {
  return {
    index,
    id: `clean#${index}`,
    task: 'clean',
    label: undefined,
    parent: undefined,
    state: 'success',
    nodeKey: undefined,
    cacheKey: undefined,
    attempts: 1,
    reason: undefined,
    createdAt: 1_000,
    startedAt: 1_001.5,
    finishedAt: 1_002.25,
    error: undefined,
    upstream: [],
    inputs: undefined,
    checks: undefined,
    origin: undefined,
    ...parts,
  };
}

export function attemptRow(index: number, attempt: number, parts: Partial<AttemptRow> = {}): AttemptRow {
  return {
    index,
    attempt,
    state: 'success',
    changes: 'queued@0 running@0.5 success@2',
    startedAt: 1_001.5,
    finishedAt: 1_003.5,
    error: undefined,
    ...parts,
  };
}

/** The first is the package, the others are files of it. */
export function codeRow(...texts: readonly string[]): Required<CodeRow> {
  const contents = texts.map((text) => ({ digest: digest(text), bytes: new Uint8Array(Buffer.from(text)) }));
  return { digest: digest(texts[0] as string), contents };
}

export function artifactRow(index: number, name: string, content: string): ArtifactRow {
  const contentDigest = digest(content);
  return {
    index,
    name,
    ref: { uri: `record:${contentDigest}`, key: contentDigest, contentDigest, valueDigest: digest(`value ${content}`, 32), bytes: 3, format: 'json' },
    inline: undefined,
  };
}

export function runArtifactRow(index: number, attempt: number, name: string, content: string, parts: Partial<RunArtifactRow> = {}): RunArtifactRow {
  const { ref } = artifactRow(index, name, content);
  return { index, attempt, name, kind: 'value', contentType: 'application/json', at: 1_002.5, ref, inline: undefined, ...parts };
}

export function metricRow(index: number, name: string, first: number, steps: readonly number[], values: readonly number[]): MetricRow {
  return { index, attempt: 1, name, first, at: 1_002.5, steps, values };
}

export function claimOf(key: string, index: number): Claim {
  return { key: digest(`key ${key}`, 32), index };
}

export function entryRow(run: string, index: number, version: string, parts: Partial<CacheEntryRow> = {}): CacheEntryRow {
  return {
    taskVersion: digest(version, 32),
    key: digest(`key ${run} ${index}`, 32),
    task: 'clean',
    run,
    index,
    createdAt: 1_000.5,
    code: digest(`code ${version}`, 32),
    version: undefined,
    inputs: { rows: { digest: digest('rows', 32), shown: '12' }, rate: { digest: digest('rate', 32) } },
    artifacts: [{ name: '', ref: artifactRow(index, '', 'x').ref }],
    ...parts,
  };
}

export function fullBatch(run: string): RecordBatch {
  const error = { name: 'TypeError', message: 'no', code: 'E', stack: 'at x\nat y', cause: { name: 'Error', message: 'deep' } };
  const rich = taskRow(7, {
    label: 'second',
    parent: 0,
    state: 'cached',
    nodeKey: digest('node', 32),
    cacheKey: digest('cache'),
    reason: { kind: 'input-changed', detail: 'rows: 1 -> 2' },
    error,
    upstream: [
      { from: 0, kind: 'data', label: 'rows' },
      { from: 3, kind: 'control' },
    ],
    inputs: { rows: { digest: digest('rows', 32), shown: '12' } },
    origin: { run: 'r0', index: 4 },
    checks: [{ name: 'no nulls', severity: 'warn', passed: false, message: '3 nulls' }],
  });
  return {
    run,
    epoch: 0,
    taskRuns: [rich, taskRow(2, { startedAt: undefined, finishedAt: undefined, state: 'skipped' })].reverse(),
    attempts: [attemptRow(2, 1, { state: 'failed', error }), attemptRow(2, 2), attemptRow(7, 1)],
    artifacts: [{ ...artifactRow(7, '', 'x'), inline: Uint8Array.of(1, 2, 3) }, artifactRow(7, 'model', 'y')],
    entries: [entryRow(run, 7, 'v1', { version: '' })],
    logs: [{ seq: 0, at: 1_001, level: 'info', text: 'hello', node: 'clean#7', attempt: 1 }],
    runArtifacts: [runArtifactRow(7, 1, 'plot', 'x')],
    metrics: [metricRow(7, 'loss', 0, [0, 1], [0.5, 0.25])],
  };
}
