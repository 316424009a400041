import type { Clock } from '../../src/base/clock.js';

export interface HandClock extends Clock {
  /** How many callbacks wait for their time. */
  readonly planned: number;
  pass(ms: number): Promise<void>;
}

/** Time that passes when told to, and gives what was begun its turn in between. */
export function handClock(): HandClock {
  let now = 0;
  let planned: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    now: () => now,
    get planned() {
      return planned.length;
    },
    schedule(ms, callback) {
      const entry = { at: now + ms, callback };
      planned.push(entry);
      return () => {
        planned = planned.filter((other) => other !== entry);
      };
    },
    async pass(ms) {
      await settled();
      for (const end = now + ms; ; ) {
        const [next] = planned.sort((a, b) => a.at - b.at);
        if (next === undefined || next.at > end) {
          now = end;
          return;
        }
        planned.shift();
        now = next.at;
        next.callback();
        await settled();
      }
    },
  };
}

/** What was begun has come to where only time helps. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
