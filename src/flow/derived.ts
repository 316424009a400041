import { type DerivedInputs, TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';

/** Steps between nodes: pure, without a slot, a row or a place in drawings. Made once, so that a name stands for one function. */
function derived(name: string, parameterNames: readonly string[], fn: (inputs: DerivedInputs) => unknown): TaskDefinition {
  return Object.freeze({
    ...TASK_DEFAULTS,
    kind: 'derived',
    name,
    description: `${name}()`,
    fn,
    parameterNames,
    cache: false,
    persist: false,
    slotless: true,
  } satisfies TaskDefinition);
}

/** A list (or object) of futures as one future. */
export const ALL = derived('all', ['values'], (inputs) => inputs.value(0));

/** The final state of the first argument as a value. */
export const OUTCOME = derived('outcome', ['of'], (inputs) => inputs.state(0));

/** The value of the first argument, or the second when there is none; a fallback that failed matters only then. */
export const OR_ELSE = derived('orElse', ['value', 'fallback'], (inputs) => {
  const state = inputs.state(0);
  return 'value' in state ? state.value : inputs.value(1);
});

/** How many children a map has. */
export const LENGTH: TaskDefinition = Object.freeze({ ...derived('length', ['map'], (inputs) => inputs.count(0)), awaitsExpansion: true });

/** One child of a map: waits for the list, and then for that child alone. */
export const AT: TaskDefinition = Object.freeze({
  ...derived('at', ['map', 'index'], (inputs) => inputs.element()),
  awaitsExpansion: true,
  element: true,
});

/** How the children of a map ended, in order. */
export const STATES = derived('states', ['map'], (inputs) => inputs.children(0));

/** What those children of a map gave that succeeded, in order. */
export const SUCCESSES = derived('successes', ['map'], (inputs) => inputs.children(0).flatMap((state) => ('value' in state ? [state.value] : [])));

/**
 * Whether a step counts by its own value rather than by what it is made of (S21). What waits for the children of a map, and not for their results, has
 * to: how many of these have ended when it is asked about is chance.
 */
export function countsByValue({ kind, awaitsExpansion, element }: TaskDefinition): boolean {
  return kind === 'derived' && awaitsExpansion && !element;
}

const CONSUMERS: ReadonlySet<string> = new Set([OUTCOME, OR_ELSE, STATES, SUCCESSES].map(({ name }) => name));

/** Whether a step takes a failure of its first argument on itself (S12). By its name, since a flow may have been made by another copy of the package. */
export function consumesFailures({ kind, name }: TaskDefinition): boolean {
  return kind === 'derived' && CONSUMERS.has(name);
}
