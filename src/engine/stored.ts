import { digest128 } from '../base/digest.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { FinalState } from '../model/final-state.js';
import type { NamedRef } from '../results/result-keeper.js';

/** A stored result as the engine remembers it: digests and addresses, never the bytes. */
export interface Stored {
  readonly valueDigest: string;
  readonly artifacts: readonly NamedRef[];
}

/** An end as a value of the graph: whether it was reused must not make a difference to what is computed from it (S16, S21). */
export function asMade(end: FinalState<unknown>): FinalState<unknown> {
  return end.state === 'cached' ? { ...end, state: 'success' } : end;
}

/** The address of a result that is one thing. */
export function onlyArtifact(stored: Stored | undefined): { readonly artifact?: ArtifactRef } {
  const [first, second] = stored?.artifacts ?? [];
  return first === undefined || second !== undefined ? {} : { artifact: first.ref };
}

/** Of several named outputs the whole counts by its parts, fresh or read back alike. */
export function storedAs(artifacts: readonly NamedRef[]): Stored {
  const refs = artifacts.map(({ name, ref }) => ({ name, ref }));
  const [first] = refs;
  const whole =
    refs.length === 1 && first ? first.ref.valueDigest : digest128(`outputs ${refs.map(({ name, ref }) => `${name}=${ref.valueDigest}`).join('\n')}`);
  return { valueDigest: whole, artifacts: refs };
}
