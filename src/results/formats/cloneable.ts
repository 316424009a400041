import { builtinKind, hasExtraProperties } from '../../base/builtin-kind.js';
import { errorProperties } from '../../base/error-class.js';
import { nameKind, propertyStep } from '../../base/value-path.js';
import { notStorable } from '../json-encode.js';

interface Step {
  readonly value: unknown;
  /** The way here, spelled out only when something is wrong. */
  readonly from: Step | undefined;
  readonly step: () => string;
}

/**
 * The structured clone drops silently what it does not know: prototypes, accessors, symbols, own properties of dates and errors. This
 * refuses what would be dropped. No recursion: a list linked through a million objects is as good as any other value.
 * @throws MillraceError `RESULT_NOT_STORABLE`
 */
export function checkCloneable(value: unknown): void {
  const seen = new Set<object>();
  const todo: Step[] = [{ value, from: undefined, step: () => '' }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const at = next;
    const { value: found } = at;
    if (typeof found === 'function' || typeof found === 'symbol') throw refusal(at, `is ${nameKind(found)}`);
    if (typeof found !== 'object' || found === null || seen.has(found)) continue;
    seen.add(found);
    visitMembers(found, at, (member, step) => {
      if ((typeof member === 'object' && member !== null) || typeof member === 'function' || typeof member === 'symbol') {
        todo.push({ value: member, from: at, step });
      }
    });
  }
}

type Visit = (member: unknown, step: () => string) => void;

function visitMembers(value: object, at: Step, visit: Visit): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value)) {
    if (hasExtraProperties(value)) throw refusal(at, 'is an array with properties of its own');
    for (let index = 0; index < value.length; index++) visit(value[index], () => `[${index}]`);
    return;
  }
  if (prototype === Object.prototype) return visitRecord(value, at, visit);
  visitInstance(value, at, visit);
}

function visitRecord(value: object, at: Step, visit: Visit): void {
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    const step = (): string => propertyStep(key);
    if (typeof key === 'symbol') throw refusal({ value, from: at, step }, 'is a property with a symbol as its key');
    if (property.enumerable !== true) throw refusal({ value, from: at, step }, 'is a property that is not enumerable');
    if (!('value' in property)) throw refusal({ value, from: at, step }, 'is a property with a getter or setter');
    visit(property.value, step);
  }
}

function visitInstance(value: object, at: Step, visit: Visit): void {
  switch (builtinKind(value)) {
    case 'Date':
    case 'ArrayBuffer':
    case 'View':
      return;
    case 'RegExp':
      if ((value as RegExp).lastIndex !== 0) throw refusal(at, 'is a RegExp that stands in the middle of a search (lastIndex)');
      return;
    case 'Map':
      return visitMap(value as ReadonlyMap<unknown, unknown>, visit);
    case 'Set':
      return visitAll(value as ReadonlySet<unknown>, 'values', visit);
    case 'Error':
      return visitError(value as Error, at, visit);
    default:
      throw refusal(at, `is ${nameKind(value)}`);
  }
}

function visitMap(map: ReadonlyMap<unknown, unknown>, visit: Visit): void {
  visitAll(map.keys(), 'keys', visit);
  visitAll(map.values(), 'values', visit);
}

function visitAll(members: Iterable<unknown>, of: string, visit: Visit): void {
  let index = 0;
  for (const member of members) {
    const at = index++;
    visit(member, () => `.${of}()[${at}]`);
  }
}

/** Class, message, stack and cause come back; what an error knows besides does not. */
function visitError(error: Error, at: Step, visit: Visit): void {
  const { shown, hidden } = errorProperties(error);
  const [extra] = [...shown, ...hidden];
  if (extra !== undefined) throw refusal({ value: error, from: at, step: () => propertyStep(extra) }, 'is a property of an error that would be lost');
  if (error instanceof AggregateError) throw refusal(at, 'is an AggregateError, whose errors would be lost');
  if (Object.hasOwn(error, 'cause')) visit(error.cause, () => '.cause');
}

function refusal(at: Step, complaint: string): Error {
  const steps: string[] = [];
  for (let step: Step | undefined = at; step !== undefined; step = step.from) steps.push(step.step());
  return notStorable(steps.reverse().join(''), complaint);
}
