import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, shellIn } from './spawned.js';

const FILE = fixture('talkers.ts');
const folder = mkdtempSync(join(tmpdir(), 'millrace-output-'));
const project = shellIn(folder);
const ESCAPE = String.fromCharCode(27);

/** The first run: others are under way while it is looked at. */
let first = '';

beforeAll(async () => {
  expect((await project.millrace('run', FILE, 'talkers', '--quiet')).code).toBe(0);
  const [run] = await project.json<readonly { id: string }[]>('runs');
  first = run?.id ?? '';
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.concurrent('what tasks print', () => {
  it.each([
    ['talker#0', 'anna'],
    ['talker#1', 'berta'],
    ['talker#2', 'carla'],
  ])('%s: its lines are its own, whole and in order, though others print at the same time', async (task, name) => {
    const { code, out } = await project.millrace('logs', `${first}/${task}`, '--json');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { node: string; level: string; text: string });
    expect(code).toBe(0);
    expect(lines.every(({ node }) => node === task)).toBe(true);
    expect(lines.map(({ level, text }) => `${level}: ${text}`)).toEqual([
      `info: ${name} says hello`,
      `info: ${name} writes in pieces`,
      `warn: ${name} warns`,
      `error: ${name} errs`,
      `info: ${name} calls back`,
    ]);
  });

  it('the log of the run has them all, and those of the body', async () => {
    const { out } = await project.millrace('logs', first);
    expect(out.trimEnd().split('\n')).toHaveLength(16);
    expect(out).toMatch(/the body prints/);
    const warnings = (await project.millrace('logs', first, '--level', 'warn')).out;
    expect(warnings.trimEnd().split('\n')).toHaveLength(6);
  });
});

describe.concurrent('the output of a run', () => {
  it('not on a terminal: each event is a line of JSON, the last of them tells how the run ended', async () => {
    const { code, out, err } = await project.millrace('run', FILE, 'talkers');
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const event of events)
      expect(event).toMatchObject({ level: expect.any(String), time: expect.stringMatching(/^\d{4}-.*Z$/), run: events[0]?.run, flow: 'talkers' });
    expect(events.at(-1)).toMatchObject({ type: 'run-state', state: 'success', counts: { success: 3 } });
    expect(events).toContainEqual(expect.objectContaining({ type: 'log', node: 'talker#0', msg: 'anna says hello' }));
    expect(events).toContainEqual(expect.objectContaining({ type: 'task-state', node: 'talker#2', task: 'talker', state: 'success' }));
  });

  it('--json: one document with run, state, counts and result; of a failure with the failed tasks and the error', async () => {
    const good = await project.millrace('run', FILE, 'talkers', '--json');
    expect({ ...good, out: JSON.parse(good.out) }).toMatchObject({
      code: 0,
      err: '',
      out: {
        run: expect.stringMatching(/^\d{8}-/),
        flow: 'talkers',
        state: 'success',
        ms: expect.any(Number),
        counts: { success: 3 },
        result: ['anna', 'berta', 'carla'],
        failed: [],
      },
    });
    const bad = await project.millrace('run', FILE, 'talkers', '--json', '-p', 'fail=true');
    expect({ code: bad.code, out: JSON.parse(bad.out) }).toMatchObject({
      code: 1,
      out: {
        state: 'failed',
        counts: { success: 3, failed: 1 },
        failed: [{ task: 'fails#0', state: 'failed', attempts: 1, error: { cause: { name: 'TypeError', message: 'this one fails' } } }],
        error: { code: 'RUN_FAILED', message: expect.stringContaining("task 'fails#0' failed: this one fails") },
      },
    });
  });

  it('--quiet: nothing of a success; of a failure the task, its error and its place, on the standard error', async () => {
    expect(await project.millrace('run', FILE, 'talkers', '--quiet')).toEqual({ code: 0, signal: null, out: '', err: '' });
    const { code, out, err } = await project.millrace('run', FILE, 'talkers', '-q', '-p', 'fail=true');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain("Task 'fails#0'");
    expect(err).toContain('TypeError: this one fails');
    expect(err).toMatch(/at \S+talkers\.ts:\d+:\d+/);
  });

  it('NO_COLOR takes every colour away, also where FORCE_COLOR asks for them; without it FORCE_COLOR is heard', async () => {
    const coloured = await shellIn(folder, { FORCE_COLOR: '1' }).millrace('runs');
    expect(coloured.out).toContain(ESCAPE);
    for (const env of [{ NO_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '1' }]) {
      const plain = shellIn(folder, env);
      for (const command of [['runs'], ['inspect', first], ['run', FILE, 'talkers', '-q', '-p', 'fail=true'], ['run', 'nowhere.ts']]) {
        const { out, err } = await plain.millrace(...command);
        expect(out + err).not.toContain(ESCAPE);
        expect(out + err).not.toBe('');
      }
    }
  });
});

describe.concurrent('exit codes (S32)', () => {
  it.each([
    [0, ['run', FILE, '-q']],
    [0, ['--help']],
    [1, ['run', FILE, '-q', '-p', 'fail=true']],
    [1, ['inspect', 'nothing/latest']],
    [1, ['runs', '--flow', 'nothing']],
    [2, ['run', FILE, 'talkres']],
    [2, ['run', FILE, '-p', 'fail=perhaps']],
    [2, ['run', 'missing.ts']],
    [2, ['run', FILE, '--quite']],
    [2, ['rnu', FILE]],
    [2, ['run']],
  ])('%i: millrace %j', async (expected, command) => {
    const { code, err } = await project.millrace(...command);
    expect(code).toBe(expected);
    if (expected === 2) expect(err).toMatch(/^error\[\w+\]: .+/);
  });
});

describe.concurrent('a look-up of what is not there suggests the nearest (S32)', () => {
  it.each([
    [['inspect', 'talker/latest'], 'RUN_UNKNOWN', /flow 'talker' has no runs in \S+/, /did you mean talkers\/latest\?/],
    [['inspect', '<first>/talker#3'], 'TASK_RUN_UNKNOWN', /has no task 'talker#3'/, /did you mean \S+\/talker#\d\?/],
    [['inspect', '<first>/talker'], 'TASK_RUN_AMBIGUOUS', /task 'talker' ran 3 times/, /name one of them: talker#0, talker#1, talker#2/],
    [['logs', '<first>/tlaker'], 'TASK_RUN_UNKNOWN', /has no task 'tlaker'/, /did you mean \S+\/talker/],
  ] as const)('%j', async (command, code, sentence, hint) => {
    const ended = await project.millrace(...command.map((word) => word.replace('<first>', first)));
    expect({ code: ended.code, out: ended.out }).toEqual({ code: 1, out: '' });
    expect(ended.err).toContain(`error[${code}]: `);
    expect(ended.err).toMatch(sentence);
    expect(ended.err).toMatch(hint);
  });

  it('an id with a letter wrong: the run that was meant', async () => {
    const { err } = await project.millrace('inspect', `${first.slice(0, -1)}~`);
    expect(err).toContain('error[RUN_UNKNOWN]: there is no run');
    expect(err).toContain(`did you mean ${first}`);
    // What no id can look like is not asked for.
    const refused = await project.millrace('inspect', `${first.slice(0, -1)}?`);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('error[RUN_ID_INVALID]') });
    expect(refused.err).toContain(`did you mean ${first}`);
  });
});
