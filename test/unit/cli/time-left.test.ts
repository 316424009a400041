import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunProgress } from '../../../src/cli/run-progress.js';
import { SteadyTimeLeft, type TaskTally, timeLeft } from '../../../src/cli/time-left.js';
import type { TaskStateData } from '../../../src/model/event.js';
import type { TaskState } from '../../../src/model/states.js';
import type { TaskDurations } from '../../../src/runs/durations.js';

const waiting = (count: number, done = 0, doneMs = 0): TaskTally => ({ waiting: count, done, doneMs });
const past = (byTask: Record<string, number>, parallelism?: number): TaskDurations => ({ byTask: new Map(Object.entries(byTask)), parallelism });
const work = (tasks: Record<string, TaskTally>, running: { task: string; since: number }[] = [], retrying: { task: string; at: number }[] = []) => ({
  tasks: new Map(Object.entries(tasks)),
  running,
  retrying,
});

describe('timeLeft', () => {
  const options = { slots: 4, now: 10_000, past: past({ load: 1_000, fit: 8_000 }) };

  it('is the work that is left, shared among the slots', () => {
    expect(timeLeft(work({ load: waiting(40) }), options)).toBe(10_000);
  });

  it('is never less than what one task run has before it', () => {
    expect(timeLeft(work({ load: waiting(1), fit: waiting(1) }), options)).toBe(8_000);
    expect(timeLeft(work({ load: waiting(0) }, [{ task: 'fit', since: 9_000 }]), options)).toBe(7_000);
    expect(timeLeft(work({}, [], [{ task: 'fit', at: 15_000 }]), options)).toBe(13_000);
  });

  it('goes by how many went on at once in earlier runs, and by how many go on now where that is more', () => {
    const chain = { ...options, past: past({ fit: 8_000 }, 1) };
    expect(timeLeft(work({ fit: waiting(3) }, [{ task: 'fit', since: 10_000 }]), chain)).toBe(32_000);
    const two = [1, 2].map(() => ({ task: 'fit', since: 10_000 }));
    expect(timeLeft(work({ fit: waiting(2) }, two), chain)).toBe(16_000);
    expect(timeLeft(work({ load: waiting(40) }), { ...options, past: past({ load: 1_000 }, 99) })).toBe(10_000);
  });

  it('learns from the run itself', () => {
    expect(timeLeft(work({ load: waiting(40, 3, 6_000) }), options)).toBe(15_000);
    expect(timeLeft(work({ fresh: waiting(40, 3, 3_000) }), { ...options, past: undefined })).toBe(10_000);
    expect(timeLeft(work({ fresh: waiting(40, 2, 3_000) }), { ...options, past: undefined })).toBeUndefined();
  });

  it('says nothing when nothing, or too little, is known, or when all is overdue', () => {
    expect(timeLeft(work({}), options)).toBeUndefined();
    expect(timeLeft(work({ other: waiting(3) }), options)).toBeUndefined();
    expect(timeLeft(work({ load: waiting(1), other: waiting(2) }), options)).toBeUndefined();
    expect(timeLeft(work({ load: waiting(2), other: waiting(2) }), options)).toBe(1_000);
    expect(timeLeft(work({}, [{ task: 'load', since: 0 }]), options)).toBeUndefined();
  });

  it('law: more work never takes less time, and more slots never more', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 20 }), (load, fit, slots) => {
        const left = (more: number, wide: number): number =>
          timeLeft(work({ load: waiting(load + more), fit: waiting(fit) }), { ...options, slots: wide }) ?? 0;
        expect(left(1, slots)).toBeGreaterThanOrEqual(left(0, slots));
        expect(left(0, slots + 1)).toBeLessThanOrEqual(left(0, slots));
      }),
    );
  });
});

describe('the work that is left, from events', () => {
  const event = (node: string, state: TaskState, at: number, parts: Partial<TaskStateData> = {}) => {
    const task = node.replace(/^.*\.(?=[a-z])/, '').replace(/#.*/, '');
    return { at: new Date(at), node, type: 'task-state' as const, data: { task, state, attempt: 1, ...parts } };
  };

  it('counts what waits and what was done by task; a sub-flow is told by what is in it', () => {
    const progress = new RunProgress();
    for (const one of [
      event('load#0', 'pending', 0),
      event('load#0', 'running', 1),
      event('load#0', 'success', 5, { ms: 4 }),
      event('sub#0', 'pending', 0),
      event('sub#0', 'running', 5),
      event('sub#0.fit#0', 'pending', 6),
      event('sub#0.fit#1', 'running', 7),
      event('sq#0[0]', 'queued', 7),
      event('sq#0[1]', 'retrying', 8, { retry: { delayMs: 92, most: 3 } }),
      event('hit#0', 'cached', 8),
    ])
      progress.apply(one);
    const { tasks, running, retrying } = progress.workLeft;
    expect([...running]).toMatchObject([{ node: 'sub#0.fit#1', task: 'fit', since: 7 }]);
    expect([...retrying]).toMatchObject([{ task: 'sq', at: 100 }]);
    expect(Object.fromEntries(tasks)).toEqual({
      load: waiting(0, 1, 4),
      sub: waiting(0),
      fit: waiting(1),
      sq: waiting(1),
      hit: waiting(0),
    });
  });
});

describe('SteadyTimeLeft', () => {
  const shown = (left: number): string | undefined => new SteadyTimeLeft().words(left, 0);

  it('speaks no more exactly than an estimate is', () => {
    const minute = 60_000;
    expect([0, 7_000, 12_000, 42_000, 58_000, 3.2 * minute, 80 * minute, 2 * 60 * minute, 26 * 60 * minute].map(shown)).toEqual([
      'a few seconds left',
      'a few seconds left',
      'about 10 s left',
      'about 40 s left',
      'about 1 m left',
      'about 3 m left',
      'about 1 h 20 m left',
      'about 2 h left',
      'about 26 h left',
    ]);
  });

  it('counts down as time goes by, each word once', () => {
    const steady = new SteadyTimeLeft();
    const words: (string | undefined)[] = [];
    for (let now = 0; now <= 120_000; now += 100) {
      const word = steady.words(120_000 - now, now);
      if (word !== words.at(-1)) words.push(word);
    }
    expect(words).toEqual([...new Set(words)]);
    expect([words[0], words.at(-1)]).toEqual(['about 2 m left', 'a few seconds left']);
  });

  it('does not follow wild numbers', () => {
    const steady = new SteadyTimeLeft();
    const words = new Set<string | undefined>();
    for (let now = 0; now < 5_000; now += 100) words.add(steady.words((now / 100) % 2 === 0 ? 150_000 : 210_000, now));
    expect(words.size).toBeLessThanOrEqual(2);
  });

  it('but comes to what lasts, and begins anew when nothing was known', () => {
    const steady = new SteadyTimeLeft();
    steady.words(60_000, 0);
    let word: string | undefined;
    for (let now = 100; now <= 30_000; now += 100) word = steady.words(600_000, now);
    expect(word).toBe('about 10 m left');
    expect(steady.words(undefined, 30_100)).toBeUndefined();
    expect(steady.words(20_000, 30_200)).toBe('about 20 s left');
  });
});
