import { type Force, NO_FORCE } from '../engine/force.js';
import { TaskSelection } from '../engine/task-selection.js';
import type { TaskRef } from '../flow/task-type.js';
import type { ForcedTasks } from '../model/records.js';
import type { StartOptions } from './run-options.js';

/** What the options of a run say shall execute whatever is there (S28, S30). */
export function forcedTasks({ force, forceOnly, from }: StartOptions): ForcedTasks | undefined {
  if (force === undefined && forceOnly === undefined && from === undefined) return undefined;
  const downstream = force === undefined || force === true ? [] : namesOf(force);
  return { all: force === true, downstream: from === undefined ? downstream : [...downstream, from], only: namesOf(forceOnly ?? []) };
}

export function namesOf(refs: TaskRef | readonly TaskRef[]): readonly string[] {
  const list = Array.isArray(refs) ? (refs as readonly TaskRef[]) : [refs as TaskRef];
  return list.map((ref) => (typeof ref === 'string' ? ref : ref.taskName));
}

/** All that a run is to execute: by its own options, and what the runs owe that it goes on with. */
export function forceOf(options: StartOptions): Force {
  const own = forcedTasks(options);
  const all = [...(own === undefined ? [] : [own]), ...(options.resume?.owed ?? [])];
  if (all.length === 0) return NO_FORCE;
  return {
    all: all.some((forced) => forced.all),
    downstream: new TaskSelection(all.flatMap(({ downstream }) => downstream)),
    only: new TaskSelection(all.flatMap(({ only }) => only)),
  };
}
