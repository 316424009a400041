import { realpathSync, unlinkSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { systemClock } from '../../base/clock.js';
import { type Duration, toMs } from '../../base/duration.js';
import { describe, MillraceError } from '../../base/error.js';
import { faultPoint } from '../../base/fault-point.js';
import { ANYTHING, checkOptions, type OptionKind, TEXT, YES_OR_NO } from '../../flow/option-kinds.js';
import type { ResultStore } from '../../model/result-store.js';
import type { RunState } from '../../model/states.js';
import { everyRun } from '../../runs/every-run.js';
import { NOTHING } from '../../runs/look.js';
import type { Removal as RecordRemoval, RunFilter, RunRecord } from '../../runs/run-record.js';
import { findRun } from './look-up.js';
import { checkQuery } from './run-query.js';

export interface Removal extends RecordRemoval {
  /** How many files were to be deleted and are not in the project's store: they lie in another store, on another machine, or are gone already. */
  readonly leftFiles: number;
}

/** What of a project is concerned. */
export interface Tidied {
  readonly record: RunRecord;
  readonly store: ResultStore;
}

/** Which runs are not worth keeping: those to which all of it applies. One of `olderThan`, `keep`, `state`, `flow` and `tags` must be given. */
export interface PruneOptions {
  /** Created longer ago than this. @default any */
  readonly olderThan?: Duration;
  /** But for so many of the newest, of those that all else applies to, of each flow. @default 0 */
  readonly keep?: number;
  readonly flow?: string;
  readonly state?: RunState;
  /** Those that have all of these; a list of none says nothing. */
  readonly tags?: readonly string[];
  /** Says what would be removed, and removes nothing. @default false */
  readonly dryRun?: boolean;
}

/** What each must be is told by who looks at it. */
const RULE: Readonly<Record<keyof PruneOptions, OptionKind>> = {
  olderThan: ANYTHING,
  keep: ANYTHING,
  flow: TEXT,
  state: ANYTHING,
  tags: ANYTHING,
  dryRun: YES_OR_NO,
};

/** Runs with this tag are not worth less when they get old. */
export const KEEP_TAG = 'keep';

/** So many in one transaction: others can write in between. */
const AT_ONCE = 100;

/** @throws MillraceError `RUN_UNKNOWN`, `RUN_ID_INVALID`, `RECORD_READ_ONLY` */
export async function removeRuns(project: Tidied, runs: readonly string[], dryRun: boolean): Promise<Removal> {
  // A text would be gone through letter by letter.
  if (!Array.isArray(runs))
    throw new MillraceError('RUN_ID_INVALID', `expected a list of runs; got ${describe(runs)}`, { hint: 'Write remove([…]).' });
  const ids: string[] = [];
  for (const run of runs) ids.push((await findRun(project.record, run)).id);
  return await removeInParts(project, ids, dryRun);
}

/** @throws MillraceError `PRUNE_RULE_MISSING`, `PRUNE_RULE_INVALID`, `RUN_QUERY_INVALID`, `DURATION_INVALID`, `RECORD_READ_ONLY` */
export async function pruneRuns(project: Tidied, rule: PruneOptions): Promise<Removal> {
  checkOptions(RULE, rule, 'PRUNE_RULE_INVALID', ' of the rule');
  const { olderThan, keep = 0, flow, state, tags, dryRun = false } = rule;
  checkQuery({ ...(state === undefined ? {} : { state }), ...(tags === undefined ? {} : { tags }) });
  // A list of no tags is what a script comes to by mistake: all runs have all of none.
  if ([olderThan, rule.keep, flow, state, tags?.[0]].every((part) => part === undefined)) {
    throw new MillraceError('PRUNE_RULE_MISSING', 'expected a rule that says which runs to remove; got none', {
      hint: "Say olderThan: '30d', keep: 10, state, flow or tags.",
    });
  }
  if (!Number.isSafeInteger(keep) || keep < 0) {
    throw new MillraceError('PRUNE_RULE_INVALID', `expected keep to be a whole number from 0; got ${describe(keep)}`);
  }
  const filter: RunFilter = { ...(state === undefined ? {} : { state }), ...(tags === undefined ? {} : { tags }) };
  const until = olderThan === undefined ? Number.POSITIVE_INFINITY : systemClock.now() - toMs(olderThan);
  const flows = flow === undefined ? (await project.record.flows()).map((newest) => newest.flow) : [flow];
  const doomed: string[] = [];
  for (const name of flows) doomed.push(...(await doomedOf(project, { ...filter, flow: name }, keep, until)));
  return await removeInParts(project, doomed, dryRun);
}

async function doomedOf({ record }: Tidied, filter: RunFilter, keep: number, until: number): Promise<readonly string[]> {
  const doomed: string[] = [];
  let seen = 0;
  for await (const { id, createdAt, tags } of everyRun(record, filter)) {
    seen++;
    if (seen > keep && createdAt < until && !tags.includes(KEEP_TAG)) doomed.push(id);
  }
  return doomed;
}

/** Results are looked for once, after all: that goes through the whole record. */
async function removeInParts({ record, store }: Tidied, runs: readonly string[], dryRun: boolean): Promise<Removal> {
  let leftFiles = 0;
  const deleteFile = (key: string, again = false): boolean => {
    const isDeleted = deleteStored(store, key);
    if (!isDeleted && !again) leftFiles++;
    return isDeleted;
  };
  if (dryRun) return { ...(await record.remove({ runs, dryRun, deleteFile })), leftFiles };
  const parts: RecordRemoval[] = [];
  for (let from = 0; from < runs.length; from += AT_ONCE) {
    parts.push(await record.remove({ runs: runs.slice(from, from + AT_ONCE), keepBytes: true, deleteFile }));
  }
  const last = parts.some(({ removed }) => removed.length > 0) ? await record.remove({ runs: [], deleteFile }) : NOTHING;
  return { ...last, removed: parts.flatMap(({ removed }) => removed), left: parts.flatMap(({ left }) => left), leftFiles };
}

/** What earlier removals could not delete, since a run was going on. */
export async function removeLeftovers({ record, store }: Tidied): Promise<void> {
  await record.remove({ runs: [], deleteFile: (key) => deleteStored(store, key) });
}

/** Synchronous, as the record asks for; of a store that is no folder nothing is deleted that fast, and nothing needs to be. */
function deleteStored(store: ResultStore, key: string): boolean {
  const path = store.localPath?.(key);
  if (path === undefined) {
    void store.delete(key);
    return true;
  }
  try {
    const root = realpathSync.native(store.spoolFolder ?? dirname(path));
    // A folder of the store that is a link to somewhere else is not ours to tidy.
    if (!realpathSync.native(dirname(path)).startsWith(root + sep)) return false;
    faultPoint('file.delete');
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
