/** Called with the name of each point that is passed; to inject a fault it throws, exits, hangs or kills. */
export type FaultHook = (point: string) => void;

/** Set before this is loaded, as by `node --import`, it is the hook of a process that is tested from outside. */
const PRELOADED = Symbol.for('millrace.fault-hook');

let hook = (globalThis as { [PRELOADED]?: FaultHook })[PRELOADED];

/**
 * A named place where a test can make the machine fail: before a write, a sync, a rename, a commit, and after one whose success nobody has heard of yet.
 * Costs one comparison when no test is at work.
 */
export function faultPoint(name: string): void {
  if (hook !== undefined) hook(name);
}

/** For tests only. @returns takes the hook away again */
export function injectFaults(faults: FaultHook): () => void {
  hook = faults;
  return () => {
    if (hook === faults) hook = undefined;
  };
}
