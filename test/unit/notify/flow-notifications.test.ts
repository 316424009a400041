import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { cache, Fail, flow, type Notification, type NotificationEvent, param, secret, task, webhook } from '../../../src/index.js';
import { deliveriesEnded, deliveriesUnderWay } from '../../../src/runtime/deliveries.js';
import { openProject } from '../../../src/runtime/project.js';
import { Receiver } from './receiver.js';

const boom = task(
  (what: string) => {
    throw new Error(`no ${what}`);
  },
  { name: 'boom' },
);

/** The warnings, and what is said of notifications, in the log of the flow's newest run. */
async function linesOf({ flowName }: { readonly flowName: string }): Promise<readonly string[]> {
  await using project = await openProject();
  const run = await project.record.run(`${flowName}/latest`);
  const lines = await project.record.logs(run?.id ?? '');
  return lines.filter(({ node }) => node === undefined).map(({ text }) => text);
}

/** Takes what it is told. */
function listener(on?: Notification['on']): Notification & { readonly events: NotificationEvent[] } {
  const events: NotificationEvent[] = [];
  return { name: 'a listener', ...(on ? { on } : {}), events, notify: (event) => void events.push(event) };
}

describe('notify of a flow', () => {
  it('a failure is sent with what is known of it, signed', async () => {
    await using receiver = await Receiver.open();
    process.env.HOOK_KEY = 'the key of the hook';
    const failing = flow(
      'failing',
      {
        params: { day: param({ default: 'monday' }), from: param(z.date().default(new Date(0))), until: param(z.date().optional()) },
        notify: webhook(receiver.url, { secret: secret('HOOK_KEY') }),
      },
      ({ day }) => boom(day),
    );
    const handle = failing.start();
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_FAILED' });
    const [{ headers, body, method } = { headers: {}, body: '', method: '' }] = receiver.received;
    expect(method).toBe('POST');
    expect(receiver.events()).toEqual([
      {
        id: headers['webhook-id'],
        event: 'failure',
        at: expect.any(String),
        text: `flow 'failing' failed: 1 task failed: task 'boom#0' failed: no monday (run ${handle.id})`,
        flow: 'failing',
        run: handle.id,
        state: 'failed',
        params: { day: 'monday', from: '1970-01-01T00:00:00.000Z' },
        error: { name: 'FlowRunError', code: 'RUN_FAILED', message: expect.stringContaining('no monday') },
        startedAt: expect.any(String),
        finishedAt: expect.any(String),
        counts: { failed: 1 },
        failed: [{ id: 'boom#0', attempts: 1, error: expect.objectContaining({ message: expect.stringContaining('no monday') }) }],
      },
    ]);
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', 'the key of the hook').update(signed).digest('base64')}`);
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60);
  });

  it('tells each what it asked for, in the order of what happens', async () => {
    const [all, standard] = [listener(['success', 'failure', 'cancel', 'retry']), listener()];
    let runs = 0;
    const third = flow('third', { retries: 2, notify: [all, standard] }, () => {
      runs++;
      if (runs < 3) throw new Error(`run ${runs}`);
      return runs;
    });
    expect(await third.run()).toBe(3);
    expect(all.events.map(({ event, state }) => [event, state])).toEqual([
      ['retry', 'failed'],
      ['retry', 'failed'],
      ['success', 'success'],
    ]);
    expect(standard.events).toEqual([]);
    await third.run({}, { signal: AbortSignal.abort(new Error('enough')), throwOnFailure: false });
    expect(all.events.at(-1)).toMatchObject({ event: 'cancel', state: 'cancelled', error: { code: 'RUN_CANCELLED' } });
  });

  it('a time-out is a failure', async () => {
    const told = listener();
    const slow = flow('slow', { timeout: 5, notify: told }, () => new Promise((resolve) => setTimeout(resolve, 60_000).unref()));
    await slow.run({}, { throwOnFailure: false });
    expect(told.events).toMatchObject([{ event: 'failure', state: 'timed-out' }]);
  });

  it('is sent when the end is recorded, not before', async () => {
    const states: string[] = [];
    const recorded = flow(
      'recorded',
      { notify: { on: ['success'], notify: async () => void states.push((await recorded.latest())?.state ?? '') } },
      () => 1,
    );
    await recorded.run();
    expect(states).toEqual(['success']);
  });

  it('one that cannot be told harms neither the run nor another, and is a warning in the log', async () => {
    const told = listener(['success']);
    const dead: Notification = {
      name: 'a dead end',
      on: ['success'],
      notify: () => {
        throw new Fail('nobody there');
      },
    };
    const fine = flow('fine', { notify: [dead, told] }, () => 'fine');
    expect(await fine.run()).toBe('fine');
    expect(told.events).toHaveLength(1);
    expect(await linesOf(fine)).toEqual(['a dead end was not told of success: nobody there']);
  });

  it('a result does not wait long for them, and they come all the same', async () => {
    let ran = { flowName: '' };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let arrive = (): void => {};
      const arrival = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      let result: Promise<unknown> = Promise.resolve();
      const begun = new Promise<void>((resolve) => {
        const slow: Notification = {
          name: 'a slow one',
          on: ['success'],
          within: '1m',
          timeout: '1m',
          notify: () => {
            resolve();
            return arrival;
          },
        };
        const quick = flow('quick', { notify: slow }, () => 'done');
        result = quick.run();
        ran = quick;
      });
      await vi.advanceTimersByTimeAsync(1_000);
      await begun;
      let isDone = false;
      void result.then(() => {
        isDone = true;
      });
      await vi.advanceTimersByTimeAsync(3_000);
      expect(isDone).toBe(false);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(await result).toBe('done');
      expect(deliveriesUnderWay()).toBe(1);
      arrive();
      await deliveriesEnded();
    } finally {
      vi.useRealTimers();
    }
    expect(await linesOf(ran)).toEqual(['notifications that are not delivered yet: a slow one; the process stays for them']);
  });

  it('options that are none are refused', () => {
    const make = (notify: unknown) => () => flow('wrong', { notify: notify as Notification }, () => 1);
    expect(make('http://x')).toThrow(expect.objectContaining({ code: 'FLOW_OPTION_INVALID' }));
    expect(make({ notify: () => {}, on: ['failed'] })).toThrow(/'on' of a notification to be a list of 'success'/);
    expect(() => task(() => 1, { name: 'x', notify: [{}] as never })).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
  });
});

