import type { ArtifactRef } from './artifact.js';
import type { TaskError } from './task-error.js';

/** What became of a node, as a value. Only a body is told of `cached`: to tasks, by `outcome()` and `states()`, reused is as good as made. `artifact` is absent when the result is not kept (`persist: false`) or is a part of one. */
export type FinalState<T> =
  | { readonly state: 'success' | 'cached'; readonly value: T; readonly artifact?: ArtifactRef }
  | { readonly state: 'skipped' | 'failed' | 'upstream-failed' | 'cancelled' | 'timed-out' | 'crashed'; readonly error?: TaskError };
