import { createRequire } from 'node:module';
import { describe } from '../base/error.js';
import { isRef } from '../graph/ref.js';
import type { Target, TaskTarget } from '../model/target.js';
import {
  isTargetExtension,
  listed,
  parseTemplate,
  placeholdersOf,
  type TargetTemplate,
  targetInvalid,
  templateExtension,
  unknownExtension,
} from '../model/target-template.js';
import type { TaskDefinition } from '../model/task-definition.js';

/**
 * What users write as a `target`, checked as far as the task alone can tell, in the form the engine reads.
 * @throws MillraceError `TARGET_INVALID`
 */
export function taskTarget(given: unknown, task: string): TaskTarget | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'string') {
    const template = parseTemplate(task, given);
    checkDates(template, task);
    return Object.freeze({ kind: 'template', template, params: Object.freeze({}) });
  }
  if (typeof given === 'function') return Object.freeze({ kind: 'function', of: given as () => string });
  if (isTarget(given)) return Object.freeze({ kind: 'custom', target: given });
  throw targetInvalid(task, `expected a path, a function that gives one, or a target with scheme, exists, read and write; got ${describe(given)}`);
}

function isTarget(given: unknown): given is Target {
  if (typeof given !== 'object' || given === null) return false;
  const { scheme, exists, read, write } = given as Partial<Target>;
  return typeof scheme === 'string' && [exists, read, write].every((method) => typeof method === 'function');
}

/** What cannot be printed at one time cannot at any. */
function checkDates(template: TargetTemplate, task: string): void {
  for (const { name, text } of placeholdersOf(template, 'date')) {
    try {
      const { format } = createRequire(import.meta.url)('date-fns/format') as typeof import('date-fns/format');
      format(new Date(0), name);
    } catch (error) {
      throw targetInvalid(
        task,
        `'${text}' is no date format: ${(error as Error).message}`,
        'Letters that are no tokens stand in single quotes.',
        error,
      );
    }
  }
}

/**
 * What a whole definition says against its target.
 * @throws MillraceError `TARGET_INVALID`
 */
export function checkTarget(definition: TaskDefinition): TaskDefinition {
  const { target, name, parameterNames, outputs, persist } = definition;
  if (target === undefined) return definition;
  if (outputs !== undefined)
    throw targetInvalid(name, 'a task with named outputs has several results, and a target is one address', 'Make it several tasks.');
  if (!persist) throw targetInvalid(name, "'persist: false' says that nothing is to be stored", 'Leave out one of the two.');
  if (target.kind !== 'template') return definition;
  for (const { name: input, text } of placeholdersOf(target.template, 'input')) {
    if (parameterNames.includes(input)) continue;
    throw targetInvalid(name, `'${text}' names no parameter of its function; there are ${listed(parameterNames)}`);
  }
  const extension = templateExtension(target.template);
  if (definition.serializer === undefined && extension !== '' && !isTargetExtension(extension))
    throw unknownExtension(name, target.template.text, extension);
  return definition;
}

/** A body's parameters, and the definitions as its calls use them. */
const bound = new WeakMap<object, WeakMap<TaskDefinition, TaskDefinition>>();

/**
 * The definition with what the flow's parameters say of its target, before anything runs (S26). The same for all calls of one body.
 * @throws MillraceError `TARGET_INVALID`
 */
export function withParameters(
  definition: TaskDefinition,
  params: Readonly<Record<string, unknown>>,
  flowName: string,
  inMap: boolean,
): TaskDefinition {
  const { target, name } = definition;
  if (target?.kind !== 'template') return definition;
  if (!inMap && placeholdersOf(target.template, 'map.index').length > 0)
    throw targetInvalid(name, `'{map.index}' has a value in ${name}.map(…) only; this is a call by itself`);
  const asked = placeholdersOf(target.template, 'param');
  if (asked.length === 0) return definition;
  const known = bound.get(params) ?? new WeakMap<TaskDefinition, TaskDefinition>();
  bound.set(params, known);
  let made = known.get(definition);
  if (made === undefined) {
    const values = Object.fromEntries(asked.map(({ name: param, text }) => [param, parameterValue(params, param, text, name, flowName)]));
    made = Object.freeze({ ...definition, target: Object.freeze({ ...target, params: Object.freeze(values) }) });
    known.set(definition, made);
  }
  return made;
}

/** A drawing may lack values: they stand as placeholders there. */
function parameterValue(params: Readonly<Record<string, unknown>>, param: string, text: string, task: string, flowName: string): unknown {
  if (!Object.hasOwn(params, param))
    throw targetInvalid(task, `'${text}' names no parameter of flow '${flowName}'; there are ${listed(Object.keys(params))}`);
  const value = params[param];
  if (isSimple(value) || isRef(value)) return value;
  throw targetInvalid(task, `expected '${text}' to be a text, a number or a boolean; it is ${describe(value)}`, 'Use a function as target.');
}

function isSimple(value: unknown): boolean {
  return (
    typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))
  );
}
