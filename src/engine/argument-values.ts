import { isRef, NODE, type Ref } from '../graph/ref.js';
import { replaceDeep, replacingReferences, visitReferences } from '../graph/references.js';
import { NoValue } from './failures.js';
import type { NodeResults } from './node-results.js';

/** Arguments as functions get them: values where calls had references. */
export class ArgumentValues {
  readonly #results: NodeResults;
  /** Made once: most arguments are a value or a future, and there are very many of them. */
  readonly #replace: (value: object) => unknown;
  readonly #replaceIfAny: (value: object) => unknown;

  constructor(results: NodeResults) {
    this.#results = results;
    this.#replace = replacingReferences((ref) => results.valueNow(ref));
    this.#replaceIfAny = replacingReferences((ref) => (results.hasValue(ref[NODE]) ? results.valueNow(ref) : undefined));
  }

  /** @throws NoValue where a node ended without a value */
  readonly of = (arg: unknown): unknown => {
    if (typeof arg !== 'object' || arg === null) return arg;
    return isRef(arg) ? this.#results.valueNow(arg) : replaceDeep(arg, this.#replace);
  };

  /** Undefined where there is no value (S12). */
  readonly ifAny = (arg: unknown): unknown => replaceDeep(arg, this.#replaceIfAny);

  /** As `of`; all references without a value say how what needs them ends, not the one that is met first. @throws NoValue */
  orAllLost(arg: unknown): unknown {
    try {
      return this.of(arg);
    } catch (error) {
      if (!(error instanceof NoValue)) throw error;
      const lost = new Set<number>();
      const note = (ref: Ref): void => void (this.#results.hasValue(ref[NODE]) || lost.add(this.#results.actual(ref[NODE])));
      visitReferences([arg], ['value'], note);
      throw new NoValue([...lost]);
    }
  }
}
