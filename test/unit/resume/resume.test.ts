import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { all, cache, type Flow, flow, json, param, task, when } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { eventsOf, eventually, failureOf, freshHome, gate, recorded } from '../engine/workbench.js';

/** What ran, in order. */
let ran: string[] = [];
/** What fails. */
const broken = new Set<string>();
let home = '';

beforeEach(() => {
  home = freshHome();
  ran = [];
  broken.clear();
});

function note(name: string): void {
  ran.push(name);
  if (broken.has(name)) throw new Error(`${name} is broken`);
}

/** Runs the flow with something broken, mends it, and forgets what ran. @returns the id of the failed run */
// biome-ignore lint/suspicious/noExplicitAny: a flow of any parameters
async function failed(which: Flow<any, unknown>, what: string, params: object = {}): Promise<string> {
  broken.add(what);
  const { runId } = await failureOf(which.run(params));
  broken.clear();
  ran = [];
  return runId;
}

const load = task((days: number) => {
  note('load');
  return Array.from({ length: days }, (_, day) => day);
});
const clean = task((rows: readonly number[]) => {
  note('clean');
  return rows.filter((row) => row % 2 === 0);
});
const train = task((rows: readonly number[], rate: number) => {
  note('train');
  return rows.length * rate;
});
const report = task((model: number) => {
  note('report');
  return `model ${model}`;
});
const pipeline = flow('pipeline', { params: { days: param({ default: 6 }), rate: param({ default: 2 }) } }, ({ days, rate }) =>
  report(train(clean(load(days)), rate)),
);

