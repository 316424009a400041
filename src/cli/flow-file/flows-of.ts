import type { FlowInside } from '../../flow/flow.js';

/** Two copies of the package may be loaded, the command's and the flow file's: flows are known by these, never by `instanceof`. */
const FLOW = Symbol.for('millrace.flow');
const DEFINED_FLOWS = Symbol.for('millrace.flows');

export interface FoundFlow {
  readonly flowName: string;
  readonly inside: FlowInside;
  /** `export default`: the one meant when none is named. */
  readonly isDefault: boolean;
}

/** The flows defined in this process so far: what they are compared with tells which ones a file added. */
export function definedFlows(): ReadonlySet<unknown> {
  return new Set((globalThis as { [DEFINED_FLOWS]?: Iterable<unknown> })[DEFINED_FLOWS]);
}

/** Exported flows, also in an exported list or object; where there is none, those the file defined. In order, each once. */
export function flowsOf(module: object, before: ReadonlySet<unknown>): readonly FoundFlow[] {
  const exported = collect(
    Object.entries(module).flatMap(([name, value]) => candidates(value).map((flow) => ({ flow, isDefault: name === 'default' && flow === value }))),
  );
  if (exported.length > 0) return exported;
  return collect([...definedFlows()].filter((flow) => !before.has(flow)).map((flow) => ({ flow, isDefault: false })));
}

function candidates(value: unknown): readonly unknown[] {
  if (insideOf(value)) return [value];
  if (Array.isArray(value)) return value;
  const isPlain = typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return isPlain ? Object.values(value as object) : [];
}

function collect(found: readonly { readonly flow: unknown; readonly isDefault: boolean }[]): readonly FoundFlow[] {
  const flows = new Map<unknown, FoundFlow>();
  for (const { flow, isDefault } of found) {
    const inside = insideOf(flow);
    if (!inside) continue;
    const { flowName } = flow as { flowName: string };
    flows.set(flow, { flowName, inside, isDefault: isDefault || flows.get(flow)?.isDefault === true });
  }
  return [...flows.values()];
}

function insideOf(value: unknown): FlowInside | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  const { [FLOW]: inside, flowName } = value as { [FLOW]?: FlowInside; flowName?: unknown };
  return typeof flowName === 'string' ? inside : undefined;
}

/** The flow that is meant: the one named, the only one, or the default export. Undefined when that does not settle it. */
export function pickFlow(flows: readonly FoundFlow[], name: string | undefined): FoundFlow | undefined {
  const meant = name === undefined ? flows : flows.filter((flow) => flow.flowName === name);
  if (meant.length === 1) return meant[0];
  return name === undefined ? flows.find((flow) => flow.isDefault) : undefined;
}
