import { digest128 } from '../base/digest.js';
import type { NamedRef } from '../results/result-keeper.js';

/** A stored result as the engine remembers it: digests and addresses, never the bytes. */
export interface Stored {
  readonly valueDigest: string;
  readonly artifacts: readonly NamedRef[];
}

/** Of several named outputs the whole counts by its parts, fresh or read back alike. */
export function storedAs(artifacts: readonly NamedRef[]): Stored {
  const refs = artifacts.map(({ name, ref }) => ({ name, ref }));
  const [first] = refs;
  const whole =
    refs.length === 1 && first ? first.ref.valueDigest : digest128(`outputs ${refs.map(({ name, ref }) => `${name}=${ref.valueDigest}`).join('\n')}`);
  return { valueDigest: whole, artifacts: refs };
}
