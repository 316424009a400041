import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { all, cache, ctx, flow, param, task } from '../../../src/index.js';
import { freshHome } from './workbench.js';

beforeEach(() => void freshHome());

interface Data {
  train: number[];
  test: { rows: number[] };
}
const load = task((): Data => ({ train: [1], test: { rows: [2] } }), { name: 'load', version: '1', cache: cache.default });
const use = task((_first?: unknown, _second?: unknown) => true, { name: 'use' });

const edges = ({ edges: found }: { edges: readonly { from: string; to: string; kind: string; label?: string }[] }): string[] =>
  found.map(({ from, to, kind, label }) => `${from} -> ${to}: ${kind}${label === undefined ? '' : ` ${label}`}`);

describe('a traced body', () => {
  it('S29: without awaits it has its whole graph, complete and certain', async () => {
    const graph = await flow('whole', () => {
      const data = load();
      return use(data.get('train'), all([data, 1]));
    }).graph();
    expect([graph.complete, graph.stoppedAt, graph.nodes.every(({ certain }) => certain)]).toEqual([true, undefined, true]);
    expect(edges(graph)).toEqual(['load#0 -> use#0: data train → _first', 'load#0 -> use#0: data _second']);
  });

  it('S29: a placeholder may be passed on, destructured by name and returned; from there on nothing is certain', async () => {
    const graph = await flow('passed', async () => {
      use('before');
      const {
        train,
        test: { rows },
      } = await load();
      const result = await use(train, { rows });
      return { result, train };
    }).graph();
    expect(graph.complete).toBe(false);
    expect(graph.stoppedAt).toMatch(/trace\.test\.ts:\d+:\d+$/);
    expect(graph.nodes.map(({ id, certain }) => [id, certain])).toEqual([
      ['use#0', true],
      ['load#0', true],
      ['use#1', false],
    ]);
    expect(edges(graph)).toContain('load#0 -> use#1: data train → _first');
    expect(edges(graph)).toContain('load#0 -> use#1: data test.rows → _second.rows');
  });

  it('S29: complete awaited nodes give their values, in parts, as outcomes and as fallbacks too', async () => {
    const f = flow('values', async () => {
      const data = await load();
      const parts = [await load().get('test').get('rows'), await load().orElse({} as Data), await all([load(), 1])];
      const end = await load().settled();
      const outcome = await load().outcome();
      if (data.train.length === 1 && end.state === 'cached' && outcome.state === 'cached' && JSON.stringify(parts[0]) === '[2]') use('known');
      else use('not known');
    });
    await f.run();
    const graph = await f.graph();
    expect(graph.complete).toBe(true);
    expect(graph.nodes.filter(({ task: name }) => name === 'use').length).toBe(1);
  });

  it('S29: a condition on a placeholder takes one side, which is uncertain', async () => {
    const graph = await flow('branch', async () => ((await use('ask')) ? use('yes') : load())).graph();
    expect([graph.complete, graph.nodes.map(({ id, certain }) => [id, certain])]).toEqual([
      false,
      [
        ['use#0', true],
        ['use#1', false],
      ],
    ]);
  });

  const stops: [string, (value: Data) => unknown][] = [
    [
      'iterating',
      ({ train }) => {
        for (const n of train) use(n);
      },
    ],
    ['spreading', ({ train }) => [...train]],
    [
      'destructuring as a list',
      ({ train }) => {
        const [first] = train;
        return first;
      },
    ],
    ['calculating', ({ train }) => Number(train) + 1],
    ['a text', ({ train }) => `${train}`],
    ['JSON', (data) => JSON.stringify(data)],
    ['listing properties', (data) => Object.keys(data)],
    ['looking for a property', (data) => 'train' in data],
    [
      'changing it',
      (data) => {
        data.train = [];
      },
    ],
    ['calling', ({ train }) => train.map((n) => n)],
  ];
  it.each(stops)('S29: %s stops the trace, and says where', async (_, touch) => {
    const graph = await flow('stops', async () => {
      use('before');
      touch(await load());
      use('after');
    }).graph();
    expect([graph.complete, graph.nodes.map(({ id }) => id)]).toEqual([false, ['use#0', 'load#0']]);
    expect(graph.stoppedAt).toMatch(/trace\.test\.ts:\d+:\d+$/);
  });

  it.each(stops.filter(([what]) => what !== 'calling'))('S29: %s stops it for good, try/catch or not', async (_, touch) => {
    const graph = await flow('caught', async () => {
      try {
        touch(await load());
      } catch {}
      try {
        use('after');
      } catch {}
    }).graph();
    expect([graph.complete, graph.nodes.map(({ id }) => id)]).toEqual([false, ['load#0']]);
  });

  it('S29: a placeholder prints as what it is', async () => {
    let printed = '';
    await flow('print', async () => {
      printed = inspect((await load()).test);
    }).graph();
    expect(printed).toBe('(load#0.test: not known before it has run)');
  });

  it("S29: an error of the user's own is the user's", async () => {
    const f = flow('own', () => {
      use();
      throw new RangeError('mine');
    });
    await expect(f.graph()).rejects.toThrow(new RangeError('mine'));
    const later = flow('own-later', async () => {
      await use();
      throw new RangeError('perhaps mine');
    });
    expect((await later.graph()).complete).toBe(false);
  });

  it("S29: the body's own side effects happen, and it can tell", async () => {
    const seen: string[] = [];
    await flow('effects', () => {
      seen.push(ctx().tracing ? 'traced' : 'run');
    }).visualize();
    expect(seen).toEqual(['traced']);
  });

  it('S29: sub-flows are expanded; a cached one hides its children', async () => {
    const sub = flow('sub', { params: { n: param({ default: 1 }) } }, ({ n }) => use(load(), n)).asTask({ cache: cache.default, version: '1' });
    const f = flow('outer', () => use(sub({ n: 2 })));
    const before = await f.graph();
    expect(before.nodes.map(({ id, parent }) => [id, parent])).toEqual([
      ['sub#0', undefined],
      ['use#0', undefined],
      ['sub#0.load#0', 'sub#0'],
      ['sub#0.use#0', 'sub#0'],
    ]);
    expect(before.complete).toBe(true);
    await f.run();
    expect((await f.graph()).nodes.map(({ id, state }) => [id, state])).toEqual([
      ['sub#0', 'complete'],
      ['use#0', 'pending'],
    ]);
  });

  it('S3: draws what the body knew when it called, transitively reduced', async () => {
    await flow('seed', () => load()).run();
    const graph = await flow('control', async () => {
      await load();
      const second = load();
      await second;
      use();
    }).graph();
    expect(edges(graph)).toEqual(['load#0 -> load#1: control', 'load#1 -> use#0: control']);
  });

  it('GRAPH_CYCLE: a circle is refused when drawn, too', async () => {
    const f = flow('circle', () => {
      const a = use();
      a.after(use(a));
    });
    await expect(f.graph()).rejects.toMatchObject({ code: 'GRAPH_CYCLE' });
  });

  it('a chain of ten thousand awaited at its end is followed', async () => {
    const f = flow('long', { cache: cache.default }, async () => {
      let last = use(0);
      for (let n = 0; n < 10_000; n++) last = use(last);
      await last;
      use('end');
    });
    const graph = await f.preview();
    expect([graph.nodes.length, graph.complete]).toEqual([10_002, false]);
  });

  it('notes where each call stands, and reads the stack of the one that it tells of', async () => {
    const f = flow('noted', async () => {
      const futures = Array.from({ length: 500 }, (_, n) => use(n));
      await futures[300];
    });
    const format = Error.prepareStackTrace;
    let read = 0;
    Error.prepareStackTrace = (error, frames) => {
      read++;
      return format ? format(error, frames) : `${error}\n${frames.map((frame) => `    at ${frame}`).join('\n')}`;
    };
    try {
      const graph = await f.graph();
      expect([graph.nodes.length, graph.stoppedAt]).toEqual([500, expect.stringMatching(/trace\.test\.ts:\d+:\d+$/)]);
    } finally {
      if (format) Error.prepareStackTrace = format;
      else Reflect.deleteProperty(Error, 'prepareStackTrace');
    }
    expect(read).toBeLessThan(20);
  });

  it('a drawing has the same ids and edges from call to call, and as the run (S9)', async () => {
    const f = flow('stable', () => {
      const a = load();
      use(a, use(a.get('train'))).after(use());
    });
    const [first, second] = [await f.graph(), await f.graph()];
    expect(JSON.stringify(first)).toBe(JSON.stringify(second));
    const handle = f.start();
    await handle.result();
    const past = JSON.parse(await f.visualize({}, { format: 'json', from: { runId: handle.id } })) as { nodes: { id: string }[]; edges: never };
    expect(past.nodes.map(({ id }) => id)).toEqual(first.nodes.map(({ id }) => id));
    expect(edges(past).sort()).toEqual(edges(first).sort());
  });
});
