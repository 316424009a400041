import { digest128 } from '../base/digest.js';
import { MillraceError } from '../base/error.js';
import { nameKind } from '../base/value-path.js';
import type { TaskDefinition } from '../model/task-definition.js';

type Outputs = NonNullable<TaskDefinition['outputs']>;

/** The artifact of what is no named output, and of the order of all keys. */
export const REST = '';

/** A result with named outputs, taken apart. */
export interface SplitResult {
  /** In the order of the result's own keys. */
  readonly named: readonly (readonly [name: string, value: unknown])[];
  /** What is left of it, without the named outputs. */
  readonly rest: object;
  /** The result with `null` in place of each named output: it keeps the order. Undefined when the declaration alone tells it. */
  readonly frame: object | undefined;
}

/** @throws MillraceError `OUTPUT_MISSING`, `RESULT_NOT_STORABLE` */
export function splitOutputs(value: unknown, outputs: Outputs, task: string): SplitResult {
  const names = Object.keys(outputs);
  const absent = typeof value === 'object' && value !== null && !Array.isArray(value) ? names.find((name) => !Object.hasOwn(value, name)) : names[0];
  if (absent !== undefined || typeof value !== 'object' || value === null) throw outputMissing(task, absent ?? '', value);
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new MillraceError(
      'RESULT_NOT_STORABLE',
      `task '${task}' has named outputs, so its result must be a plain object; it is ${nameKind(value)}`,
    );
  }
  const keys = Reflect.ownKeys(value);
  const isNamed = (key: string | symbol) => typeof key === 'string' && Object.hasOwn(outputs, key);
  const named = keys.filter(isNamed).map((name) => [name as string, readOutput(value, name as string, task)] as const);
  const plain = prototype !== null && names.length > 0 && keys.length === names.length && keys.every((key, at) => key === names[at]);
  return { named, rest: withOutputs(value, isNamed, false), frame: plain ? undefined : withOutputs(value, isNamed, true) };
}

/**
 * Puts a result together again.
 * @param frame the decoded rest, or undefined when there was none
 * @param declared the outputs as the task declares them now: they give the order when there is no frame
 */
export function joinOutputs(parts: ReadonlyMap<string, unknown>, frame: object | undefined, declared: Outputs | undefined): object {
  if (frame !== undefined) return fill(frame, parts);
  const order = Object.keys(declared ?? {}).filter((name) => parts.has(name));
  const joined = {};
  for (const name of new Set([...order, ...parts.keys()])) define(joined, name, parts.get(name));
  return joined;
}

/** The same result with other values for some outputs, as they will be read back (S16). */
export function replaceOutputs(value: object, parts: ReadonlyMap<string, unknown>): object {
  const copy: object = Object.create(Object.getPrototypeOf(value), Object.getOwnPropertyDescriptors(value));
  return fill(copy, parts);
}

/** Of the whole, from the digests of its parts: however the keys were ordered (S21). */
export function outputsDigest(digests: readonly (readonly [name: string, digest: string])[]): string {
  const sorted = [...digests].sort(([a], [b]) => (a < b ? -1 : 1));
  return digest128(`outputs${JSON.stringify(sorted)}`);
}

/** Everything about the other properties is kept, so that the serializer sees, and refuses, getters and symbols. */
function withOutputs(value: object, isNamed: (key: string | symbol) => boolean, asNull: boolean): object {
  const copy: object = Object.create(Object.getPrototypeOf(value));
  for (const key of Reflect.ownKeys(value)) {
    if (!isNamed(key)) Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor);
    else if (asNull) define(copy, key as string, null);
  }
  return copy;
}

function readOutput(value: object, name: string, task: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(value, name) as PropertyDescriptor;
  if ('value' in descriptor) return descriptor.value;
  throw new MillraceError('RESULT_NOT_STORABLE', `output '${name}' of task '${task}' is a property with a getter or setter`);
}

function fill(target: object, parts: ReadonlyMap<string, unknown>): object {
  for (const [name, value] of parts) define(target, name, value);
  return target;
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

function outputMissing(task: string, name: string, value: unknown): MillraceError {
  const got =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? `one with ${Object.keys(value).join(', ') || 'no properties'}`
      : nameKind(value);
  return new MillraceError('OUTPUT_MISSING', `task '${task}' must return an object with the output '${name}'; it returned ${got}`);
}
