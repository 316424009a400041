import type { EarlierWork } from '../engine/resumption.js';
import type { RunOptions } from '../flow/flow-runtime.js';
import { ANYTHING, type OptionKind, RUN_OPTIONS } from '../flow/option-kinds.js';
import type { DueRun } from '../model/due-run.js';
import type { Notification } from '../model/notification.js';
import type { ResumedWork } from './earlier-work.js';
import type { RunWatch } from './run-watch.js';

/** What the tries of one run have in common: it has one deadline. */
export interface Tries {
  /** The start of the first. */
  startedAt?: number;
  isPastDeadline?: boolean;
}

/** What the command line adds: it shows a run by its events, so nothing is echoed. */
export interface StartOptions extends RunOptions {
  /** Prints what tasks print on the real output too, as a script's author expects. @default true */
  echo?: boolean;
  /** Is told of the run, and of those it starts, which then echo nothing either. @default as the run that starts this one */
  watch?: RunWatch;
  /** The due run that this one is; by `dueAt` it knows whether it is late. */
  due?: Pick<DueRun, 'run' | 'cause' | 'scheduled' | 'triggers'> & Partial<Pick<DueRun, 'dueAt'>>;
  /** How long running tasks have after a cancellation, in milliseconds. @default 5000 */
  graceMs?: number;
  /** What the run goes on with. */
  resume?: ResumedWork | undefined;
  /** For `only`, where nothing is resumed: what earlier runs of the flow came to. */
  work?: EarlierWork | undefined;
  /** Should the run fail, it is tried again so often. @default the flow's `retries` */
  triesLeft?: number;
  /** Who is told beside those whom the flow names: by the service that starts it. */
  notify?: readonly Notification[];
  /** What the tries of one run have in common. */
  tries?: Tries;
  /** The run that failed, and that this one tries again. */
  retries?: string;
  /** Name of the step that is executed with everything downstream, whatever was finished. */
  from?: string;
}

export const START_OPTIONS: Readonly<Record<keyof StartOptions, OptionKind>> = {
  ...RUN_OPTIONS,
  echo: ANYTHING,
  watch: ANYTHING,
  graceMs: ANYTHING,
  due: ANYTHING,
  resume: ANYTHING,
  work: ANYTHING,
  triesLeft: ANYTHING,
  notify: ANYTHING,
  tries: ANYTHING,
  retries: ANYTHING,
  from: ANYTHING,
};
