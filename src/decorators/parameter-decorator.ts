import type { AnySchema } from '../flow/parameters.js';
import { prototypesOf } from './class-chain.js';
import type { FieldDecorator2 } from './decorator-types.js';
import { createTag } from './metadata.js';
import { misplaced, optionsOf, placementOf } from './placement.js';

export interface ParameterOptions {
  /** Any schema that speaks Standard Schema. @default what is of the same type as the initializer */
  readonly schema?: AnySchema;
  /** For a field without an initializer. */
  readonly default?: unknown;
  /** One line for people. */
  readonly help?: string;
  /** An environment variable that gives the value when `MILLRACE_PARAM_<NAME>` does not. */
  readonly env?: string;
}

/** By field. Under `experimentalDecorators` it lies on the prototype; decorators of the language see nothing but the instance being made. */
const MARKS = createTag<ReadonlyMap<string, ParameterOptions>>('parameters');

/**
 * Marks a field as a parameter of its flow; the initializer is its default.
 * @throws MillraceError `DECORATOR_MISPLACED` above anything but a public field of instances, `DECORATOR_NOT_CALLED` for `@Parameter` alone
 */
export function Parameter(options?: ParameterOptions): FieldDecorator2;
export function Parameter(...args: readonly unknown[]): FieldDecorator2 {
  const options = optionsOf<ParameterOptions>('Parameter', args);
  const decorate = (...received: readonly unknown[]): unknown => {
    const place = placementOf(received);
    const { kind, name, isStatic, isPrivate, target } = place;
    if (kind !== 'field' || isStatic || isPrivate || typeof name === 'symbol') throw misplaced('Parameter', 'a public field of instances', place);
    if (target !== undefined) return mark(target as object, name, options);
    return function noteOnInstance(this: object, initial: unknown): unknown {
      mark(this, name, options);
      return initial;
    };
  };
  return decorate as FieldDecorator2;
}

function mark(target: object, name: string, options: ParameterOptions): void {
  MARKS.put(target, new Map(MARKS.get(target)).set(name, options));
}

/** The marked fields of an instance, those of base classes first; a subclass that declares a field anew has the last word. */
export function markedFields(instance: object): ReadonlyMap<string, ParameterOptions> {
  const outermostFirst = [instance, ...prototypesOf(instance)].reverse();
  return new Map(outermostFirst.flatMap((target) => [...(MARKS.get(target) ?? [])]));
}
