/** Called with the name of each point that is passed; to inject a fault it throws, exits, hangs or kills. */
export type FaultHook = (point: string) => void;

let hook: FaultHook | undefined;

/**
 * A named place where a test can make the machine fail: before a write, a sync, a rename, a commit.
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
