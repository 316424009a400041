import { asError } from '../base/error.js';
import { type BodyScope, scopes } from '../flow/scope.js';
import { isRef, NODE, PATH, project, type Ref } from '../graph/ref.js';
import { replaceDeep, replacingReferences, visitReferences } from '../graph/references.js';
import type { GraphScope } from '../graph/task-graph.js';

/** What a body's return value is resolved with. */
export interface Settling {
  /** Resolves when the node has settled; nobody is told of a failure by it. */
  ended(node: number): Promise<void>;
  /** The value of a node that has settled. Rejects with its `TaskError` when it has none. */
  valueOf(node: number): Promise<unknown>;
  /** The function has returned, or thrown. */
  bodyOver?(scope: GraphScope): void;
}

/**
 * Runs the body of a flow, or of a sub-flow, and resolves the futures in what it returns (S4). Returning a future is not awaiting it: a
 * failure in it stays unhandled.
 */
export async function runBody(scope: BodyScope, settling: Settling, body: () => unknown): Promise<unknown> {
  return await resolveReturned(settling, ...(await calledTo(scope, settling, body)));
}

/** In a list: a future that is returned is not to be awaited. */
async function calledTo(scope: BodyScope, settling: Settling, body: () => unknown): Promise<[returned: unknown]> {
  try {
    const returned = scopes.run(scope, body);
    return [isRef(returned) ? returned : await returned];
  } finally {
    settling.bodyOver?.(scope.graphScope);
  }
}

/** A body that ends by a skip, its own or that of a task it needed, has failed at nothing: it gives nothing (S11). */
export function isSkip(thrown: unknown): boolean {
  const { name, code } = asError(thrown) as { name: string; code?: unknown };
  return name === 'Skip' || (name === 'TaskError' && code === 'TASK_SKIPPED');
}

async function resolveReturned(settling: Settling, returned: unknown): Promise<unknown> {
  const refs: Ref[] = [];
  visitReferences([returned], ['the returned value'], (ref) => void refs.push(ref));
  if (refs.length === 0) return returned;
  const values = new Map<number, { readonly value: unknown } | undefined>();
  for (const ref of refs) await settling.ended(ref[NODE]);
  for (const ref of refs) if (!values.has(ref[NODE])) values.set(ref[NODE], await valueAmong(settling, ref, returned));
  return replaceDeep(
    returned,
    replacingReferences((ref) => {
      const known = values.get(ref[NODE]);
      return known && project(known.value, ref[PATH]);
    }),
  );
}

/** A skipped task among others leaves its place empty. */
async function valueAmong(settling: Settling, ref: Ref, returned: unknown): Promise<{ readonly value: unknown } | undefined> {
  try {
    return { value: await settling.valueOf(ref[NODE]) };
  } catch (error) {
    if (ref !== returned && isSkip(error)) return undefined;
    throw error;
  }
}
