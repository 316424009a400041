import { MillraceError } from '../../base/error.js';
import { Lineage } from '../../flow/scope.js';
import { NODE, PATH, project, type Ref } from '../../graph/ref.js';
import { replaceDeep, replacingReferences } from '../../graph/references.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import { UNKNOWN } from '../../results/targets/target-path.js';
import type { TargetPlace } from '../../results/targets/target-place.js';
import { needsInputs, Targets, type TargetsParts } from '../targets.js';
import { argumentsOf, type TraceView, type Upstream } from './trace-view.js';

/**
 * Where a call's result would lie, when its task chose that. Text: its path is made of inputs that are not known before a run. An error: what the
 * inputs give can be no address.
 */
export type ResultPlace = TargetPlace | string | MillraceError | undefined;

/** Addresses that users chose (S26), as far as they can be told without running anything. */
export class ResultPlaces {
  readonly #view: TraceView;
  readonly #targets: Targets;

  constructor(view: TraceView, parts: Pick<TargetsParts, 'time' | 'roots'>) {
    const { flowName, graph, runId: id } = view.port;
    this.#view = view;
    this.#targets = new Targets({ run: { id, flowName }, ...parts, idOf: (node) => graph.id(node) });
  }

  async of(node: number, definition: TaskDefinition, upstream: Upstream): Promise<ResultPlace> {
    if (definition.target === undefined) return undefined;
    const values = new Map<number, unknown>();
    // One whose bytes are gone is as unknown as one that was never computed.
    if (needsInputs(definition))
      for (const [from, { state }] of upstream) values.set(from, state === 'complete' ? await this.#view.value(from).catch(() => UNKNOWN) : UNKNOWN);
    const known = (ref: Ref): unknown => (ref instanceof Lineage ? ref.value : valueAt(values.get(ref[NODE]), ref));
    return this.#place(definition, undefined, argumentsOf(this.#view, node), known);
  }

  /** Of a child of a map. @param look what a reference stands for */
  ofChild(of: TaskDefinition, at: number, args: readonly unknown[], look: (ref: Ref) => unknown): ResultPlace {
    return of.target === undefined ? undefined : this.#place(of, at, args, look);
  }

  #place(definition: TaskDefinition, mapIndex: number | undefined, args: readonly unknown[], look: (ref: Ref) => unknown): ResultPlace {
    try {
      return this.#targets.placeFor(definition, mapIndex, () => args.map((arg) => knownArgument(arg, look)));
    } catch (error) {
      // An input that cannot be part of an address is that call's own matter.
      if (error instanceof MillraceError && error.code === 'TARGET_INVALID') return error;
      throw error;
    }
  }
}

/** `UNKNOWN` for what holds a future whose value is not known. */
function knownArgument(arg: unknown, look: (ref: Ref) => unknown): unknown {
  let isKnown = true;
  const value = replaceDeep(
    arg,
    replacingReferences((ref) => {
      const found = look(ref);
      if (found === UNKNOWN) isKnown = false;
      return found;
    }),
  );
  return isKnown ? value : UNKNOWN;
}

function valueAt(value: unknown, ref: Ref): unknown {
  return value === UNKNOWN || value === undefined ? UNKNOWN : project(value, ref[PATH]);
}