describe('S30: a run that is resumed', () => {
  it('takes over what was finished, cached or not, records where it is from, and executes the rest', async () => {
    const runId = await failed(pipeline, 'train');
    expect(await pipeline.resume()).toBe('model 6');
    expect(ran).toEqual(['train', 'report']);
    const { run, states, task: row } = await recorded('pipeline/latest');
    expect(run.originRun).toBe(runId);
    expect(states).toEqual({ 'load#0': 'cached', 'clean#0': 'cached', 'train#0': 'success', 'report#0': 'success' });
    expect(row('clean#0').origin).toEqual({ run: runId, index: 1 });
    expect(row('clean#0').cacheKey).toBeUndefined();
  });

  it('chained: what either has finished is taken over, and the origin is where it was computed', async () => {
    const first = await failed(pipeline, 'clean');
    broken.add('report');
    const second = await failureOf(pipeline.resume());
    broken.clear();
    ran = [];
    expect(await pipeline.resume()).toBe('model 6');
    expect(ran).toEqual(['report']);
    const { run, task: row } = await recorded('pipeline/latest');
    expect(run.originRun).toBe(second.runId);
    expect(row('load#0').origin?.run).toBe(first);
    expect(row('train#0').origin?.run).toBe(second.runId);
  });

  it('a resume that was stopped before it came to anything loses nothing of what it resumed', async () => {
    const first = await failed(pipeline, 'report');
    const aborted = await failureOf(pipeline.resume({ signal: AbortSignal.abort('enough') }));
    expect((await recorded(aborted.runId)).tasks).toEqual([]);
    expect(await pipeline.resume()).toBe('model 6');
    expect(ran).toEqual(['report']);
    expect((await recorded('pipeline/latest')).task('train#0').origin?.run).toBe(first);
  });

  it('changed parameters: executes what depends on them, and no more; the others are those of the run', async () => {
    await failed(pipeline, 'report', { days: 8, rate: 3 });
    expect(await pipeline.resume({ params: { rate: 10 } })).toBe('model 40');
    expect(ran).toEqual(['train', 'report']);
    const { run } = await recorded('pipeline/latest');
    expect(run.params).toEqual({ days: '8', rate: '10' });
    ran = [];
    expect(await pipeline.resume({ runId: run.id, params: { days: 9 } })).toBe('model 50');
    expect(ran).toEqual(['load', 'clean', 'train', 'report']);
    // Nine days have no more even ones than ten: what is downstream of an equal value is taken over.
    ran = [];
    expect(await pipeline.resume({ runId: 'pipeline/latest', params: { days: 10 } })).toBe('model 50');
    expect(ran).toEqual(['load', 'clean']);
  });

  it('from a step: that and all downstream execute; a pattern will do; of a run that succeeded, too', async () => {
    await pipeline.run({});
    ran = [];
    expect(await pipeline.resume({ runId: 'pipeline/latest', from: clean })).toBe('model 6');
    expect(ran).toEqual(['clean', 'train', 'report']);
    const { run, task: row } = await recorded('pipeline/latest');
    expect(row('clean#0').reason).toEqual({ kind: 'forced', detail: 'clean was forced' });
    ran = [];
    await pipeline.resume({ runId: run.id, from: 'rep*' });
    expect(ran).toEqual(['report']);
    await expect(pipeline.resume({ runId: run.id, from: 'claen' })).rejects.toMatchObject({ code: 'TASK_UNKNOWN', hint: "Did you mean 'clean'?" });
  });

  it('from a step, and stopped before it: who resumes that owes the step, and takes over what it had done of it', async () => {
    await pipeline.run({});
    ran = [];
    broken.add('train');
    await failureOf(pipeline.resume({ runId: 'pipeline/latest', from: clean }));
    broken.clear();
    expect(ran).toEqual(['clean', 'train']);
    ran = [];
    await pipeline.resume();
    expect(ran).toEqual(['train', 'report']);
    // Stopped before anything was recorded at all.
    const stopped = await failureOf(pipeline.resume({ runId: 'pipeline/latest', from: clean, signal: AbortSignal.abort('enough') }));
    ran = [];
    await pipeline.resume({ runId: stopped.runId });
    expect(ran).toEqual(['clean', 'train', 'report']);
  });

  it('of a run that succeeded does nothing, says so, and gives its result', async () => {
    await pipeline.run({});
    const before = (await recorded('pipeline/latest')).run.id;
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await pipeline.resume({ runId: before })).toBe('model 6');
    expect(await pipeline.resume({ runId: before, params: { rate: 2 } })).toBe('model 6');
    expect(out).toHaveBeenCalledWith(`run ${before} of flow 'pipeline' has succeeded: there is nothing to resume\n`);
    out.mockRestore();
    expect((await recorded('pipeline/latest')).run.id).toBe(before);
  });

  it('without a name it is the newest that did not succeed, and that nobody has resumed to success', async () => {
    const first = await failed(pipeline, 'report', { rate: 5 });
    await pipeline.run({ rate: 7 });
    expect(await pipeline.resume()).toBe('model 15');
    expect((await recorded('pipeline/latest')).run.originRun).toBe(first);
    await expect(pipeline.resume()).rejects.toMatchObject({ code: 'NOTHING_TO_RESUME' });
  });

  it('is refused while the other goes on, of another flow, and of a run that there is not', async () => {
    const { opened, open } = gate();
    const wait = task(async () => await opened);
    const waiting = flow('waiting', () => wait());
    const handle = waiting.start();
    await eventually(async () => expect((await recorded(handle.id)).run.state).toBe('running'));
    await expect(waiting.resume({ runId: handle.id })).rejects.toMatchObject({ code: 'RUN_GOING_ON' });
    await expect(pipeline.resume({ runId: handle.id })).rejects.toMatchObject({ code: 'RUN_OF_ANOTHER_FLOW' });
    await expect(pipeline.resume({ runId: `${handle.id}x` })).rejects.toMatchObject({ code: 'RUN_UNKNOWN', hint: `did you mean ${handle.id}?` });
    await expect(pipeline.resume()).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
    open();
    await handle.result();
  });

  it('without a name, one that somebody is resuming already is not resumed twice', async () => {
    const { opened, open } = gate();
    const wait = task(async () => {
      note('wait');
      return await opened;
    });
    const waiting = flow('waiting twice', () => wait());
    await failed(waiting, 'wait');
    const first = waiting.resume();
    await eventually(() => expect(ran).toEqual(['wait']));
    await expect(waiting.resume()).rejects.toMatchObject({ code: 'RUN_GOING_ON', message: expect.stringContaining('is being resumed') });
    open();
    await first;
  });

  it('is drawn with what was taken over', async () => {
    const origin = await failed(pipeline, 'report');
    await pipeline.resume();
    const { run } = await recorded('pipeline/latest');
    expect(await pipeline.visualize({}, { from: { runId: run.id }, format: 'mermaid' })).toContain('"load<br/>cached · taken over"');
    expect(await pipeline.visualize({}, { from: { runId: run.id } })).toContain(`from run ${origin}`);
  });

  it('keeps the name and the tags of the run', async () => {
    broken.add('report');
    await failureOf(pipeline.run({}, { name: 'nightly', tags: ['a'] }));
    broken.clear();
    await pipeline.resume({ tags: ['b'] });
    expect((await recorded('pipeline/latest')).run).toMatchObject({ name: 'nightly', tags: ['a', 'b'] });
  });

  it('tells of what was taken over in its events', async () => {
    const origin = await failed(pipeline, 'report');
    const handles: ReturnType<typeof eventsOf>[] = [];
    const watched = pipeline.with({ hooks: { onStart: (run) => void handles.push(eventsOf(run)) } });
    await watched.resume();
    const events = await (handles[0] as ReturnType<typeof eventsOf>);
    expect(events.findLast(({ node, type }) => node === 'train#0' && type === 'task-state')?.data).toMatchObject({
      state: 'cached',
      takenOver: origin,
    });
  });
});

