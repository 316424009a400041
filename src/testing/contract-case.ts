/** One case of a contract suite. Any test runner can host it: give `name` a title and await `run`. */
export interface ContractCase {
  readonly name: string;
  /** Why the case does not apply; `run` is then not to be called. */
  readonly skip?: string;
  /** Rejects with an AssertionError when the contract is broken. */
  run(): Promise<void>;
}

/** Reasons to leave cases out, by the name of the case. */
export type SkippedCases = Readonly<Record<string, string>>;

/** @throws Error when a reason is given for a case that does not exist: a skip must not outlive what it skips */
export function listCases(bodies: Readonly<Record<string, () => Promise<void>>>, skipped: SkippedCases = {}): readonly ContractCase[] {
  const stray = Object.keys(skipped).find((name) => !Object.hasOwn(bodies, name));
  if (stray !== undefined) throw new Error(`expected to skip one of the contract's cases; there is none named '${stray}'`);
  return Object.entries(bodies).map(([name, run]) => {
    const skip = skipped[name];
    return skip === undefined ? { name, run } : { name, run, skip };
  });
}
