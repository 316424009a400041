import { describe, expect, it } from 'vitest';
import { EventRing, type LiveEvent } from '../../../src/server/live/event-ring.js';
import { eventStream } from '../../../src/server/live/event-stream.js';
import { LiveFeed, type LiveSource, type Told } from '../../../src/server/live/live-feed.js';
import { handClock } from '../hand-clock.js';

/** Something whose state is a number, and that tells each change. */
class Counter implements LiveSource {
  readonly mark = -1;
  isOver = false;
  looks = 0;
  failure: Error | undefined;
  #coming: LiveEvent[] = [];
  #count = 0;

  happen(times = 1): void {
    for (let left = times; left > 0; left--) this.#coming.push({ type: 'count', data: ++this.#count });
  }

  async look(): Promise<readonly LiveEvent[]> {
    this.looks++;
    if (this.failure) throw this.failure;
    const events = this.#coming;
    this.#coming = [];
    return this.looks === 1 ? [] : events;
  }

  async state(): Promise<readonly LiveEvent[]> {
    return [{ type: 'state', data: this.#count }];
  }
}

function bench() {
  const clock = handClock();
  const source = new Counter();
  let idle = 0;
  const feed = new LiveFeed(source, clock, () => idle++);
  const listen = (lastId?: string) => {
    const abort = new AbortController();
    const told: Told[] = [];
    const done = (async () => {
      for await (const one of feed.listen({ lastId, signal: abort.signal })) told.push(one);
    })();
    done.catch(() => {});
    const texts = (): readonly string[] => told.map((one) => (one === 'alive' ? one : `${one.type} ${one.data}`));
    const lastSeen = (): string | undefined => told.findLast((one) => one !== 'alive')?.id;
    return { texts, lastSeen, done, leave: () => abort.abort() };
  };
  const turn = () => clock.pass(500);
  return { clock, source, listen, turn, idle: () => idle };
}

describe('LiveFeed', () => {
  it('begins with how things are, tells what happens once to all, and looks once for all of them', async () => {
    const { source, listen, turn } = bench();
    const [one, two] = [listen(), listen()];
    await turn();
    source.happen(2);
    await turn();
    expect([one.texts(), two.texts()]).toEqual([
      ['state 0', 'count 1', 'count 2'],
      ['state 0', 'count 1', 'count 2'],
    ]);
    expect(source.looks).toBe(3);
    one.leave();
    two.leave();
  });

  it('goes on where a line was cut, and tells how things are to who was away for too long, or comes from another feed', async () => {
    const { source, listen, turn } = bench();
    const stays = listen();
    const cut = listen();
    await turn();
    source.happen();
    await turn();
    const id = cut.lastSeen();
    cut.leave();
    await cut.done;
    source.happen(2);
    await turn();
    const again = listen(id);
    const stranger = listen('0123456789ab.1.-1');
    const liar = listen('not an id');
    await turn();
    expect(again.texts()).toEqual(['count 2', 'count 3']);
    expect(stranger.texts()).toEqual(['state 3']);
    expect(liar.texts()).toEqual(['state 3']);
    again.leave();
    await again.done;
    source.happen(2_000);
    await turn();
    const late = listen(id);
    await turn();
    expect(late.texts()).toEqual(['state 2003']);
    for (const { leave } of [stays, stranger, liar, late]) leave();
  });

  it('does not look while nobody listens, and says so', async () => {
    const { clock, source, listen, turn, idle } = bench();
    const one = listen();
    await turn();
    one.leave();
    await one.done;
    expect(idle()).toBe(1);
    const { looks } = source;
    await clock.pass(60_000);
    expect([source.looks, clock.planned]).toEqual([looks, 0]);
    // Whoever holds it still may listen all the same.
    source.happen();
    const two = listen(one.lastSeen());
    await turn();
    expect(two.texts()).toEqual(['count 1']);
    two.leave();
  });

  it('keeps a silent line open, and ends it with what it tells of, or when that cannot be looked at', async () => {
    const { clock, source, listen, turn } = bench();
    const one = listen();
    await clock.pass(31_000);
    expect(one.texts()).toEqual(['state 0', 'alive', 'alive']);
    source.happen();
    source.isOver = true;
    await turn();
    await one.done;
    expect(one.texts().at(-1)).toBe('count 1');
    const other = bench();
    const two = other.listen();
    await other.turn();
    other.source.failure = new Error('the database is gone');
    await other.turn();
    await expect(two.done).rejects.toThrow('the database is gone');
  });
});

describe('LiveFeed, of what takes long to look at', () => {
  it('pauses ten times as long as a look took, within reason; the first, which reads all there is, does not count', async () => {
    const clock = handClock();
    const took = [4_000, 0, 200, 60_000, 0];
    const looks: number[] = [];
    const source: LiveSource = {
      mark: -1,
      isOver: false,
      look: () =>
        new Promise((resolve) => {
          looks.push(clock.now());
          clock.schedule(took[looks.length - 1] ?? 0, () => resolve([]));
        }),
      state: async () => [],
    };
    const abort = new AbortController();
    const listening = (async () => {
      for await (const _ of new LiveFeed(source, clock, () => {}).listen({ signal: abort.signal }));
    })();
    for (let passed = 0; passed < 90_000; passed += 100) await clock.pass(100);
    expect(looks.slice(0, 5)).toEqual([0, 4_500, 5_000, 7_200, 77_200]);
    abort.abort();
    await listening;
  });
});

describe('EventRing', () => {
  it('keeps so many events, and so many characters of them', () => {
    const ring = new EventRing(3, 50);
    const kept = () => Array.from({ length: ring.next }, (_, place) => ring.at(place)?.data);
    for (let place = 0; place < 5; place++) ring.push({ type: 'x', data: place }, place);
    expect(kept()).toEqual([undefined, undefined, '2', '3', '4']);
    expect([1, 2, 5, 6].map((place) => ring.reaches(place))).toEqual([false, true, true, false]);
    expect(ring.at(5)).toBeUndefined();
    ring.push({ type: 'x', data: 'y'.repeat(100) }, 5);
    expect([ring.reaches(4), ring.at(4), ring.at(5)?.data.length, ring.next]).toEqual([false, undefined, 102, 6]);
    ring.push({ type: 'x', data: 6 }, 6);
    expect([ring.at(5), ring.at(6)?.data]).toEqual([undefined, '6']);
  });
});

describe('eventStream', () => {
  it('asks for no more than the reader takes, and wakes its source when the reader goes', async () => {
    let asked = 0;
    let isEnded = false;
    async function* endless(): AsyncGenerator<Told, void> {
      try {
        for (;;) yield ++asked % 2 === 0 ? 'alive' : { id: `${asked}`, type: 'x', data: '{"text":"a\\nb"}' };
      } finally {
        isEnded = true;
      }
    }
    const reader = eventStream(endless(), () => {}).getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe('retry: 2000\n\n');
    expect(await read()).toBe('id: 1\nevent: x\ndata: {"text":"a\\nb"}\n\n');
    expect(await read()).toBe(': alive\n\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBeLessThanOrEqual(3);
    await reader.cancel();
    expect(isEnded).toBe(true);
  });
});
