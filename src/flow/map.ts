import { describe, MillraceError } from '../base/error.js';
import { isRef } from '../graph/ref.js';
import { runLimit } from '../model/concurrency-limit.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import { AT, LENGTH, STATES, SUCCESSES } from './derived.js';
import type { MapOptions } from './mapped-future.js';
import { derive, NodeFuture } from './node-future.js';
import { A_FUNCTION, checkOptions, FROM_ONE, FROM_ZERO, type OptionKind } from './option-kinds.js';
import { registerIn } from './register.js';
import { type BodyScope, scopes } from './scope.js';
import { withParameters } from './task-target.js';
import { isUnmapped } from './unmapped.js';

class MapFuture extends NodeFuture {
  get length(): NodeFuture {
    return derive(LENGTH, [this]);
  }

  at(index: number): NodeFuture {
    if (!Number.isInteger(index)) throw new MillraceError('MAP_INDEX_INVALID', `expected at() with a whole number; got ${describe(index)}`);
    return derive(AT, [this, index]);
  }

  states(): NodeFuture {
    return derive(STATES, [this]);
  }

  successes(): NodeFuture {
    return derive(SUCCESSES, [this]);
  }
}

const MAP_OPTIONS: Readonly<Record<keyof MapOptions, OptionKind>> = { concurrency: FROM_ONE, maxSplits: FROM_ZERO, key: A_FUNCTION };

/** Limits of single maps are told apart by number; no user's limit can have this name. */
let maps = 0;

/**
 * Adds a map to the graph: its children are added when its lists are known (S8).
 * @throws MillraceError `MAP_ARGUMENT_INVALID`, `MAP_OPTION_INVALID`, `NOT_IN_A_FLOW`
 */
export function mapTask(definition: TaskDefinition, options: MapOptions, args: readonly unknown[]): NodeFuture {
  const scope = scopes.getStore();
  if (scope?.kind !== 'body') {
    throw new MillraceError('NOT_IN_A_FLOW', `expected '${definition.name}.map(…)' in the body of a flow; it was called outside of one`, {
      hint: 'Inside a task, and outside of flows, use Array.prototype.map with task.fn.',
    });
  }
  checkArguments(definition, args);
  const ready = withParameters(definition, scope.context.params, scope.port.flowName, true);
  return new MapFuture(scope.port, registerIn(scope, mapDefinition(scope, ready, options), args));
}

function checkArguments({ name, parameterNames }: TaskDefinition, args: readonly unknown[]): void {
  const odd = args.findIndex((arg) => !Array.isArray(arg) && !isRef(arg) && !isUnmapped(arg));
  if (odd < 0 && args.some((arg) => !isUnmapped(arg))) return;
  const what = odd < 0 ? 'unmapped arguments only' : `${describe(args[odd])} as '${parameterNames[odd] ?? `argument ${odd + 1}`}'`;
  throw new MillraceError('MAP_ARGUMENT_INVALID', `expected ${name}.map(…) with lists or futures of lists; got ${what}`, {
    hint: 'Wrap what is the same for every child: unmapped(value).',
  });
}

/** The definition of the map node. Its children are calls of `map.of`. */
function mapDefinition(scope: BodyScope, definition: TaskDefinition, options: MapOptions): TaskDefinition {
  checkOptions(MAP_OPTIONS, options, 'MAP_OPTION_INVALID', ' of mapWith()');
  const { concurrency, maxSplits, key } = options;
  if (concurrency !== undefined && definition.slotless) throw notBounded(definition.name);
  const of = scope.adopt(definition);
  return Object.freeze({
    ...TASK_DEFAULTS,
    kind: 'map',
    name: definition.name,
    description: definition.description,
    fn: definition.fn,
    code: definition.code,
    parameterNames: definition.parameterNames,
    cache: false,
    persist: false,
    slotless: true,
    awaitsExpansion: true,
    map: { of: concurrency === undefined ? of : limited(of, concurrency), maxSplits, key },
  } satisfies TaskDefinition);
}

/** What holds no slot cannot be counted by the slots it holds. */
function notBounded(name: string): MillraceError {
  return new MillraceError('MAP_OPTION_INVALID', `expected 'concurrency' of mapWith() for calls that hold a slot; '${name}' is a flow in a flow`, {
    hint: 'Give the tasks in it a limit that they share: limit(name, max).',
  });
}

function limited(definition: TaskDefinition, max: number): TaskDefinition {
  const own = runLimit(`map of ${definition.name}, ${++maps}`, max);
  return Object.freeze({ ...definition, limits: Object.freeze([...(definition.limits ?? []), own]) });
}
