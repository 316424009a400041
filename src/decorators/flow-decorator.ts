import { traceCall } from '../flow/code-site.js';
import { definedFlows, FLOW, type FlowInside } from '../flow/flow.js';
import type { InstanceMaker } from './class-parameters.js';
import type { AnyMethod, ClassDecorator2 } from './decorator-types.js';
import { type ClassFlowOptions, checkClass, FLOW_OPTIONS, FLOW_PLACE, flowOf, nameOfFlow } from './flow-of.js';
import { misplaced, optionsOf, placementOf } from './placement.js';

/**
 * Marks a class as a flow, with the options that `flow()` takes, and lets the command line find it. The flow itself is made when it is
 * first asked for, so that declaring a class makes no instance of it.
 * @throws MillraceError `FLOW_CLASS_INVALID` for a class without `run()`, `DECORATOR_MISPLACED`, `DECORATOR_NOT_CALLED` for `@Flow` alone
 */
export function Flow(options?: ClassFlowOptions): ClassDecorator2;
export function Flow(...args: readonly unknown[]): ClassDecorator2 {
  const options = optionsOf<ClassFlowOptions>('Flow', args);
  const trace = traceCall(Flow);
  const decorate = (...received: readonly unknown[]): void => {
    const place = placementOf(received);
    if (place.kind !== 'class') throw misplaced('Flow', 'a class', place);
    checkClass(place.target);
    FLOW_OPTIONS.put(place.target, options);
    FLOW_PLACE.put(place.target, trace);
    announce(place.target);
  };
  return decorate as ClassDecorator2;
}

/** The class carries the brand of flows. A subclass inherits its statics, but is another flow, or none. */
function announce(Class: InstanceMaker): void {
  const inside = (): FlowInside => (flowOf(Class as new () => { run: AnyMethod }) as unknown as { readonly [FLOW]: FlowInside })[FLOW];
  const getter = (value: () => unknown): PropertyDescriptor => ({
    get(this: unknown) {
      return this === Class ? value() : undefined;
    },
    configurable: true,
  });
  Object.defineProperty(Class, FLOW, getter(inside));
  Object.defineProperty(
    Class,
    'flowName',
    getter(() => nameOfFlow(Class)),
  );
  definedFlows().add(Class);
}
