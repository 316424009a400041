import { describe, expect, it } from 'vitest';
import { toText } from '../../../../src/graph/draw/text.js';
import { edge, graph, node, preview, times } from './sample.js';

describe('toText', () => {
  it('S27 S29 lists one node a line with inputs, state and reason', () => {
    expect(toText(preview).split('\n')).toEqual([
      'penguins: 7 nodes, 6 edges',
      "load#0             load() after setup#0                         pending   input-changed: path 'a.csv' -> 'b.csv'",
      'setup#0            setup()                                      complete',
      'prepare#0          prepare(rows ← load#0)                       pending   upstream-pending: load#0',
      'prepare#0.clean#0  clean()                                      pending',
      'prepare#0.split#0  split(rows ← prepare#0.clean#0)              pending',
      'train#0            train(rows.train ← prepare#0, raw ← load#0)  pending',
      'publish#0          publish() once awaited train#0               unknown                                           may run',
      'graph is incomplete: the body decides at flow.ts:12:3',
    ]);
  });

  it('says nothing of states when none is known, and durations when they are', () => {
    expect(toText(graph([node('a#0')]))).toBe('penguins: 1 node, 0 edges\na#0  a()');
    expect(toText(graph([node('a#0', { outcome: { state: 'cached', ms: 0.2 } })]))).toContain('a#0  a()  cached  <1 ms');
  });

  it('S8 writes mapped children as a range, and never drops an input silently', () => {
    const mapped = times(1000, (i) => node(`score#0[${i}]`));
    const join = (nodes: typeof mapped) =>
      toText(
        graph(
          [...nodes, node('join#0')],
          nodes.map(({ id }) => edge(id, 'join#0', 'xs')),
        ),
      )
        .split('\n')
        .at(-1);
    expect(join(mapped)).toMatch(/join\(xs ← score#0\[0…999\]\)$/);
    expect(join(times(80, (i) => node(`t#${i}`)))).toMatch(/t#48, t#49, and 30 more\)$/);
  });

  it('takes terminal codes and line breaks out of texts', () => {
    const text = toText(
      graph([node('a#0', { task: '\u001b[31ma\nb\u001b[0m', state: 'pending', why: { kind: 'missing', detail: 'x\r\ny\u0007' } })]),
    );
    expect(text.split('\n')[1]).toBe('a#0  a b()  pending  missing: x y\ufffd');
  });
});
