import { describe, MillraceError } from '../base/error.js';
import { type CallTrace, codeSite, traceCall } from '../flow/code-site.js';
import { definedFlows, flowOfCode } from '../flow/flow.js';
import type { Flow, FlowOptions } from '../flow/flow-type.js';
import type { BodyResult } from '../flow/future.js';
import type { ParamSpec } from '../flow/parameters.js';
import type { CodeMember } from '../model/code-site.js';
import { type ClassParameters, classParameters, type InstanceMaker } from './class-parameters.js';
import type { AnyMethod, ClassParams } from './decorator-types.js';
import { createTag } from './metadata.js';

// biome-ignore lint/suspicious/noExplicitAny: a decorator cannot know the parameters
export type ClassFlowOptions = Omit<FlowOptions<any>, 'params'> & {
  /** @default the class's name */
  name?: string;
};

export const FLOW_OPTIONS = createTag<ClassFlowOptions>('flow');
/** Where `@Flow()` was written. */
export const FLOW_PLACE = createTag<CallTrace>('flow.place');

type AnyFlow = Flow<ParamSpec, unknown>;
const flows = new WeakMap<object, AnyFlow>();

/**
 * The flow that a class describes, the same one each time: its data fields are the parameters, its `run()` is the body. Each run makes an
 * instance of its own. `@Flow` says the options; a subclass inherits them, but for the name.
 * @throws MillraceError `FLOW_CLASS_INVALID` for a class without `run()`, with required constructor parameters, or whose constructor
 * throws; `FLOW_NAME_INVALID`, `PARAM_DECLARATION_INVALID`, `METADATA_UNREACHABLE`
 */
// biome-ignore lint/suspicious/noExplicitAny: a body of any result
export function flowOf<C extends new () => { run(): any }>(
  Class: C,
): Flow<ClassParams<InstanceType<C>>, BodyResult<ReturnType<InstanceType<C>['run']>>> {
  let made = flows.get(Class);
  if (made === undefined) {
    checkClass(Class);
    made = defineFlow(Class, FLOW_PLACE.get(Class) ?? traceCall(flowOf));
    flows.set(Class, made);
    // The class stood for its flow among those that were defined; now the flow is there itself.
    definedFlows().delete(Class);
  }
  return made as unknown as Flow<ClassParams<InstanceType<C>>, BodyResult<ReturnType<InstanceType<C>['run']>>>;
}

/** @throws MillraceError `FLOW_CLASS_INVALID` */
export function checkClass(Class: unknown): asserts Class is InstanceMaker {
  const run: unknown = typeof Class === 'function' ? (Class.prototype as { run?: unknown } | undefined)?.run : undefined;
  if (typeof run === 'function') return;
  const got = typeof Class === 'function' ? `class ${Class.name || '(anonymous)'} without one` : describe(Class);
  throw new MillraceError('FLOW_CLASS_INVALID', `expected a class with a method run(), the body of its flow; got ${got}`, {
    hint: 'Write run() { … } in the class: it calls tasksOf(this).',
  });
}

export function nameOfFlow(Class: InstanceMaker): string {
  return FLOW_OPTIONS.get(Class)?.name ?? Class.name;
}

function defineFlow(Class: InstanceMaker, trace: CallTrace): AnyFlow {
  const { name: _, ...options } = inheritedOptions(Class);
  const name = nameOfFlow(Class);
  if (name === '') {
    throw new MillraceError('FLOW_NAME_MISSING', 'expected a flow with a name: its class has none', {
      hint: "Name it: @Flow({ name: 'training' }).",
    });
  }
  const parameters = classParameters(Class);
  const body = (values: Readonly<Record<string, unknown>>): unknown => runInstance(Class, parameters, values);
  // As a task of another flow it may be cached, and its body is the same for every class: the class is its code.
  return flowOfCode(name, { ...options, params: parameters.spec }, body, codeSite('class', Class, trace, { members: chainOf(Class) }));
}

function runInstance(Class: InstanceMaker, parameters: ClassParameters, values: Readonly<Record<string, unknown>>): unknown {
  const instance = new Class();
  parameters.assign(instance, values);
  return (instance as { run: AnyMethod }).run();
}

function inheritedOptions(Class: object): ClassFlowOptions {
  for (let next: unknown = Class; typeof next === 'function'; next = Object.getPrototypeOf(next)) {
    const options = FLOW_OPTIONS.get(next);
    if (options !== undefined) return options;
  }
  return {};
}

/** The class and what it extends, as far as these are classes of users. */
function chainOf(Class: object): readonly CodeMember[] {
  const chain: CodeMember[] = [];
  for (let next: unknown = Class; typeof next === 'function' && next !== Function.prototype; next = Object.getPrototypeOf(next)) {
    chain.push({ className: next.name, name: undefined, code: next });
  }
  return chain;
}
