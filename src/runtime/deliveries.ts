/** Notifications of this process that are being delivered: it stays for them, at most as long as each has time. */

interface UnderWay {
  readonly ended: Promise<void>;
  /** The process goes: synchronous last words. */
  lost(): void;
}

/** Shared by every copy of the package: the command line waits for what a flow file's own copy delivers. */
const DELIVERIES = Symbol.for('millrace.deliveries');
const shared = globalThis as { [DELIVERIES]?: Set<UnderWay> };
shared[DELIVERIES] ??= new Set();
const underWay = shared[DELIVERIES];

/** @param lost told when the process goes first */
export function underDelivery(ended: Promise<void>, lost: () => void): void {
  const one: UnderWay = { ended, lost };
  underWay.add(one);
  if (ours.size === 0) process.on('exit', tellLost);
  ours.add(one);
  void ended.finally(() => {
    underWay.delete(one);
    ours.delete(one);
    if (ours.size === 0) process.off('exit', tellLost);
  });
}

/** Each copy has a listener of its own. */
const ours = new Set<UnderWay>();

function tellLost(): void {
  for (const { lost } of ours) lost();
}

/** How many are being delivered. */
export function deliveriesUnderWay(): number {
  return underWay.size;
}

/** Resolves when all have been delivered, or given up. */
export async function deliveriesEnded(): Promise<void> {
  while (underWay.size > 0) await Promise.all([...underWay].map(({ ended }) => ended));
}

/** At once where there is nothing to wait for; else then, and nobody waits for it. */
export async function afterwards(ended: Promise<unknown> | undefined, then: () => PromiseLike<unknown>): Promise<void> {
  if (ended === undefined) await then();
  else void ended.then(then, then);
}
