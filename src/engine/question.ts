import type { CachePolicy } from '../model/cache-policy.js';
import type { InputDigest } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { TargetPlace } from '../results/targets/target-place.js';
import type { InputDigests } from './inputs.js';

/** One call that asks whether it has been answered before, by its key. */
export interface Question extends OpenQuestion {
  readonly policy: CachePolicy;
}

/** One call that asks whether it has been answered before, in whatever way. */
export interface OpenQuestion {
  readonly definition: TaskDefinition;
  /** Undefined: its results are not reused by their keys. */
  readonly policy: CachePolicy | undefined;
  /** undefined: an input has no digest, so nothing can be known. */
  readonly inputs: Readonly<Record<string, InputDigest>> | undefined;
  /** By what it is forced: `clean was forced`. */
  readonly forced: string | undefined;
  /** Its place among the nodes of the run. */
  readonly place?: number | undefined;
  readonly details: CallDetails;
  /** Where its result shall lie, when the task chose that (S26). */
  readonly target?: TargetPlace | undefined;
  /** An earlier answer proved lost: nothing but the task itself can give another (S25). */
  readonly isRedone?: boolean;
}

/** What is worked out of a call only where no key answers it: the same functions for all calls of a run, for nearly all of them are never asked. */
export interface CallDetails {
  /** What an input is the result of, by parameter name: to explain a miss with. */
  readonly sourceOf: (call: OpenQuestion, name: string) => string | undefined;
  /** The argument without a digest. */
  readonly lacking: (call: OpenQuestion) => string | undefined;
  /** What its function would be handed; where nothing came of an input, that is `undefined`. */
  readonly given?: (call: OpenQuestion) => InputDigests | undefined;
}
