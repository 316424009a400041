import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/base/clock.js';
import { Fail, type Notification, type NotificationEvent } from '../../../src/index.js';
import { deliver } from '../../../src/notify/deliver.js';
import { DeliveryError } from '../../../src/notify/delivery-error.js';

/** Time passes when somebody waits for it, and all at once. */
class HeldClock implements Clock {
  time = 0;
  readonly waits: number[] = [];
  readonly #timers = new Map<object, { readonly at: number; readonly call: () => void }>();

  now(): number {
    return this.time;
  }

  schedule(ms: number, call: () => void): () => void {
    const timer = {};
    this.#timers.set(timer, { at: this.time + ms, call });
    setImmediate(() => this.#pass());
    return () => void this.#timers.delete(timer);
  }

  #pass(): void {
    const [next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at);
    if (next === undefined) return;
    this.#timers.delete(next[0]);
    this.waits.push(next[1].at - this.time);
    this.time = next[1].at;
    next[1].call();
    setImmediate(() => this.#pass());
  }
}

const EVENT = { id: 'evt_1', event: 'failure' } as NotificationEvent;

async function deliverTo(notify: Notification['notify'], options: Partial<Notification> = {}, random = 0) {
  const clock = new HeldClock();
  const attempts: number[] = [];
  const told: Notification = {
    ...options,
    notify: (event, delivery) => {
      attempts.push(delivery.attempt);
      return notify(event, delivery);
    },
  };
  const outcome = await deliver(told, EVENT, { clock, random: () => random });
  return { attempts, outcome, waits: clock.waits, time: clock.time };
}

describe('deliver', () => {
  it('once is enough', async () => {
    expect(await deliverTo(() => {})).toMatchObject({ attempts: [1], outcome: undefined });
    expect(await deliverTo(async () => {})).toMatchObject({ attempts: [1], outcome: undefined });
  });

  it('tries again after 1, 2, 4 and 8 seconds, and says what it failed of at last', async () => {
    const broken = () => {
      throw new Error('no');
    };
    const { attempts, outcome, waits } = await deliverTo(broken);
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(outcome).toMatchObject({ attempts: 5, error: { message: 'no' } });
    expect((await deliverTo(broken, { retries: 1 }, 1)).waits).toEqual([1_250]);
    expect((await deliverTo(() => Promise.reject('a text'), { retries: 0 })).outcome?.error.message).toContain('not an Error');
  });

  it('Fail, and what cannot come right, is not tried again', async () => {
    for (const error of [new Fail('never'), new DeliveryError('never', { isFinal: true })])
      expect(await deliverTo(() => Promise.reject(error))).toMatchObject({ attempts: [1], outcome: { error: { message: 'never' } } });
  });

  it('waits as long as it is asked to, but not beyond its time', async () => {
    let calls = 0;
    const busy = (ms: number) => () => {
      if (++calls === 1) throw new DeliveryError('busy', { retryAfterMs: ms });
    };
    expect(await deliverTo(busy(7_000))).toMatchObject({ attempts: [1, 2], waits: [7_000], outcome: undefined });
    calls = 0;
    expect(await deliverTo(busy(31_000))).toMatchObject({ attempts: [1], waits: [], outcome: { error: { message: 'busy' } } });
    calls = 0;
    expect(await deliverTo(busy(31_000), { within: '1m' })).toMatchObject({ attempts: [1, 2], outcome: undefined });
  });

  it('each try has its time, and all together theirs', async () => {
    const signals: AbortSignal[] = [];
    const silent: Notification['notify'] = (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { attempts, outcome, time } = await deliverTo(silent);
    expect(attempts).toEqual([1, 2, 3]);
    expect(time).toBeLessThanOrEqual(30_000);
    expect(outcome?.error).toMatchObject({ code: 'NOTIFICATION_TIMED_OUT' });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect((await deliverTo(silent, { within: '3s', timeout: '1s', retries: 9 })).time).toBeLessThanOrEqual(3_000);
  });
});
