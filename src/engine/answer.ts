import type { CachePolicy } from '../model/cache-policy.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Kept } from '../results/result-keeper.js';
import type { OpenQuestion } from './question.js';

/** `key` is where a new result shall be found again; without one it is not. */
export type KnownAnswer =
  /** Without a key it is no answer to one: it is taken over from the run that is resumed (S30). `remark`: a warning that goes with it. */
  | { readonly hit: CacheEntryRow; readonly key: string | undefined; readonly why: undefined; readonly remark?: string }
  /** Others have left it at its address, and no record says that it is out of date. */
  | { readonly hit: undefined; readonly adopted: Kept; readonly key: string; readonly why: Reason }
  | { readonly hit: undefined; readonly adopted?: undefined; readonly key: string | undefined; readonly why: Reason };

/** Not to be executed in this run, and nothing is there of earlier ones: says why. */
export interface Withheld {
  readonly withheld: string;
}

export type Answer = KnownAnswer | Withheld;

/** Where the loop asks whether a call was answered before. */
export interface Answers {
  /** False: there is no use in asking, the call is to execute. */
  concerns(definition: TaskDefinition, policy: CachePolicy | false | undefined): boolean;
  /**
   * Has what answers calls of a task read in, where it is not at hand; what comes back is waited for before the first of them asks. From then on
   * answers come at once, unless files or stores have to be looked at.
   */
  prepare(definition: TaskDefinition, policy: CachePolicy | undefined): Promise<unknown> | undefined;
  ask(question: OpenQuestion): Answer | Promise<Answer>;
}
