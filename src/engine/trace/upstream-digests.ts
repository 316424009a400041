import { countsByValue } from '../../flow/derived.js';
import { NODE, PATH } from '../../graph/ref.js';
import type { InputDigest } from '../../model/records.js';
import { type DigestOf, derivedDigest, inputDigests, mapDigest, partDigest, resourceDigest, storedDigest } from '../inputs.js';
import { storedAs } from '../stored.js';
import type { TraceAnswer } from './trace-answer.js';
import { argumentsOf, definitionOf, type TraceView, type Upstream, upstreamOf } from './trace-view.js';

/** What the results that a node is given count by (S21): as in a run, as far as they are known. */
export async function upstreamDigests(view: TraceView, upstream: Upstream): Promise<DigestOf> {
  const derived = new Map<number, InputDigest | undefined>();
  for (const [from, answer] of upstream)
    if (answer.state === 'complete' && answer.stored === undefined) derived.set(from, await digestOfParts(view, from, answer));
  return (ref) => {
    const answer = upstream.get(ref[NODE]);
    if (answer?.state !== 'complete') return undefined;
    if (answer.stored) return storedDigest(answer.stored, ref[PATH]);
    return partDigest(derived.get(ref[NODE]), ref[PATH]);
  };
}

/** Of what is not stored itself: by what it is made of. */
async function digestOfParts(view: TraceView, node: number, { entries }: TraceAnswer): Promise<InputDigest | undefined> {
  if (entries) return mapDigest(entries.map(({ artifacts }) => storedAs(artifacts).valueDigest));
  const definition = definitionOf(view, node);
  const { name, parameterNames, resource } = definition;
  if (countsByValue(definition)) return inputDigests([await view.value(node)], ['value'], () => undefined)?.value;
  const inputs = inputDigests(argumentsOf(view, node), parameterNames, await upstreamDigests(view, await upstreamOf(view, node)));
  if (resource !== undefined) return inputs && resourceDigest(name, inputs);
  const states = view.port.graph.inputs(node).map(() => 'value');
  return inputs && derivedDigest(name, states, inputs);
}