describe('S30: which call is which', () => {
  it('of a map only children that failed run again, whatever their place', async () => {
    const square = task((n: number) => {
      note(`square ${n}`);
      return n * n;
    });
    const squares = flow('squares', { params: { list: param(z.array(z.number()).default([1, 2, 3, 4])) } }, ({ list }) => square.map(list));
    await failed(squares, 'square 3');
    expect(await squares.resume()).toEqual([1, 4, 9, 16]);
    expect(ran).toEqual(['square 3']);
    ran = [];
    expect(await squares.resume({ runId: 'squares/latest', params: { list: [4, 7, 1, 3] } })).toEqual([16, 49, 1, 9]);
    expect(ran).toEqual(['square 7']);
  });

  it('two calls alike: the nth is taken for the nth, whichever ended first', async () => {
    let drawn = 0;
    const slow = gate();
    const draw = task(async (_of: string) => {
      const mine = ++drawn;
      note(`draw ${mine}`);
      // The first ends last.
      if (mine === 1) await slow.opened;
      else slow.open();
      return mine;
    });
    const after = task((a: number, b: number, c: number) => {
      note('after');
      return [a, b, c];
    });
    const draws = flow('draws', () => after(draw('x'), draw('x'), draw('x')));
    await failed(draws, 'after');
    expect(await draws.resume()).toEqual([1, 2, 3]);
    expect(ran).toEqual(['after']);
    await failed(draws, 'draw 5');
    // The first and the third were drawn, the second was not.
    expect(await draws.resume()).toEqual([4, 7, 6]);
  });

  it('sub-flows: a finished one as a whole, an unfinished one by what it had finished, one with the step inside again', async () => {
    const prepare = flow('prepare', { params: { days: param(z.number()) } }, ({ days }) => clean(load(days)));
    const fit = flow('fit', { params: { rows: param(z.array(z.number())) } }, ({ rows }) => report(train(rows, 2)));
    const both = flow('both', () => fit.asTask()({ rows: prepare.asTask()({ days: 6 }) as never }));
    await failed(both, 'report');
    expect(await both.resume()).toBe('model 6');
    expect(ran).toEqual(['report']);
    const { states } = await recorded('both/latest');
    expect(states).toEqual({ 'prepare#0': 'cached', 'fit#0': 'success', 'fit#0.train#0': 'cached', 'fit#0.report#0': 'success' });
    ran = [];
    await both.resume({ runId: 'both/latest', from: 'clean' });
    expect(ran).toEqual(['clean', 'train', 'report']);
  });

  it('branches, orElse and rules of their own come to the same', async () => {
    const choose = task(() => {
      note('choose');
      return true;
    });
    const risky = task((): number => {
      note('risky');
      throw new Error('always');
    });
    const backup = task(() => {
      note('backup');
      return 1;
    });
    const tidy = task(
      (a: number, b: number | undefined) => {
        note('tidy');
        return [a, b ?? 'none'];
      },
      { trigger: 'all-done' },
    );
    const last = task((x: unknown) => {
      note('last');
      return x;
    });
    const branching = flow('branching', () => {
      const value = when(
        choose(),
        () => backup(),
        () => backup(),
      );
      const lost = risky();
      return last(all([value, lost.orElse(backup()), tidy(1, lost)]));
    });
    await failed(branching, 'last');
    expect(await branching.resume()).toEqual([1, 1, [1, 'none']]);
    expect(ran.sort()).toEqual(['last', 'risky']);
  });

  it('named outputs, and what is not stored', async () => {
    const split = task(
      () => {
        note('split');
        return { a: [1], b: [2] };
      },
      { outputs: { a: json(), b: json() } },
    );
    const passing = task(
      (x: readonly number[]) => {
        note('passing');
        return x.length;
      },
      { persist: false },
    );
    const odd = task(
      () => {
        note('odd');
        return { run: () => 1 };
      },
      { persist: false },
    );
    const end = task((n: number, b: readonly number[]) => {
      note('end');
      return [n, ...b];
    });
    const outputs = flow('outputs', () => {
      const parts = split();
      odd();
      return end(passing(parts.a), parts.b);
    });
    await failed(outputs, 'end');
    expect(await outputs.resume()).toEqual([1, 2]);
    expect(ran.sort()).toEqual(['end', 'odd', 'passing']);
  });

  it('S25: a result that is gone is computed anew', async () => {
    const big = task(() => {
      note('big');
      return 'x'.repeat(100_000);
    });
    const end = task((text: string) => {
      note('end');
      return text.length;
    });
    const lossy = flow('lossy', () => end(big()));
    await failed(lossy, 'end');
    rmSync(join(home, 'store'), { recursive: true });
    expect(await lossy.resume()).toBe(100_000);
    expect(ran).toEqual(['big', 'end']);
    expect((await recorded('lossy/latest')).task('big#0').reason?.kind).toBe('missing');

    await failed(pipeline, 'train');
    const { tasks } = await recorded('pipeline/latest');
    {
      await using project = await openProject();
      await project.record.discard(tasks.flatMap(({ id, artifacts }) => (id === 'clean#0' ? artifacts.map(({ ref }) => ref.contentDigest) : [])));
    }
    expect(await pipeline.resume()).toBe('model 6');
    expect(ran).toEqual(['clean', 'train', 'report']);
    // What was computed in its place is there for who resumes that.
    const lost = await recorded('pipeline/latest');
    expect(lost.run.originRun).toBeDefined();
  });

  it('S31: child runs go on where they were', async () => {
    const child = flow('child', { params: { days: param({ default: 1 }) } }, ({ days }) => train(clean(load(days)), 1));
    const parent = flow('parent', () => all([child.startChild({ days: 4 }), child.startChild({ days: 6 })]));
    await failed(parent, 'train');
    expect(await parent.resume()).toEqual([2, 3]);
    expect(ran).toEqual(['train', 'train']);
    expect((await recorded('child/latest')).run.originRun).toBeDefined();
  });
});

