import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { ctx, flow, param, type TaskContext, task } from '../../../src/index.js';
import { eventually, inMemory } from '../engine/workbench.js';

const asks = task(() => ctx(), { name: 'asks', persist: false });

describe('ctx()', () => {
  it('outside of a task and a flow there is none: NO_CONTEXT', () => {
    expect(() => ctx()).toThrow(expect.objectContaining({ code: 'NO_CONTEXT' }));
  });

  it('in a task it is the task run; in a body it is the run', async () => {
    inMemory();
    let ofBody: TaskContext | undefined;
    const handle = flow('where', { params: {} }, () => {
      ofBody = ctx();
      return { first: asks(), second: asks() };
    }).start();
    const { first, second } = await handle.result();
    expect(ofBody).toMatchObject({ runId: handle.id, flowName: 'where', taskRunId: handle.id, attempt: 0, tracing: false });
    expect(first).toMatchObject({ runId: handle.id, flowName: 'where', taskRunId: 'asks#0', attempt: 1, tracing: false });
    expect(second.taskRunId).toBe('asks#1');
    expect(first.idempotencyKey).not.toBe(second.idempotencyKey);
    expect([first.signal.aborted, ofBody?.signal.aborted]).toEqual([false, false]);
  });

  it('follows the code across awaits, timers and callbacks, for tasks side by side', async () => {
    inMemory();
    const wanders = task(
      async (_: number) => {
        await Promise.resolve();
        await new Promise<void>((resolve) => setImmediate(resolve));
        return await new Promise<string>((resolve) => process.nextTick(() => resolve(ctx().taskRunId)));
      },
      { name: 'wanders' },
    );
    expect(await flow('wander', () => [0, 1, 2].map((n) => wanders(n))).run()).toEqual(['wanders#0', 'wanders#1', 'wanders#2']);
  });

  it('S6: a task called inside a task has the context of the one that was scheduled', async () => {
    inMemory();
    const outer = task(() => (asks() as unknown as TaskContext).taskRunId, { name: 'outer' });
    expect(await flow('inner', () => outer()).run()).toBe('outer#0');
  });

  describe('S35: the time that a run stands for', () => {
    const times = task(() => ({ at: ctx().scheduledTime, ...ctx().dataInterval }), { name: 'times' });
    const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));

    it('is given, in its tasks and in its body', async () => {
      inMemory();
      const body = vi.fn();
      const timed = flow('timed', () => {
        body(ctx().scheduledTime, ctx().dataInterval);
        return times();
      });
      expect(await timed.run({}, { scheduledTime: day(2) })).toEqual({ at: day(2), start: day(2), end: day(2) });
      expect(await timed.run({}, { dataInterval: { start: day(1), end: day(2) } })).toEqual({ at: day(2), start: day(1), end: day(2) });
      expect(body).toHaveBeenLastCalledWith(day(2), { start: day(1), end: day(2) });
    });

    it('is the start of one that was started by hand', async () => {
      inMemory();
      const before = systemClock.now();
      const { at, start, end } = await flow('by-hand', () => times()).run();
      expect(at.getTime()).toBeGreaterThanOrEqual(before - 1);
      expect(at.getTime()).toBeLessThanOrEqual(systemClock.now());
      expect([start, end]).toEqual([at, at]);
    });

    it('that makes no sense is refused', async () => {
      const timed = flow('timed', () => times());
      const refused = { code: 'RUN_OPTION_INVALID' };
      await expect(timed.run({}, { scheduledTime: new Date(Number.NaN) })).rejects.toMatchObject(refused);
      await expect(timed.run({}, { dataInterval: { start: day(2), end: day(1) } })).rejects.toMatchObject(refused);
      await expect(timed.run({}, { scheduledTime: day(3), dataInterval: { start: day(1), end: day(2) } })).rejects.toMatchObject(refused);
    });

    it('is that of the run that one resumes', async () => {
      let isBroken = true;
      const fails = task((at: Date) => (isBroken ? Promise.reject(new Error('not yet')) : at), { name: 'fails' });
      const timed = flow('resumed-time', () => fails(ctx().scheduledTime));
      await expect(timed.run({}, { scheduledTime: day(2) })).rejects.toThrow();
      isBroken = false;
      expect(await timed.resume()).toEqual(day(2));
    });
  });

  it('S29: a body can tell that it is being traced', async () => {
    inMemory();
    const seen: boolean[] = [];
    const traced = flow('traced', () => void seen.push(ctx().tracing));
    await traced.graph();
    await traced.run();
    expect(seen).toEqual([true, false]);
  });
});

describe('what a task may ask of its context', () => {
  it.each(['task', 'body'] as const)('its functions work apart from it: const { metric } = ctx(), in a %s', async (where) => {
    inMemory();
    const asked = async (): Promise<string> => {
      const { artifact, log, metric, progress, tempDir, params } = ctx();
      const { info } = log;
      metric('loss', 0.5);
      progress(0.25, 'a quarter');
      info('said');
      const { name } = { name: (await artifact('note', 'text')).format };
      await using folder = await tempDir();
      return [name, existsSync(folder.path), params.n].join(' ');
    };
    const apart = task(asked, { name: 'apart' });
    const of = flow('unbound', { params: { n: param({ default: 1 }) } }, () => (where === 'task' ? apart() : asked()));
    const events: string[] = [];
    const handle = of.start({});
    for await (const { type } of handle.events()) events.push(type);
    expect(await handle.result()).toBe('text true 1');
    expect(events).toEqual(expect.arrayContaining(['artifact', 'metric', 'log', ...(where === 'task' ? ['progress'] : [])]));
  });

  it('its place in a map, a folder that goes with the attempt, and how far it is', async () => {
    let folder = '';
    const work = task(
      async (_: number) => {
        const { path } = await ctx().tempDir();
        folder = path;
        writeFileSync(join(path, 'half'), '');
        ctx().progress(0.5, 'half way');
        ctx().progress(0 / 0, 'of nothing');
        return ctx().mapIndex;
      },
      { name: 'work' },
    );
    const handle = flow('asking', () => work.map([7, 8, 9])).start();
    const told: unknown[] = [];
    for await (const event of handle.events()) if (event.type === 'progress') told.push(event.data);
    expect(await handle.result()).toEqual([0, 1, 2]);
    expect(told).toContainEqual({ attempt: 1, fraction: 0.5, message: 'half way' });
    expect(told).not.toContainEqual(expect.objectContaining({ message: 'of nothing' }));
    await eventually(() => expect(existsSync(folder)).toBe(false));
  });
});
