import type { CachePolicy } from './cache-policy.js';
import type { Check } from './check.js';
import type { CodeSite } from './code-site.js';
import type { ConcurrencyLimit } from './concurrency-limit.js';
import type { ReadSink } from './file-read.js';
import type { FinalState } from './final-state.js';
import type { ResultStore } from './result-store.js';
import type { NormalizedRetry } from './retry-policy.js';
import type { Sensor } from './sensor.js';
import type { Serializer } from './serializer.js';
import type { TaskState } from './states.js';
import type { External, TaskTarget } from './target.js';
import type { TaskHooks } from './task-hooks.js';
import type { TriggerRule } from './trigger-rule.js';

/**
 * What the engine knows of a task: frozen data and a function. `flow/` makes it from what users write.
 * - `task`: runs in a slot, is recorded, may be cached
 * - `subflow`: expands into nodes of the same run; holds no slot (S7)
 * - `map`: adds one node for each element of its lists, and gathers what they give; holds no slot (S8)
 * - `derived`: a pure step between nodes (`all`, `orElse`, `outcome`): no slot, no task run, no row
 */
export interface TaskDefinition {
  readonly kind: 'task' | 'subflow' | 'map' | 'derived';
  readonly name: string;
  /** Of a derived step: what users wrote for it, `match()`. */
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
  /** Variables of enclosing functions that `fn` uses: their values count as its code (S22). */
  readonly captures: Readonly<Record<string, unknown>> | undefined;
  /** Where its code is to be found; undefined for what is not users' code. */
  readonly code: CodeSite | undefined;
  readonly cache: CachePolicy | false | undefined;
  /** @default true */
  readonly persist: boolean;
  readonly store: ResultStore | undefined;
  readonly serializer: Serializer | undefined;
  readonly outputs: Readonly<Record<string, Serializer | undefined>> | undefined;
  /** An address that the user chose: complete means that it is there (S26). */
  readonly target: TaskTarget | undefined;
  /** Never computed: others make it, and it is waited for. */
  readonly external: External | undefined;
  /** It waits for a condition instead of calling `fn`. */
  readonly sensor: Sensor | undefined;
  /** Names of the assets that it renews when it ends in success. */
  readonly renews: readonly string[] | undefined;
  /** What the tasks of a run share, and who cleans it up. */
  readonly resource: ResourceRole | undefined;
  /** Waits for something outside this process, so it holds no slot (`startChild`). */
  readonly slotless: boolean;
  /** @default 'all-success' */
  readonly trigger: TriggerRule | undefined;
  /** Failures that its rule lets it run after count as handled (S12). */
  readonly handles: boolean;
  readonly skipOnUpstreamSkip: boolean | undefined;
  readonly retries: NormalizedRetry | undefined;
  /** For one attempt, in milliseconds; Infinity: none, whatever the flow's defaults. */
  readonly timeoutMs: number | undefined;
  readonly checks: readonly Check<never>[] | undefined;
  readonly limits: readonly ConcurrencyLimit[] | undefined;
  /** Higher first; undefined where the task does not say, which counts as 0. */
  readonly priority: number | undefined;
  readonly hooks: TaskHooks<unknown> | undefined;
  /** What tells those whom its option `notify` names. */
  readonly notify: TaskHooks<unknown> | undefined;
  /** For a map, and what asks for its length: another map it refers to as a whole need only know its children, not have their results. */
  readonly awaitsExpansion: boolean;
  /** For a derived step: it stands for one child of the map that is its first argument; the second says which. */
  readonly element: boolean;
  /** For a map: what its children are calls of. */
  readonly map: MapSettings | undefined;
  /** For a sub-flow: the flow that `fn` is the body of. */
  readonly subflow: Subflow | undefined;
}

export interface ResourceRole {
  readonly role: 'setup' | 'teardown';
  /** A teardown that fails fails the run. */
  readonly failRun: boolean;
}

export interface MapSettings {
  readonly of: TaskDefinition;
  readonly maxSplits: number | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as `fn`
  readonly key: ((...args: any[]) => string) | undefined;
}

/** What a derived step's function is handed: its inputs, all settled. */
export interface DerivedInputs {
  /** The value of an argument; ends the step as its upstream ended (failed, skipped) when there is none. */
  value(position: number): unknown;
  /** What became of the node that an argument stands for. Asking consumes its failure (S12). */
  state(position: number): FinalState<unknown>;
  /** How that node ended, without consuming its failure; `success` for an argument that is a plain value. */
  ended(position: number): TaskState;
  /** What the child of a map gave that this step stands for. */
  element(): unknown;
  /** How many children the map has that an argument stands for. */
  count(position: number): number;
  /** How they ended, in order. Asking consumes their failures (S12). */
  children(position: number): readonly FinalState<unknown>[];
}

/** How the engine expands a sub-flow in the same run (S7). */
export interface Subflow {
  readonly flowName: string;
  /** Checks and completes parameters. @param reads is told of files among them @throws ParameterError */
  resolve(params: unknown, reads?: ReadSink): Promise<Readonly<Record<string, unknown>>>;
  /** Fills in what its tasks did not say and the flow says for them; undefined where it says nothing. */
  readonly adopt: ((definition: TaskDefinition) => TaskDefinition) | undefined;
}

/** What a definition is where nothing was said. */
export const TASK_DEFAULTS = Object.freeze({
  description: undefined,
  tags: Object.freeze([]) as readonly string[],
  parameterNames: Object.freeze([]) as readonly string[],
  label: undefined,
  version: undefined,
  captures: undefined,
  code: undefined,
  cache: undefined,
  persist: true,
  store: undefined,
  serializer: undefined,
  outputs: undefined,
  target: undefined,
  external: undefined,
  sensor: undefined,
  resource: undefined,
  renews: undefined,
  slotless: false,
  trigger: undefined,
  handles: false,
  skipOnUpstreamSkip: undefined,
  retries: undefined,
  timeoutMs: undefined,
  checks: undefined,
  limits: undefined,
  priority: undefined,
  awaitsExpansion: false,
  element: false,
  map: undefined,
  hooks: undefined,
  notify: undefined,
  subflow: undefined,
});
