import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/base/clock.js';
import { type LeaseWriter, Pulse } from '../../../src/runs/heartbeat/pulse.js';
import type { OwnedRun } from '../../../src/runs/run-record.js';

/** Time that passes when told to. */
class HandClock implements Clock {
  #now = 0;
  #planned: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  schedule(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#planned.push(entry);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== entry);
    };
  }

  get planned(): number {
    return this.#planned.length;
  }

  async pass(ms: number): Promise<void> {
    for (const end = this.#now + ms; ; ) {
      const [next] = this.#planned.sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) {
        this.#now = end;
        return;
      }
      this.#planned.shift();
      this.#now = next.at;
      next.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function bench(renew: (runs: readonly OwnedRun[]) => readonly string[] = () => []) {
  const clock = new HandClock();
  const beats: string[] = [];
  const lost: string[] = [];
  let connections = 0;
  let closed = 0;
  const connect = async (): Promise<LeaseWriter> => {
    connections++;
    return {
      async renewLeases(runs, leaseMs) {
        beats.push(`${clock.now()}: ${runs.map(({ run, epoch }) => `${run}/${epoch}`).join(' ')} for ${leaseMs}`);
        return renew(runs);
      },
      async [Symbol.asyncDispose]() {
        closed++;
      },
    };
  };
  const pulse = new Pulse({ clock, leaseMs: 300, connect, lost: (runs) => lost.push(...runs) });
  return { clock, pulse, beats, lost, connections: () => connections, closed: () => closed };
}

describe('S31: a pulse', () => {
  it('beats at once, then three times in a lease, for all runs together, and not without one', async () => {
    const { clock, pulse, beats, connections } = bench();
    pulse.hold({ run: 'a', epoch: 1 });
    await clock.pass(150);
    pulse.hold({ run: 'b', epoch: 4 });
    await clock.pass(120);
    pulse.release('a');
    await clock.pass(60);
    pulse.release('b');
    await clock.pass(1_000);
    expect(beats).toEqual(['0: a/1 for 300', '100: a/1 for 300', '150: a/1 b/4 for 300', '250: a/1 b/4 for 300']);
    expect([connections(), clock.planned]).toEqual([1, 0]);
  });

  it('tells of runs that were taken, once', async () => {
    const { clock, pulse, beats, lost } = bench((runs) => runs.map(({ run }) => run).filter((run) => run === 'a'));
    pulse.hold({ run: 'a', epoch: 1 });
    pulse.hold({ run: 'b', epoch: 1 });
    await clock.pass(150);
    expect(lost).toEqual(['a']);
    expect(beats).toEqual(['0: a/1 b/1 for 300', '100: b/1 for 300']);
  });

  it('does not tell of a run that ended by itself while it was asked for', async () => {
    const { clock, pulse, lost } = bench((runs) => {
      pulse.release('a');
      return runs.map(({ run }) => run);
    });
    pulse.hold({ run: 'a', epoch: 1 });
    await clock.pass(50);
    expect(lost).toEqual([]);
  });

  it('tries again soon, by a new connection, when the record cannot be written', async () => {
    let failures = 2;
    const { clock, pulse, beats, connections, closed, lost } = bench(() => {
      if (failures-- > 0) throw new Error('disk I/O error');
      return [];
    });
    pulse.hold({ run: 'a', epoch: 1 });
    await clock.pass(150);
    expect(beats.map((beat) => beat.split(':')[0])).toEqual(['0', '20', '40', '140']);
    expect([connections(), closed(), lost]).toEqual([3, 2, []]);
  });

  it('closes its connection', async () => {
    const { clock, pulse, closed } = bench();
    pulse.hold({ run: 'a', epoch: 1 });
    await clock.pass(10);
    await pulse.close();
    await clock.pass(1_000);
    expect([closed(), clock.planned]).toEqual([1, 0]);
  });
});
