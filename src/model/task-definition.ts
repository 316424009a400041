import type { CachePolicy } from './cache-policy.js';
import type { FinalState } from './final-state.js';
import type { ResultStore } from './result-store.js';
import type { Serializer } from './serializer.js';

/**
 * What the engine knows of a task: frozen data and a function. `flow/` makes it from what users write.
 * - `task`: runs in a slot, is recorded, may be cached
 * - `subflow`: expands into nodes of the same run; holds no slot (S7)
 * - `derived`: a pure step between nodes (`all`, `orElse`, `outcome`): no slot, no task run, no row
 */
export interface TaskDefinition {
  readonly kind: 'task' | 'subflow' | 'derived';
  readonly name: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: the engine calls functions of every signature
  readonly fn: (...args: any[]) => unknown;
  /** Names of the function's parameters, for reasons, labels and `cache.…without(name)`; a pattern is called by its place, `arg0`. */
  readonly parameterNames: readonly string[];
  /** A readable name for one task run, from its arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: as `fn`
  readonly label: ((...args: any[]) => string) | undefined;
  readonly version: string | undefined;
  readonly cache: CachePolicy | false | undefined;
  /** @default true */
  readonly persist: boolean;
  readonly store: ResultStore | undefined;
  readonly serializer: Serializer | undefined;
  readonly outputs: Readonly<Record<string, Serializer | undefined>> | undefined;
  /** Waits for something outside this process, so it holds no slot (`startChild`). */
  readonly slotless: boolean;
  /** For a sub-flow: the flow that `fn` is the body of. */
  readonly subflow: Subflow | undefined;
}

/** What a derived step's function is handed: its inputs, all settled. */
export interface DerivedInputs {
  /** The value of an argument; ends the step as its upstream ended (failed, skipped) when there is none. */
  value(position: number): unknown;
  /** What became of the node that an argument stands for. Asking consumes its failure (S12). */
  state(position: number): FinalState<unknown>;
}

/** How the engine expands a sub-flow in the same run (S7). */
export interface Subflow {
  readonly flowName: string;
  /** Checks and completes parameters. @throws ParameterError */
  resolve(params: unknown): Promise<Readonly<Record<string, unknown>>>;
}

/** What a definition is where nothing was said. */
export const TASK_DEFAULTS = Object.freeze({
  description: undefined,
  tags: Object.freeze([]) as readonly string[],
  parameterNames: Object.freeze([]) as readonly string[],
  label: undefined,
  version: undefined,
  cache: undefined,
  persist: true,
  store: undefined,
  serializer: undefined,
  outputs: undefined,
  slotless: false,
  subflow: undefined,
});
