import { MillraceError } from '../../base/error.js';
import type { FlowDefinition } from '../../flow/flow-runtime.js';
import { TASK } from '../../flow/task.js';
import { withDefaults } from '../../flow/task-settings.js';
import type { Task } from '../../flow/task-type.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../../model/task-definition.js';
import { decodeText } from '../../results/json.js';
import type { LoadRequest, ResultKeeper } from '../../results/result-keeper.js';
import { keeperFor, openProject, type Project } from '../project.js';

export type OpenRecord = () => Promise<Project>;

/** Opens what the process's own project is; nothing is made where there is none. */
export const openOwnProject: OpenRecord = () => openProject({ look: true });

/** Where what is looked up comes from. */
export interface PastSource {
  /** Opened for each question, and let go of after it: nobody has to close what a notebook forgot. */
  readonly open: OpenRecord;
  /** The flow, where it is at hand: its store and its defaults are then known. */
  readonly flow?: FlowDefinition | undefined;
}

export function keeperOf(project: Project, { flow }: PastSource): ResultKeeper {
  return keeperFor(project, flow?.store);
}

/** How results of a task are read: by what the task says, where it is at hand, else by what the record says. */
// biome-ignore lint/suspicious/noExplicitAny: a task of any signature
export function readingOf(task: Task<any, any, any> | undefined, { flow }: PastSource): LoadRequest['definition'] {
  if (task === undefined) return TASK_DEFAULTS;
  const own = (task as unknown as { readonly [TASK]: TaskDefinition })[TASK];
  // A store may be named in the flow's defaults alone.
  return withDefaults(own, flow?.defaults ?? {});
}

/** A recorded value of a parameter; the text itself where that is of a class which only the flow's file knows. */
export function parameterValue(text: string): unknown {
  try {
    return decodeText(text);
  } catch (error) {
    if (error instanceof MillraceError) return text;
    throw error;
  }
}
