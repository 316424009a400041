import { MillraceError } from '../base/error.js';
import { nearest } from '../base/nearest.js';
import { definedFlows, FLOW, type FlowInside } from './flow.js';
import type { Flow } from './flow-type.js';
import type { ParamSpec } from './parameters.js';

export type AnyFlow = Flow<ParamSpec, unknown>;

/** Makes flows of this name known, if it can: the command line evaluates the files beside the one that runs. */
export type FlowFinder = (name: string) => Promise<void>;

/** Shared by every copy of the package, as the flows themselves are. */
const FINDER = Symbol.for('millrace.flow-finder');
const REFERENCED = Symbol.for('millrace.flow-references');
const shared = globalThis as { [FINDER]?: FlowFinder; [REFERENCED]?: Set<string> };

/** The names that `flowRef` was called with so far. */
export function referencedFlows(): Set<string> {
  shared[REFERENCED] ??= new Set();
  return shared[REFERENCED];
}

/** The flow of this name, if one was defined in this process. @throws MillraceError `FLOW_AMBIGUOUS` */
export function definedFlow(name: string): AnyFlow | undefined {
  // What `with` made of a flow bears its name, and is not what the name means.
  const flows = [...definedFlows()].filter((one) => (one as AnyFlow).flowName === name && !insideOf(one).isVariant) as AnyFlow[];
  if (flows.length < 2) return flows[0];
  throw new MillraceError('FLOW_AMBIGUOUS', `expected one flow by the name '${name}'; ${flows.length} are defined`, {
    hint: 'Give each flow a name of its own, or import the one you mean instead of calling flowRef().',
  });
}

/** @throws MillraceError `FLOW_UNKNOWN`, `FLOW_AMBIGUOUS` */
export function needFlow(name: string): AnyFlow {
  const found = definedFlow(name);
  if (found) return found;
  const names = [...new Set([...definedFlows()].map((one) => (one as AnyFlow).flowName))];
  const meant = nearest(name, names);
  const where = canFind() ? 'in this process, or in the files beside the one that runs' : 'in this process';
  throw new MillraceError('FLOW_UNKNOWN', `expected flowRef() with the name of a flow that is defined ${where}; got '${name}'`, {
    hint: meant === undefined ? 'Import the file that defines it.' : `Did you mean '${meant}'?`,
  });
}

/** The same, where the files beside may be looked into. */
export async function findFlow(name: string): Promise<AnyFlow> {
  if (definedFlow(name) === undefined) await shared[FINDER]?.(name);
  return needFlow(name);
}

export function canFind(): boolean {
  return shared[FINDER] !== undefined;
}

export function insideOf(flow: object): FlowInside {
  return (flow as unknown as { readonly [FLOW]: FlowInside })[FLOW];
}
