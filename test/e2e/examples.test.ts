import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from 'vega-lite';
import { afterAll, describe, expect, it } from 'vitest';
import { type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'millrace-examples-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

/** What `millrace run --json` prints. */
interface Ran {
  readonly run: string;
  readonly flow: string;
  readonly state: string;
  readonly result: unknown;
  readonly failed: readonly { readonly task: string; readonly state: string }[];
}

interface Example extends Shell {
  run(...args: readonly string[]): Promise<Ran>;
  preview(...args: readonly string[]): Promise<Preview>;
  /** The states of a run's tasks, by id. */
  states(run: string): Promise<Record<string, string>>;
  /** A file in the folder that the command runs in. */
  write(name: string, text: string): string;
}

interface Preview {
  readonly complete: boolean;
  readonly nodes: readonly { readonly id: string; readonly certain: boolean }[];
}

/** An example, run in a folder and a project of its own. Its scratch folders are there, too. */
function example(name: string, env: Readonly<Record<string, string>> = {}): Example {
  const folder = mkdtempSync(join(root, `${name}-`));
  mkdirSync(join(folder, 'tmp'));
  const shell = shellIn(folder, { TMPDIR: join(folder, 'tmp'), ...env });
  const file = join(EXAMPLES, name, 'flow.ts');
  return {
    ...shell,
    run: async (...args) => await shell.json<Ran>('run', file, ...args),
    preview: async (...args) => await shell.json<Preview>('preview', file, ...args),
    states: async (run) => statesOf(await shell.json<RecordedRun>('inspect', run)),
    write: (at, text) => {
      writeFileSync(join(folder, at), text);
      return join(folder, at);
    },
  };
}

describe.concurrent('examples/etl', () => {
  it('S12: loads the months, although nothing was loaded before; the scratch folder is gone', async () => {
    const etl = example('etl');
    const ran = await etl.run();
    expect(ran).toMatchObject({ state: 'success', result: { months: 48, added: 48 }, failed: [{ task: 'loadedBefore#0' }] });
    const months = JSON.parse(readFileSync(join(etl.folder, 'out/weather-by-month.json'), 'utf8')) as { month: string }[];
    expect(months.map(({ month }) => month).slice(0, 2)).toEqual(['2012-01', '2012-02']);
    expect(await etl.states(ran.run)).toMatchObject({ 'load#0': 'success', 'cleanUp#0': 'success', 'alarm#0': 'skipped' });
    expect(readdirSync(join(etl.folder, 'tmp'))).toEqual([]);
    expect((await etl.millrace('logs', `${ran.run}/transform#0`)).out).toContain("check 'no frost' did not pass: 72 days went below freezing");
    expect(await etl.run()).toMatchObject({ result: { months: 48, added: 0 }, failed: [] });
  });

  it('S11, S12: a check that fails leaves the target alone, cleans up, sounds the alarm, and the run is red', async () => {
    const etl = example('etl');
    const source = etl.write('broken.csv', 'date,precipitation,temp_max,temp_min\n2012-01-01,much,1,2\n');
    const { code, err } = await etl.millrace('run', join(EXAMPLES, 'etl/flow.ts'), '--param', `source=${source}`, '--quiet');
    expect(code).toBe(1);
    expect(err).toContain("'every cell is a number' (the day '2012-01-01' has a cell that is none)");
    expect(await etl.states('etl/latest')).toMatchObject({
      'transform#0': 'failed',
      'summarize#0': 'upstream-failed',
      'load#0': 'upstream-failed',
      'cleanUp#0': 'success',
      'alarm#0': 'success',
    });
    expect((await etl.millrace('logs', 'etl/latest/alarm#0')).out).toContain('ALARM: out/weather-by-month.json was not brought up to date');
    expect(readdirSync(join(etl.folder, 'tmp'))).toEqual([]);
    expect(existsSync(join(etl.folder, 'out'))).toBe(false);
  });
});

describe.concurrent('examples/sensors', () => {
  it('waits for the file; the service lives as long as it is used', async () => {
    const sensors = example('sensors');
    const running = sensors.run('prices');
    sensors.write('prices.txt', '250\n1999\n');
    const ran = await running;
    expect(ran).toMatchObject({ flow: 'prices', state: 'success', result: ['2.50', '19.99'] });
    expect(await sensors.states(ran.run)).toEqual({
      'delivered#0': 'success',
      'readPrices#0': 'success',
      'converter#0': 'success',
      'convert#0': 'success',
      'converter teardown#0': 'success',
    });
    expect((await sensors.millrace('logs', 'prices/latest')).out).toMatch(/the converter is up[\s\S]*the converter is down/);
  });
});

describe.concurrent('examples/map-files', () => {
  it('S8: measures every real file, each in a call of its own', async () => {
    const files = example('map-files');
    const ran = await files.run();
    expect(ran).toMatchObject({ state: 'success', result: { total: { largest: 'flights-200k.json' }, refused: [] } });
    const { total } = ran.result as { total: { files: number; rows: number } };
    expect(total.files).toBeGreaterThan(50);
    const measured = Object.entries(await files.states(ran.run)).filter(([id]) => id.startsWith('measure#0['));
    expect(measured).toHaveLength(total.files);
    expect(measured).toContainEqual(['measure#0[penguins.json]', 'success']);
  });

  it('S8, S12: a broken file and an empty one fail their own calls, and are told of', async () => {
    const files = example('map-files');
    files.write('a.csv', 'x,y\n1,2\n3,4\n');
    files.write('b.json', '{ broken');
    files.write('c.csv', 'x,y\n');
    files.write('d.json', '[1, 2, 3]');
    const ran = await files.run('--param', `folder=${files.folder}`);
    expect(ran.state).toBe('success');
    expect(ran.result).toMatchObject({ total: { files: 2, rows: 5, largest: 'a.csv' }, refused: ['b.json', 'c.csv'] });
    expect(await files.states(ran.run)).toMatchObject({ 'measure#0[b.json]': 'failed', 'measure#0[d.json]': 'success', 'kind#0[1]': 'success' });
  });

  it('S8: an empty folder gives an empty list, not an error', async () => {
    const files = example('map-files');
    const ran = await files.run('--param', `folder=${join(files.folder, 'tmp')}`);
    expect(ran).toMatchObject({ state: 'success', result: { total: { files: 0, rows: 0 }, densest: [], refused: [] } });
  });
});

describe.concurrent('examples/branches', () => {
  it.each([
    [['--param', 'symbol=AMZN'], { verdict: '2.0 times its first price' }, 'gain#0'],
    [['--param', 'symbol=AMZN', '--param', 'prices=100,20,30'], { verdict: '70 % lost' }, 'loss#0'],
    [['--param', 'prices=100,90,105'], { verdict: 'between 90 and 105' }, 'spread#0'],
  ])('S11: judge %j takes one branch and skips the others', async (args, result, taken) => {
    const branches = example('branches');
    const ran = await branches.run('judge', ...args);
    expect(ran).toMatchObject({ state: 'success', result });
    const states = await branches.states(ran.run);
    for (const id of ['gain#0', 'loss#0', 'spread#0']) expect(states[id]).toBe(id === taken ? 'success' : 'skipped');
  });

  it('S29: the preview shows every branch and is complete; that of a loop says where it had to stop', async () => {
    const branches = example('branches');
    const judge = await branches.preview('judge');
    expect(judge.complete).toBe(true);
    expect(judge.nodes.map(({ id }) => id)).toEqual(expect.arrayContaining(['gain#0', 'loss#0', 'spread#0', 'worstMonth#0']));
    expect((await branches.preview('smooth')).complete).toBe(false);
  });

  it('S3: the loop runs as often as it has to', async () => {
    const branches = example('branches');
    const { run, result } = await branches.run('smooth', '--param', 'turns=30');
    const { months, turns } = result as { months: number; turns: number };
    expect(turns).toBeLessThanOrEqual(30);
    const calls = Object.keys(await branches.states(run)).filter((id) => id.startsWith('smoothed#'));
    expect(calls).toHaveLength(Math.log2(months) + 1);
  });
});

describe.concurrent('examples/parameters', () => {
  it('S17: takes them from the command line, a file and the environment, in this order', async () => {
    const parameters = example('parameters', { SHOP_TOKEN: 'a-very-secret-token', MILLRACE_PARAM_RATIO: '0.5', MILLRACE_PARAM_DAYS: '30' });
    const file = parameters.write('params.json', JSON.stringify({ to: 'ada@example.org', days: 3, columns: ['a', 'b'] }));
    const ran = await parameters.run('with-zod', '--param-file', file, '--param', 'format=json');
    expect(ran.result).toEqual({ settings: ['format="json"', 'ratio=0.5', 'days=3', 'columns=["a","b"]'], signed: 19 });
  });

  it('S18: the secret is masked in the log and in the record', async () => {
    const parameters = example('parameters', { SHOP_TOKEN: 'a-very-secret-token' });
    await parameters.run('with-zod', '--param', 'to=ada@example.org');
    const log = (await parameters.millrace('logs', 'with-zod/latest')).out;
    const record = (await parameters.millrace('inspect', 'with-zod/latest', '--json')).out;
    expect(log).toContain('signing for ada@example.org with ***');
    expect(log + record).not.toContain('a-very-secret-token');
  });

  it('S17, S32: everything that is wrong is told before anything runs', async () => {
    const parameters = example('parameters');
    const args = ['with-zod', '--param', 'format=xml', '--param', 'ration=0.3'];
    const { code, err } = await parameters.millrace('run', join(EXAMPLES, 'parameters/flow.ts'), ...args);
    expect(code).toBe(2);
    for (const part of ["'to' is missing", "'format' (from command line): expected", "did you mean 'ratio'?"]) expect(err).toContain(part);
  });

  it('S17: one schema judges all of them together', async () => {
    const parameters = example('parameters');
    expect((await parameters.run('with-valibot', '--param', 'to=3', '--param', 'step=2')).result).toEqual(['from=0', 'to=3', 'step=2']);
    const { code, err } = await parameters.millrace('run', join(EXAMPLES, 'parameters/flow.ts'), 'with-valibot', '-p', 'from=5', '-p', 'to=3');
    expect(code).toBe(2);
    expect(err).toContain('`from` must not be above `to`');
  });
});

describe.concurrent('examples/class-style', () => {
  it('the class gives what the functions give, and a subclass overrides a task', async () => {
    const classes = example('class-style');
    const functions = await classes.run('cars', '--param', 'origin=Europe');
    const byClass = await classes.run('cars-class', '--param', 'origin=Europe');
    expect(functions.result).toMatchObject({ mean: 27.9 });
    expect(byClass.result).toEqual(functions.result);
    expect(await classes.states(byClass.run)).toEqual({ 'load#0': 'success', 'average#0': 'success', 'best#0': 'success' });
    const varied = (await classes.run('cars-by-length-of-name', '--param', 'origin=Europe')).result as { mean: number; thriftiest: string };
    expect(varied.mean).toBe(27.9);
    expect(varied.thriftiest).not.toBe((functions.result as { thriftiest: string }).thriftiest);
  });
});

describe.concurrent('examples/dependent-flows', () => {
  it('S7: a flow as a task is a part of the run; a child is a run of its own, waited for or not', async () => {
    const flows = example('dependent-flows');
    expect((await flows.millrace('run', join(EXAMPLES, 'dependent-flows/flow.ts'), 'look-back', '-q')).err).toContain('there is no report yet');
    const season = await flows.run('season', '--param', 'year=1931');
    const { text, notified } = season.result as { text: string; notified: string };
    expect(text).toMatch(/^1931: \d+ bushels an acre, .* the best$/);
    expect(Object.keys(await flows.states(season.run)).sort()).toEqual(['run report#0', 'sentence#0', 'start notify#0']);
    expect(await flows.states('report/latest')).toMatchObject({ 'meanYield#0': 'success', 'bestOf#0': 'success' });
    expect(await flows.states(notified)).toEqual({ 'announce#0': 'success' });
    expect((await flows.millrace('logs', notified)).out).toContain(text);
    expect((await flows.run('look-back')).result).toMatchObject({ harvests: 60 });
  });
});

describe.concurrent('examples/notifications', () => {
  it.each([
    ['0', { event: 'failure', state: 'failed', failed: ['count#0'] }],
    ['3', { event: 'success', state: 'success', failed: [] }],
  ])('with %s rows, the receiver has what is signed', async (rows, event) => {
    expect(await example('notifications').run('-p', `rows=${rows}`)).toMatchObject({ state: 'success', result: [event] });
  });
});

describe.concurrent('examples/resilience', () => {
  it('S12, S13: retries save one task; every other failure is handled, and the run is green', async () => {
    const resilience = example('resilience');
    const ran = await resilience.run();
    expect(ran.state).toBe('success');
    expect(ran.result).toEqual({
      ends: { rate: 'success', ponder: 'timed-out', signIn: 'failed', publish: 'skipped', count: 'failed' },
      lines: '0',
      exitCode: 1,
    });
    const { taskRuns } = await resilience.json<{ taskRuns: readonly { id: string; attempts: number }[] }>('inspect', ran.run);
    const attempts = Object.fromEntries(taskRuns.map((taskRun) => [taskRun.id, taskRun.attempts]));
    expect(attempts).toMatchObject({ 'fetchRate#0': 3, 'signIn#0': 1, 'ponder#0': 1 });
    const log = (await resilience.millrace('logs', `${ran.run}/fetchRate#0`)).out;
    expect(log).toContain('hook: once more, because attempt 2: the service is busy');
    expect(log).toContain('hook: 1.09 at attempt 3');
  });

  it('a command that finds something, and a token', async () => {
    const { result } = await example('resilience').run('--param', 'pattern=MSFT', '--param', 'token=abc');
    expect(result).toMatchObject({ ends: { signIn: 'success', count: 'success' }, lines: '123', exitCode: 0 });
  });
});

describe.concurrent('examples/flights', () => {
  it('S16, S20, D6: three million rows by column, each output in a format of its own; the second run reads none of them', async () => {
    const flights = example('flights');
    const ran = await flights.run();
    expect(ran).toMatchObject({ state: 'success', failed: [] });
    expect(ran.result).toEqual({ summary: { flights: 2_999_997, worstHour: 0, worstAirport: 'JFK' }, morningGainMinutes: 10.8 });
    const { taskRuns } = await flights.json<{ taskRuns: readonly { id: string; artifacts: readonly { name: string; ref: { format: string } }[] }[] }>(
      'inspect',
      ran.run,
    );
    const formats = taskRuns.flatMap(({ id, artifacts }) => artifacts.map(({ name, ref }) => `${id} ${name} ${ref.format}`));
    expect(formats.sort()).toEqual([
      'clean#0  parquet',
      'delays#0 airports csv',
      'delays#0 byHour parquet',
      'delays#0 summary json',
      'morningGain#0  json',
      'read#0  parquet',
    ]);
    const again = await flights.run();
    expect(again.result).toEqual(ran.result);
    expect(new Set(Object.values(await flights.states(again.run)))).toEqual(new Set(['cached']));
  });
});

describe.concurrent('examples/mileage', () => {
  it('M9: leaves a loss, a table, a plot and a card, which are found again; also when all of it is reused', async () => {
    const mileage = example('mileage');
    expect(await mileage.run()).toMatchObject({ state: 'success', result: { r2: 0.706 } });
    const look = async () => await mileage.json<Beside>('inspect', 'mileage/latest');
    const first = await look();
    expect(first.runArtifacts.map(({ of, name, kind }) => `${of} ${name} ${kind}`)).toEqual([
      '(a parameter) cars value',
      'prepare#0 features table',
      'train#0 fit plot',
      'train#0 worst table',
      'card#0 card markdown',
    ]);
    expect(first.metrics).toMatchObject([
      { of: 'train#0', name: 'loss', count: 200, last: { step: 199 } },
      { of: 'score#0', name: 'r2', count: 1 },
    ]);
    const again = await mileage.run();
    expect(Object.values(await mileage.states(again.run))).toEqual(['cached', 'cached', 'cached', 'cached']);
    const names = ({ runArtifacts, metrics }: Beside) => [...runArtifacts, ...metrics].map(({ of, name }) => `${of} ${name}`);
    expect(names(await look())).toEqual(names(first));
  });

  it('M9: shows them, and writes them to files', async () => {
    const mileage = example('mileage');
    await mileage.run();
    expect((await mileage.millrace('inspect', 'mileage/latest', '--artifact', 'card')).out).toContain('it explains **70.6 %**');
    expect((await mileage.millrace('inspect', 'mileage/latest', '--artifact', 'worst')).out).toMatch(/^name +mpg +predicted\nmazda glc +46\.6 /);
    const loss = (await mileage.millrace('inspect', 'mileage/latest/train', '--metric', 'loss')).out.trim().split('\n');
    expect([loss[0], loss.length]).toEqual(['step,value', 201]);
    const { err } = await mileage.millrace('inspect', 'mileage/latest/train', '--artifact', 'fit', '-o', 'fit.vl.json');
    expect(err).toContain('fit (plot, application/vnd.vegalite.v6+json');
    const spec = JSON.parse(readFileSync(join(mileage.folder, 'fit.vl.json'), 'utf8')) as { data: { values: unknown[] } };
    expect(spec.data.values).toHaveLength(392);
    expect(compile(spec as never).spec.marks).toHaveLength(1);
    expect(await mileage.millrace('inspect', 'mileage/latest', '--artifact', 'crad')).toMatchObject({
      code: 1,
      err: expect.stringContaining("did you mean 'card'?"),
    });
  });

  it('S13: what a training gave that diverged is shown on demand', async () => {
    const mileage = example('mileage');
    expect(await mileage.run('--param', 'rate=5')).toMatchObject({ state: 'failed' });
    expect((await mileage.json<Beside>('inspect', 'mileage/latest/train')).metrics).toEqual([]);
    const { metrics } = await mileage.json<Beside>('inspect', 'mileage/latest/train', '--last-attempt');
    expect(metrics).toMatchObject([{ name: 'loss', last: { value: 'Infinity' } }]);
  });

  it('S17, S18: another file, and what is wrong with it', async () => {
    const mileage = example('mileage');
    const cars = Array.from({ length: 12 }, (_, at) => ({ Name: `car ${at}`, Miles_per_Gallon: 50 - at, Horsepower: at * at, Weight_in_lbs: at }));
    const few = mileage.write('few.json', JSON.stringify(cars));
    expect((await mileage.run('--param', `cars=${few}`)).state).toBe('success');
    mileage.write('few.json', '[]');
    expect((await mileage.millrace('inspect', 'mileage/latest', '--artifact', 'cars', '-o', '-')).out).toBe(JSON.stringify(cars));
    const { code, err } = await mileage.millrace('run', join(EXAMPLES, 'mileage/flow.ts'), '--param', `cars=${few}`, '-q');
    expect(code).toBe(2);
    expect(err).toContain("few.json' to fit its schema, got Too small: expected array to have >=10 items");
    expect((await mileage.millrace('show', join(EXAMPLES, 'mileage/flow.ts'))).out).toMatch(
      /cars +file \(json\) +\/.*cars\.json +a JSON file of cars/,
    );
  });
});

/** What `inspect --json` says of what was given beside results. */
interface Beside {
  readonly runArtifacts: readonly { readonly of: string; readonly name: string; readonly kind: string }[];
  readonly metrics: readonly { readonly of: string; readonly name: string }[];
}
