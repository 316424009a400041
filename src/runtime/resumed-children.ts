import type { FlowDefinition } from '../flow/flow-runtime.js';
import type { ResolvedParameters } from '../flow/parameters.js';
import { createMask } from '../log/mask.js';
import type { RunRow } from '../model/records.js';
import { secretTexts } from '../model/secret.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import type { RunRecord } from '../runs/run-record.js';
import { loadEarlierWork, type ResumedWork } from './earlier-work.js';
import type { StartOptions } from './run-options.js';
import { recordedParams } from './run-row.js';

/**
 * The runs that a resumed run had started: where its parent starts one like it again, that one is resumed too, so that what it had finished is not
 * done again (S31). By the ids of the resuming runs in progress.
 */
const resuming = new Map<string, ResumedChildren>();

/** From now on what `run` starts goes on with what those runs had started that it resumes. @returns ends it */
export function resumeChildren(run: string, { work }: ResumedWork, { from, force, forceOnly }: StartOptions): (() => void) | undefined {
  // Which of them are to be done anew, nobody could say.
  if (from !== undefined || force !== undefined || forceOnly !== undefined) return undefined;
  resuming.set(run, new ResumedChildren(work.runs.map(({ id }) => id)));
  return () => resuming.delete(run);
}

/** The earlier work of a run that is started by `parent`, where that one resumes another which had started one like it. */
export async function resumedChild(
  record: RunRecord,
  parent: string | undefined,
  flow: FlowDefinition,
  params: ResolvedParameters,
): Promise<ResumedWork | undefined> {
  const children = parent === undefined ? undefined : resuming.get(parent);
  if (children === undefined) return undefined;
  const mask = createMask([...params.secrets, ...secretTexts()]);
  const origin = await children.take(record, { flow: flow.name, params: recordedParams(params, mask) });
  return origin && (await loadEarlierWork(record, origin));
}

class ResumedChildren {
  /** Newest first. */
  readonly #origins: readonly string[];
  readonly #taken = new Set<string>();

  constructor(origins: readonly string[]) {
    this.#origins = origins;
  }

  /** The first like it that does not stand for another yet: of two alike, the nth for the nth. */
  async take(record: RunRecord, { flow, params }: Pick<RunRow, 'flow' | 'params'>): Promise<RunRow | undefined> {
    for (const parentRun of this.#origins) {
      const children = await record.runs({ parentRun, flow, limit: Number.POSITIVE_INFINITY });
      const found = children.toReversed().find((row) => FINAL_RUN_STATES.has(row.state) && !this.#taken.has(row.id) && isSame(row.params, params));
      if (found === undefined) continue;
      this.#taken.add(found.id);
      return found;
    }
    return undefined;
  }
}

function isSame(a: RunRow['params'], b: RunRow['params']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
