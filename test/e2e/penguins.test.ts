import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const FLOW = 'examples/penguins/flow.ts';
const PREDICT = 'examples/penguins/predict.ts';
const TASKS = ['read#0', 'clean#0', 'split#0', 'trainForest#0', 'trainNeighbours#0', 'score#0', 'score#1', 'choose#0'];

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What `millrace run --json` prints. */
interface RunDocument {
  readonly run: string;
  readonly flow: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly result: unknown;
}

interface Judged {
  readonly chosen: string;
  readonly accuracy: number;
}

let folder: string;
/** A home in which the flow has run once. */
let home: string;
let first: RunDocument;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-penguins-'));
  home = join(folder, 'home');
  first = await run(home, FLOW);
});

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

async function millrace(at: string, ...args: readonly string[]): Promise<Printed> {
  const env = { ...process.env, MILLRACE_HOME: at };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [CLI, ...args], { cwd: ROOT, env });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

async function run(at: string, file: string, ...params: readonly string[]): Promise<RunDocument> {
  const printed = await millrace(at, 'run', file, '--json', ...params.flatMap((param) => ['--param', param]));
  expect(printed).toMatchObject({ code: 0, err: '' });
  return JSON.parse(printed.out) as RunDocument;
}

/** The state of each task of a run, as the record has it. */
async function statesOf(runId: string): Promise<Readonly<Record<string, string>>> {
  const { out } = await millrace(home, 'inspect', runId, '--json');
  const { taskRuns } = JSON.parse(out) as { readonly taskRuns: readonly { readonly id: string; readonly state: string }[] };
  return Object.fromEntries(taskRuns.map(({ id, state }) => [id, state]));
}

const everyTask = (state: string): Readonly<Record<string, string>> => Object.fromEntries(TASKS.map((id) => [id, state]));

describe('the worked example, from the command line', () => {
  it('trains two models on the real data, scores both and chooses the better', async () => {
    expect(first).toMatchObject({ flow: 'penguins', state: 'success', counts: { success: 8 } });
    const { chosen, accuracy } = first.result as Judged;
    expect(['random forest', 'nearest neighbours']).toContain(chosen);
    expect(accuracy).toBeGreaterThan(0.9);
    expect(await statesOf(first.run)).toEqual(everyTask('success'));
    expect((await millrace(home, 'logs', `${first.run}/clean#0`)).out).toContain('342 of 344 rows are complete; 2 dropped');
  });

  it('S20: a second run reuses everything, and gives the same', async () => {
    const second = await run(home, FLOW);
    expect(second.counts).toEqual({ cached: 8 });
    expect(second.result).toEqual(first.result);
    expect(await statesOf(second.run)).toEqual(everyTask('cached'));
  });

  it('the same parameters give the same model in an empty home', async () => {
    const elsewhere = await run(join(folder, 'elsewhere'), FLOW);
    expect(elsewhere).toMatchObject({ counts: { success: 8 }, result: first.result as Judged });
  });

  it('S21: another testRatio re-runs what comes after the split, and nothing before', async () => {
    const { run: id } = await run(home, FLOW, 'testRatio=0.4');
    expect(await statesOf(id)).toEqual({ ...everyTask('success'), 'read#0': 'cached', 'clean#0': 'cached' });
  });

  it('S21: another size of the forest leaves the other model alone', async () => {
    const { run: id } = await run(home, FLOW, 'trees=10');
    expect(await statesOf(id)).toEqual({
      ...everyTask('cached'),
      'trainForest#0': 'success',
      'score#0': 'success',
      'choose#0': 'success',
    });
  });

  it('a second flow loads the kept model and classifies new rows', async () => {
    expect(await run(home, PREDICT)).toMatchObject({ flow: 'classify-penguins', result: ['Adelie', 'Chinstrap', 'Gentoo'] });
    const gentoo = { beakLengthMm: 50, beakDepthMm: 15.2, flipperLengthMm: 222, bodyMassG: 5_600 };
    expect((await run(home, PREDICT, `rows=${JSON.stringify([gentoo])}`)).result).toEqual(['Gentoo']);
  });

  it('S32: without a kept model the second flow fails, and says how to get one', async () => {
    const { code, err } = await millrace(join(folder, 'none'), 'run', PREDICT, '--quiet');
    expect(code).toBe(1);
    expect(err).toContain('there is no model yet');
  });

  it('data with an impossible measurement are refused', async () => {
    const data = join(folder, 'wrong.json');
    const row = { Species: 'Adelie', 'Beak Length (mm)': 39.1, 'Beak Depth (mm)': 18.7, 'Flipper Length (mm)': 181, 'Body Mass (g)': -3_750 };
    writeFileSync(data, JSON.stringify([row]));
    const { code, err } = await millrace(home, 'run', FLOW, '--quiet', '--param', `data=${data}`);
    expect(code).toBe(1);
    expect(err).toContain("task 'clean#0' failed");
    expect(err).toContain('bodyMassG');
  });

  it('S17, S32: a wrong parameter is refused before anything runs, with exit code 2', async () => {
    const refused = await millrace(home, 'run', FLOW, '--param', 'testRatio=2');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("error[PARAMETER_INVALID]: parameter 'testRatio' (from command line): expected number");
    const unknown = await millrace(home, 'run', FLOW, '--param', 'testRato=0.3');
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("unknown parameter 'testRato' (from command line): did you mean 'testRatio'?");
  });
});

