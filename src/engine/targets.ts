import { digest128 } from '../base/digest.js';
import { MillraceError } from '../base/error.js';
import { cache } from '../cache/policy.js';
import { isRef } from '../graph/ref.js';
import type { CachePolicy } from '../model/cache-policy.js';
import { asksForInputs } from '../model/target.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { UNKNOWN } from '../results/targets/target-path.js';
import { type TargetPlace, type TargetRoots, targetPlace } from '../results/targets/target-place.js';
import { inputDigests, sameDigests } from './inputs.js';
import type { MapCalls } from './map.js';

/** When a task's results are reused: a target that is complete is not made again, where nobody says otherwise (S26). */
export function policyOf(definition: TaskDefinition, defaultCache: CachePolicy | false | undefined): CachePolicy | false | undefined {
  // What held then need not hold now.
  if (definition.sensor !== undefined) return false;
  return definition.cache ?? defaultCache ?? (definition.target === undefined && definition.external === undefined ? undefined : cache.default);
}

/** A result is known by where it shall lie too: the same call with another address is another question. */
export function keyAt(key: string | undefined, place: TargetPlace | undefined): string | undefined {
  return key === undefined || place === undefined ? key : digest128(`target ${place.name}\n${key}`);
}

/** Whether its address is told by more than the run and the call's place in it. */
export function needsInputs({ target }: TaskDefinition): boolean {
  return target !== undefined && asksForInputs(target);
}

export interface TargetsParts {
  readonly run: { readonly id: string; readonly flowName: string };
  /** The run's time. */
  readonly time: Date;
  readonly roots: TargetRoots;
  readonly idOf: (node: number) => string;
}

/** Who has an address in this run, and for which question. */
interface Holder {
  readonly node: number;
  readonly key: string | undefined;
}

/** Where the results of a run's nodes shall lie, and that no two of them write one address (S26). */
export class Targets {
  readonly #parts: TargetsParts;
  readonly #places = new Map<number, TargetPlace>();
  readonly #holders = new Map<string, Holder>();
  /** What is computed anew lies where it lay. */
  readonly #again = new Map<number, number>();

  constructor(parts: TargetsParts) {
    this.#parts = parts;
  }

  /** Undefined: the node has no target, or was not looked at. */
  placeOf(node: number): TargetPlace | undefined {
    return this.#places.size === 0 ? undefined : this.#places.get(node);
  }

  /** @throws MillraceError `TARGET_INVALID` */
  find(node: number, definition: TaskDefinition, mapIndex: number | undefined, args: () => readonly unknown[]): TargetPlace {
    const origin = this.#again.get(node);
    const place = (origin === undefined ? undefined : this.#places.get(origin)) ?? this.placeFor(definition, mapIndex, args);
    if (typeof place === 'string') throw new TypeError(`the inputs of '${this.#parts.idOf(node)}' are not known`);
    this.#places.set(node, place);
    return place;
  }

  /** Text: its inputs are not known. @throws MillraceError `TARGET_INVALID` */
  placeFor(definition: TaskDefinition, mapIndex: number | undefined, args: () => readonly unknown[]): TargetPlace | string {
    const { run, time, roots } = this.#parts;
    const call = { flow: run.flowName, task: definition.name, run: run.id, time, mapIndex, names: definition.parameterNames, args };
    return targetPlace(definition, call, roots);
  }

  again(node: number, origin: number): void {
    this.#again.set(node, this.#again.get(origin) ?? origin);
  }

  /**
   * The node is about to use its address. Calls that ask the same question have one answer, so they share it.
   * @throws MillraceError `TARGET_TAKEN`
   */
  take(node: number, key: string | undefined): void {
    const place = this.placeOf(node);
    if (place === undefined) return;
    const holder = this.#holders.get(place.uri);
    const isSame =
      holder !== undefined && (holder.node === node || this.#again.get(node) === holder.node || (key !== undefined && holder.key === key));
    if (holder !== undefined && !isSame) throw targetTaken(place, this.#parts.idOf(holder.node), this.#parts.idOf(node));
    if (holder === undefined) this.#holders.set(place.uri, { node, key });
  }

  /**
   * Before any child of a map runs, as far as its lists tell: children that would write one address are an error.
   * @param idOf the id of a child by its place
   * @throws MillraceError `TARGET_TAKEN`
   */
  checkChildren(of: TaskDefinition, calls: MapCalls, idOf: (place: number) => string): void {
    if (of.target === undefined || of.external !== undefined) return;
    const seen = new Map<string, number>();
    for (let at = 0; at < calls.count; at++) {
      const place = this.#childPlace(of, calls, at);
      if (place === undefined) continue;
      const before = seen.get(place.uri);
      if (before === undefined) seen.set(place.uri, at);
      else if (of.cache === false || !isSameCall(of, calls.argumentsAt(before), calls.argumentsAt(at)))
        throw targetTaken(place, idOf(before), idOf(at));
    }
  }

  /** One that cannot be told yet, or not at all, is that child's own matter. */
  #childPlace(of: TaskDefinition, calls: MapCalls, at: number): TargetPlace | undefined {
    try {
      const place = this.placeFor(of, at, () => calls.argumentsAt(at).map((arg) => (isRef(arg) ? UNKNOWN : arg)));
      return typeof place === 'string' ? undefined : place;
    } catch {
      return undefined;
    }
  }
}

function isSameCall({ parameterNames }: TaskDefinition, a: readonly unknown[], b: readonly unknown[]): boolean {
  const [first, second] = [a, b].map((args) => inputDigests(args, parameterNames, () => undefined));
  return first !== undefined && second !== undefined && sameDigests(first, second);
}

function targetTaken({ shown }: TargetPlace, first: string, second: string): MillraceError {
  return new MillraceError('TARGET_TAKEN', `expected one task run to write '${shown}'; '${first}' and '${second}' both would`, {
    hint: 'Put what tells them apart into the path: {input.<name>}, {map.index}, {task}.',
  });
}
