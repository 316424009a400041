import type { Reason } from '../../model/reason.js';
import { calledParameter, isMissingParameter } from './missing-parameter.js';
import { argumentsOf, definitionOf, type TraceView, type Upstream } from './trace-view.js';

/** Nodes that are waited for are named up to this number; the rest is counted. */
const NAMED = 3;

/** The nodes whose results have to be known first; of steps between nodes, those that they wait for. */
export async function upstreamPending(view: TraceView, upstream: Upstream): Promise<Reason> {
  const names = await pendingNames(view, upstream);
  if (names.length === 0) return { kind: 'upstream-pending' };
  const named = names.slice(0, NAMED).join(', ');
  return { kind: 'upstream-pending', detail: names.length > NAMED ? `${named} and ${names.length - NAMED} more` : named };
}

async function pendingNames(view: TraceView, upstream: Upstream): Promise<readonly string[]> {
  const waiting = [...upstream].flatMap(([node, { state }]) => (state === 'complete' ? [] : [node]));
  const seen = new Set<number>(waiting);
  const names = new Set<string>();
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    const definition = definitionOf(view, node);
    if (await view.skips(node)) continue;
    if (isMissingParameter(definition)) names.add(calledParameter(argumentsOf(view, node)[0]));
    else if (definition.kind !== 'derived' || definition.element) names.add(view.port.graph.id(node));
    else
      for (const { from, position } of view.port.graph.inputs(node)) {
        if (position < 0 || seen.has(from) || (await view.answer(from)).state === 'complete') continue;
        seen.add(from);
        waiting.push(from);
      }
  }
  return [...names];
}