describe('notify of a task', () => {
  it('tells that a task run failed for good; as asked, also of retries and success', async () => {
    const [bad, all] = [listener(), listener(['retry', 'success', 'failure'])];
    let calls = 0;
    const shaky = task(
      () => {
        if (++calls < 3) throw new Error(`call ${calls}`);
        return calls;
      },
      { name: 'shaky', retries: 2, notify: [bad, all], hooks: { onRetry: () => void hooked.push('retry') } },
    );
    const hooked: string[] = [];
    const once = shaky.with({ retries: 0, name: 'once' });
    const both = flow('both', async () => {
      const three = await shaky();
      calls = 0;
      return [three, await once().orElse('none')];
    });
    expect(await both.run()).toEqual([3, 'none']);
    expect(hooked).toEqual(['retry', 'retry']);
    expect(all.events.map(({ event, task }) => [event, task?.id, task?.attempts, task?.error?.message])).toEqual([
      ['retry', 'shaky#0', 1, 'call 1'],
      ['retry', 'shaky#0', 2, 'call 2'],
      ['success', 'shaky#0', 3, undefined],
      ['failure', 'once#0', 1, "task 'once#0' failed: call 1"],
    ]);
    expect(bad.events).toMatchObject([
      { event: 'failure', flow: 'both', state: 'running', text: expect.stringContaining("task 'once#0' of flow 'both' failed: call 1") },
    ]);
    expect(new Set(all.events.map(({ id }) => id)).size).toBe(4);
  });

  it('of a task that was reused nothing is told', async () => {
    const told = listener(['success', 'failure']);
    const cached = task(() => 1, { name: 'cached', cache: cache.default, version: '1', notify: told });
    const again = flow('again', () => cached());
    await again.run();
    await again.run();
    expect(told.events).toHaveLength(1);
  });
});

describe('secrets', () => {
  it('S18: none is sent, wherever it stands', async () => {
    const CANARY = 'canary-7f3a9b21';
    process.env.CANARY_TOKEN = CANARY;
    const token = secret('CANARY_TOKEN');
    await using receiver = await Receiver.open((attempt) =>
      attempt === 1 ? { status: 302, headers: { location: `http://127.0.0.1:1/${CANARY}` } } : { status: 204 },
    );
    const leak = task(
      (text: string) => {
        throw new Error(`cannot read ${text}, or ${Buffer.from(text).toString('base64')}, or ${encodeURIComponent(`{"a":"${text}"}`)}`, {
          cause: new Error(text),
        });
      },
      { name: 'leak', notify: webhook(receiver.url, { secret: token, headers: { 'x-token': 'fine' } }) },
    );
    const leaking = flow(
      'leaking',
      {
        params: { password: param(z.string(), { secret: true }), plain: param({ default: 'x' }) },
        notify: webhook(receiver.url, { secret: token, on: ['failure'] }),
      },
      ({ password, plain }) => leak(`${password} ${plain} ${'.'.repeat(3_940)}${password}`),
    );
    await leaking.run({ password: CANARY, plain: `{"inside": "${CANARY}"}` }, { throwOnFailure: false });
    expect(receiver.received).toHaveLength(2);
    for (const { body, headers } of receiver.received) {
      for (const form of [CANARY, CANARY.slice(0, 8), Buffer.from(CANARY).toString('base64').slice(0, 12)])
        expect(`${body}\n${JSON.stringify(headers)}`).not.toContain(form);
      expect(body).toContain('***');
      expect(JSON.parse(body).params.password).toBe('***');
    }
    const lines = await linesOf(leaking);
    expect(lines.join('\n')).toContain('was not told of failure: it answered 302: redirects are not followed');
    expect(lines.join('\n')).not.toContain(CANARY);
  });
});
