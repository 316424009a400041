import { describe, expect, it } from 'vitest';
import { createJsonLog, type JsonLogOptions } from '../../../src/log/json-lines.js';
import { createMask } from '../../../src/log/mask.js';
import type { RunEvent } from '../../../src/model/event.js';

const at = new Date('2025-11-20T14:03:22.118Z');
const names = { run: '20251120-1', flow: 'penguins' };

function written(events: readonly RunEvent[], options: Partial<JsonLogOptions> = {}): Record<string, unknown>[] {
  const log = createJsonLog({ ...names, ...options });
  return log
    .text(events)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const failed: RunEvent = {
  at,
  node: 'clean#0',
  type: 'task-state',
  data: {
    task: 'clean',
    state: 'failed',
    attempt: 2,
    ms: 12,
    reason: { kind: 'code-changed', detail: 'a.ts' },
    error: { name: 'Error', message: 'no', code: 'X' },
  },
};

describe('createJsonLog', () => {
  it('writes one object per event, with the time of the event', () => {
    expect(written([failed])).toEqual([
      {
        level: 'error',
        time: '2025-11-20T14:03:22.118Z',
        ...names,
        type: 'task-state',
        node: 'clean#0',
        task: 'clean',
        state: 'failed',
        attempt: 2,
        ms: 12,
        reason: { kind: 'code-changed', detail: 'a.ts' },
        error: { name: 'Error', message: 'no', code: 'X' },
        msg: "finished task run in 12 ms with final state 'failed': no [X]",
      },
    ]);
  });

  it('writes log lines as they are: percent signs, quotes, control characters', () => {
    const text = '100 %d %s %% "q" \u001b[1m\u0000 {}';
    const [line] = written([{ at, node: 'a#0', type: 'log', data: { at: 0, level: 'warn', text, attempt: 1 } }]);
    expect(line).toEqual({ level: 'warn', time: '2025-11-20T14:03:22.118Z', ...names, type: 'log', node: 'a#0', attempt: 1, msg: text });
  });

  it('one by one or many at once, lines are the same: of whatever task, attempt, level and time, and whatever they say', () => {
    const texts = ['plain', '","', 'a","b', '"', '\\', '\\","\\', '","","', '', '$& $1 $$', '\ud800', 'schön \u2028 \u0000', '}\n{', '["a"]'];
    const line = (text: string, ms: number, more: object): RunEvent => {
      const data = { at: 0, level: 'info', text, ...more };
      return { at: new Date(at.getTime() + ms), ...('node' in more ? { node: more.node as string } : {}), type: 'log', data };
    };
    const kinds = [
      {},
      { node: 'a#0', attempt: 1 },
      { node: '$&#0', attempt: 1 },
      { node: 'a#0', attempt: 2 },
      { node: 'a#0', attempt: 2, level: 'warn' },
    ];
    const events = kinds.flatMap((kind) => [...texts, ...texts.toReversed()].map((text, place) => line(text, Math.floor(place / 5), kind)));
    events.splice(7, 0, failed);
    const log = createJsonLog(names);
    const alone = events.map((event) => log.text([event])).join('');
    expect(createJsonLog(names).text(events)).toBe(alone);
    const all = written(events);
    expect(all.map(({ msg }) => msg)).toEqual(events.map(({ data }) => (data as { text?: string }).text ?? expect.stringContaining('failed')));
    expect(all.map(({ node }) => node)).toEqual(events.map(({ node }) => node));
    expect(all.map(({ time }) => time)).toEqual(events.map((event) => event.at.toISOString()));
  });

  it('sums up the run in its last line', () => {
    const all = written([
      { at, type: 'run-state', data: { state: 'running' } },
      { at, node: 'a#0', type: 'task-state', data: { task: 'a', state: 'cached', attempt: 0 } },
      { at: new Date(at.getTime() + 3200), type: 'run-state', data: { state: 'success' } },
    ]);
    expect(all.at(-1)).toMatchObject({ state: 'success', ms: 3200, counts: { cached: 1 } });
  });

  it('leaves out what is below its level', () => {
    const queued: RunEvent = { at, node: 'a#0', type: 'task-state', data: { task: 'a', state: 'queued', attempt: 0 } };
    expect(written([queued])).toEqual([]);
    expect(written([queued], { level: 'debug' })).toHaveLength(1);
    expect(written([queued, failed], { level: 'error' })).toHaveLength(1);
  });

  it('S18: a canary is found nowhere', () => {
    const canary = 'can"ary\n4711';
    const error = { name: canary, message: canary, code: canary, stack: canary, cause: { name: 'Error', message: canary } };
    const events: RunEvent[] = [
      {
        at,
        node: canary,
        type: 'task-state',
        data: { task: canary, state: 'failed', attempt: 1, reason: { kind: 'forced', detail: canary }, error },
      },
      { at, type: 'run-state', data: { state: 'failed', error } },
      { at, node: 'a#0', type: 'log', data: { at: 0, level: 'info', text: JSON.stringify({ key: canary }) } },
    ];
    const all = written(events, { flow: canary, run: canary, mask: createMask([canary]) });
    expect(all).toHaveLength(3);
    expect(JSON.stringify(all)).not.toMatch(/ary|4711/);
  });
});
