import { countsByValue } from '../../flow/derived.js';
import { Lineage } from '../../flow/scope.js';
import { isRef, NODE, PATH, project, type Ref } from '../../graph/ref.js';
import { replaceDeep, replacingReferences } from '../../graph/references.js';
import type { FinalState } from '../../model/final-state.js';
import type { DerivedInputs, MapSettings, TaskDefinition } from '../../model/task-definition.js';
import type { ResultKeeper } from '../../results/result-keeper.js';
import { onlyArtifact, type Stored, storedAs } from '../stored.js';
import { gatesOf } from './branches.js';
import { argumentsOf, definitionOf, type TraceView, type Upstream, upstreamOf } from './trace-view.js';

/** Of what is known by its name and arguments before it is there: a resource, and what is put together with it. Only a run sets it up (S29). */
export class NotSetUp extends Error {
  override readonly name = 'NotSetUp';
}

/** The value of a node that is complete: read from where it is stored, or put together from those of others. @throws NotSetUp */
export async function readValue(view: TraceView, keeper: ResultKeeper, node: number): Promise<unknown> {
  const answer = await view.answer(node);
  // In a branch that is not taken there is no value, whatever an earlier run left.
  for (const gate of gatesOf(view.port.graph, node)) if ((await view.answer(gate)).state === 'complete') await view.value(gate);
  if (answer.state === 'complete' && answer.stored) return await keeper.load(answer.stored.artifacts, makerOf(view, node));
  const definition = definitionOf(view, node);
  const { entries } = answer;
  if (entries) return await Promise.all(entries.map(({ artifacts }) => keeper.load(artifacts, (definition.map as MapSettings).of)));
  if (definition.kind !== 'derived') throw new NotSetUp(view.port.graph.called(node));
  return definition.fn(await inputsOfStep(view, node, definition));
}

/** The task whose result a node gives. */
function makerOf(view: TraceView, node: number): TaskDefinition {
  const definition = definitionOf(view, node);
  if (!definition.element) return definition;
  const [map] = argumentsOf(view, node) as readonly [Ref];
  return definitionOf(view, map[NODE]).map?.of ?? definition;
}

/** What a step between tasks is given: all that it needs is complete, or was skipped. */
async function inputsOfStep(view: TraceView, node: number, definition: TaskDefinition): Promise<DerivedInputs> {
  const args = argumentsOf(view, node);
  const upstream = await upstreamOf(view, node);
  const values = await inputValues(view, upstream, definition);
  const valueNow = (ref: Ref): unknown => (ref instanceof Lineage ? ref.value : project(values.get(ref[NODE])?.(), ref[PATH]));
  const value = (position: number): unknown => replaceDeep(args[position], replacingReferences(valueNow));
  const stored = (position: number): readonly Stored[] => storedBehind(upstream, args[position]);
  const state = (position: number): FinalState<unknown> => {
    try {
      const ref = args[position];
      if (!isRef(ref)) return { state: 'success', value: ref };
      const isMap = definitionOf(view, ref[NODE]).kind === 'map';
      return { state: 'success', value: valueNow(ref), ...(isMap ? {} : onlyArtifact(stored(position)[0])) };
    } catch (error) {
      if (error instanceof NotSetUp) throw error;
      return { state: 'skipped' };
    }
  };
  return {
    value,
    state,
    // The child that it stands for is not complete, or it would have been read.
    element: () => undefined,
    ended: (position) => state(position).state,
    count: (position) => stored(position).length,
    children: (position) =>
      (value(position) as readonly unknown[]).map((each, place) => ({ state: 'success', value: each, ...onlyArtifact(stored(position)[place]) })),
  };
}

type Values = ReadonlyMap<number, () => unknown>;

/** A read that failed throws when, and if, its value is asked for. */
async function inputValues(view: TraceView, upstream: Upstream, definition: TaskDefinition): Promise<Values> {
  const values = new Map<number, () => unknown>();
  // To count the children of a map none of them is read.
  if (countsByValue(definition)) return values;
  for (const from of upstream.keys()) {
    const answering = view.value(from).then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    values.set(from, await answering);
  }
  return values;
}

function storedBehind(upstream: Upstream, arg: unknown): readonly Stored[] {
  const entries = isRef(arg) && arg[PATH] === undefined ? upstream.get(arg[NODE])?.entries : undefined;
  return entries?.map(({ artifacts }) => storedAs(artifacts)) ?? [];
}