describe('the worked example, drawn and previewed', () => {
  it('show names every parameter with its help, and every task', async () => {
    const { code, out } = await millrace(home, 'show', FLOW);
    expect(code).toBe(0);
    for (const word of ['data', 'testRatio', 'trees', 'neighbours', 'seed', 'share of the penguins', ...TASKS]) expect(out).toContain(word);
  });

  it('visualize draws DOT, mermaid and SVG', async () => {
    const { out: dot } = await millrace(home, 'visualize', FLOW);
    expect(dot).toMatch(/^digraph "penguins" \{/);
    expect(dot).toContain('"split#0" -> "trainForest#0"');
    expect((await millrace(home, 'visualize', FLOW, '--format', 'mermaid')).out).toMatch(/^flowchart /m);
    expect((await millrace(home, 'visualize', FLOW, '--format', 'svg')).out).toContain('<svg');
  });

  it('S27: preview says what would run and why, and runs nothing', async () => {
    const before = (await millrace(home, 'runs', '--json')).out;
    const { out } = await millrace(home, 'preview', FLOW, '--param', 'testRatio=0.15', '--json');
    const { complete, nodes } = JSON.parse(out) as {
      readonly complete: boolean;
      readonly nodes: readonly { readonly id: string; readonly state: string; readonly why?: { readonly kind: string; readonly detail?: string } }[];
    };
    expect(complete).toBe(true);
    expect(nodes.map(({ id }) => id)).toEqual(TASKS);
    expect(nodes.slice(0, 2).map(({ state }) => state)).toEqual(['complete', 'complete']);
    expect(nodes[2]).toMatchObject({ state: 'pending', why: { kind: 'input-changed', detail: expect.stringContaining('testRatio') } });
    expect((await millrace(home, 'runs', '--json')).out).toBe(before);
  });

  it('shows what a reused task run gave, though an earlier run made it', async () => {
    await run(home, FLOW);
    const { out } = await millrace(home, 'inspect', 'penguins/latest/choose', '--json');
    const taskRun = JSON.parse(out) as { readonly state: string; readonly artifacts: readonly { readonly name: string }[]; readonly value?: unknown };
    expect(taskRun.state).toBe('cached');
    expect(taskRun.artifacts.map(({ name }) => name)).toContain('model');
    expect(taskRun.value).toHaveProperty('accuracy');
  });

  it('refuses to force a task that the flow does not have, and says which was meant', async () => {
    const refused = await millrace(home, 'run', FLOW, '--force-task', 'chose');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("got 'chose'");
    expect(refused.err).toContain("Did you mean 'choose'?");
  });
});
