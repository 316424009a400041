import { isUnmapped } from '../../flow/unmapped.js';
import type { ViewMap } from '../../graph/graph-view.js';
import { isRef, NODE, PATH, project } from '../../graph/ref.js';
import { argumentsOf, definitionOf, type TraceView } from './trace-view.js';

/** Undefined for what is no map. `count` is known where one of its lists is: written out in the body, or the result of an earlier run. */
export async function mapSize(view: TraceView, node: number): Promise<ViewMap | undefined> {
  if (definitionOf(view, node).kind !== 'map') return undefined;
  for (const arg of argumentsOf(view, node)) {
    const count = isUnmapped(arg) ? undefined : await lengthOf(view, arg);
    if (count !== undefined) return { count };
  }
  return {};
}

async function lengthOf(view: TraceView, list: unknown): Promise<number | undefined> {
  if (Array.isArray(list)) return list.length;
  if (!isRef(list)) return undefined;
  if ((await view.answer(list[NODE])).state === 'complete') {
    // A result that is gone tells nothing; that it is gone is told elsewhere.
    const value = await view.value(list[NODE]).catch(() => undefined);
    return value === undefined ? undefined : lengthIfList(project(value, list[PATH]));
  }
  return list[PATH] === undefined ? (await mapSize(view, list[NODE]))?.count : undefined;
}

function lengthIfList(value: unknown): number | undefined {
  return Array.isArray(value) ? value.length : undefined;
}
