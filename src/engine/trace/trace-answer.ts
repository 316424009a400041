import type { Reason } from '../../model/reason.js';
import type { CacheEntryRow } from '../../model/records.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import type { KnownAnswer } from '../answer.js';
import { type Stored, storedAs } from '../stored.js';

/** What a trace knows of a node: whether its result exists already, and if not, why (S27). */
export type TraceAnswer = CompleteAnswer | OpenAnswer;

interface Known {
  readonly key: string | undefined;
  readonly why?: Reason | undefined;
  /** The earlier results that answer it: one, or those of a map's children, as far as there are any. */
  readonly entries?: readonly CacheEntryRow[];
  /** Of a map whose lists are known. */
  readonly children?: readonly TraceAnswer[];
  /** Where its result shall lie, for people; placeholders that nobody knows yet stand in it as they were written. */
  readonly target?: string;
}

export interface CompleteAnswer extends Known {
  readonly state: 'complete';
  /** Undefined: its value is put together from those of other nodes. */
  readonly stored: Stored | undefined;
}

export interface OpenAnswer extends Known {
  readonly state: 'pending' | 'unknown';
}

/** What can be said of a step between tasks, or of an element of a map, whose own inputs are not known. */
export const UNKNOWN_YET: OpenAnswer = Object.freeze({ state: 'unknown', key: undefined, why: undefined });

/** Made of what is complete, and so complete itself: nothing of it is stored. */
export const MADE_OF_OTHERS: CompleteAnswer = Object.freeze({ state: 'complete', key: undefined, stored: undefined });

export function answerOf(answer: KnownAnswer): TraceAnswer {
  const { hit, key, why } = answer;
  if (!hit && answer.adopted) return { state: 'complete', key, stored: storedAs(answer.adopted.artifacts), why };
  return hit ? { state: 'complete', key, stored: storedAs(hit.artifacts) } : pending(why, key);
}

export function pending(why: Reason | undefined, key?: string): OpenAnswer {
  return { state: 'pending', key, why };
}

export function notCached({ resource, sensor }: TaskDefinition): OpenAnswer {
  if (resource?.role === 'setup') return pending({ kind: 'not-cached', detail: 'it is set up for what uses it and has to run' });
  return pending(sensor === undefined ? { kind: 'not-cached' } : { kind: 'not-cached', detail: `it waits for ${sensor.awaited}` });
}