describe('S30: code, keys and secrets', () => {
  it('code that changed is taken over with a warning, told once; --from runs it again', async () => {
    const made = (factor: number): Flow<Record<never, never>, unknown> => {
      const one = task(factor === 1 ? (n: number) => n * 1 : (n: number) => n * 2, { name: 'one' });
      const end = task(
        (list: readonly number[]) => {
          note('end');
          return list;
        },
        { name: 'end' },
      );
      return flow('coded', () => end(one.map([1, 2, 3])));
    };
    await failed(made(1), 'end');
    const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await made(2).resume()).toEqual([1, 2, 3]);
    const warnings = err.mock.calls.filter(([text]) => String(text).includes("the code of 'one' has changed since run"));
    err.mockRestore();
    expect(warnings).toHaveLength(1);
    expect(await made(2).resume({ runId: 'coded/latest', from: 'one' })).toEqual([2, 4, 6]);
  });

  it('cached tasks go by their key: other code executes', async () => {
    const made = (version: string): Flow<Record<never, never>, unknown> => {
      const one = task(
        () => {
          note('one');
          return version;
        },
        { name: 'one', cache: cache.default, version },
      );
      const end = task(
        (text: string) => {
          note('end');
          return text;
        },
        { name: 'end' },
      );
      return flow('keyed', () => end(one()));
    };
    await failed(made('1'), 'end');
    expect(await made('1').resume()).toBe('1');
    expect(ran).toEqual(['end']);
    await failed(made('1'), 'end');
    expect(await made('2').resume()).toBe('2');
    expect(ran).toEqual(['one', 'end']);
  });

  it('a key that is another in every run is no reason to execute again', async () => {
    const once = task(
      () => {
        note('once');
        return Math.random();
      },
      { cache: cache.inputs.and(cache.run) },
    );
    const end = task((a: number, b: number) => {
      note('end');
      return a === b;
    });
    const perRun = flow('per-run', () => end(once(), once()));
    await failed(perRun, 'end');
    expect(await perRun.resume()).toBe(true);
    expect(ran).toEqual(['end']);
    ran = [];
    await perRun.run({});
    expect(ran).toEqual(['once', 'end']);
  });

  it('S28: a forced run that failed goes on as forced: what it had not come to executes, cached or not', async () => {
    const cached = pipeline.with({ cache: cache.inputs });
    await cached.run({});
    ran = [];
    broken.add('train');
    await failureOf(cached.run({}, { force: true }));
    broken.clear();
    expect(ran).toEqual(['load', 'clean', 'train']);
    ran = [];
    await cached.resume();
    expect(ran).toEqual(['train', 'report']);
  });

  it('secrets are not in the record: they come again', async () => {
    const use = task((key: string, n: number) => {
      note('use');
      return key.length + n;
    });
    const secretive = flow('secretive', { params: { key: param(z.string(), { secret: true }), n: param({ default: 1 }) } }, ({ key, n }) =>
      use(key, n),
    );
    await failed(secretive, 'use', { key: 'hush-hush', n: 5 });
    await expect(secretive.resume()).rejects.toThrow("parameter 'key' is missing: expected string again, since secrets are not recorded");
    expect(await secretive.resume({ params: { key: 'hush-hush' } })).toBe(14);
    await failed(secretive, 'use', { key: 'hush-hush', n: 5 });
    vi.stubEnv('MILLRACE_PARAM_KEY', 'hush-hush');
    vi.stubEnv('MILLRACE_PARAM_N', '7');
    // What was recorded goes before the environment, which may be another by now.
    expect(await secretive.resume()).toBe(14);
    vi.unstubAllEnvs();
    vi.stubEnv('MILLRACE_HOME', home);
  });

  it('S18: a number that is a secret cannot be read from the digests that are recorded, and what it was given to is found again all the same', async () => {
    const open = task((pin: number) => {
      note('open');
      return pin % 10;
    });
    const cached = task((pin: number) => pin % 7, { name: 'cached', cache: cache.default, version: '1' });
    const vault = flow('vault', { params: { pin: param(z.number(), { secret: true }) } }, ({ pin }) => {
      const [first, second] = [open(pin), cached(pin)];
      return train([first, second], 1);
    });
    const runId = await failed(vault, 'train', { pin: 987_654 });
    await using project = await openProject();
    const entries = await project.record.entriesOfTask('cached', 5);
    const taskRuns = await project.record.taskRuns(runId);
    const hex = Buffer.from('987654').toString('hex');
    expect(JSON.stringify([taskRuns, entries])).not.toMatch(new RegExp(`987654|${hex}`));
    expect(taskRuns.find(({ id }) => id === 'open#0')?.inputs?.pin).toMatchObject({ shown: '***', digest: expect.stringMatching(/^[0-9a-f]{32}$/) });
    ran = [];
    await vault.resume({ params: { pin: 987_654 } });
    expect(ran).toEqual(['train']);
    ran = [];
    await vault.resume({ runId, params: { pin: 11 } });
    expect(ran).toEqual(['open', 'train']);
    expect((await recorded('vault/latest')).task('cached#0').reason).toMatchObject({ kind: 'input-changed', detail: expect.stringContaining('pin') });
  });

  it('parameters that a schema transforms are not transformed again', async () => {
    const transformed = flow('transformed', { params: { day: param(z.string().transform((text) => new Date(text))) } }, ({ day }) =>
      task(
        (at: Date) => {
          note('use');
          return at.getUTCFullYear();
        },
        { name: 'use' },
      )(day),
    );
    await failed(transformed, 'use', { day: '2026-02-03' });
    expect(await transformed.resume()).toBe(2026);
    const schema = flow('by schema', { params: z.object({ day: z.string().transform((text) => new Date(text)) }) }, ({ day }) =>
      task(
        (at: Date) => {
          note('use');
          return at.getUTCFullYear();
        },
        { name: 'use' },
      )(day),
    );
    await failed(schema, 'use', { day: '2025-02-03' });
    expect(await schema.resume()).toBe(2025);
  });

  it('a resumed run can be cancelled, and resumed', async () => {
    await failed(pipeline, 'train');
    const { opened, open } = gate();
    const controller = new AbortController();
    const stopping = pipeline.with({ hooks: { onStart: () => open() } });
    const resumed = failureOf(stopping.resume({ signal: controller.signal }));
    await opened;
    controller.abort('enough');
    expect((await recorded((await resumed).runId)).run.state).toBe('cancelled');
    ran = [];
    expect(await pipeline.resume()).toBe('model 6');
    expect(ran).not.toContain('load');
  });
});
