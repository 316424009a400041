import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ServiceRecord } from '../../src/runs/service/service-record.js';
import { type Shell, type Spawned, shellIn, spawnNode } from './spawned.js';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'millrace-serve-'));
const started: Spawned[] = [];
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.splice(0).map(({ ended }) => ended));
});
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

interface Recorded {
  readonly id: string;
  readonly flow: string;
  readonly state: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Line {
  readonly type: string;
  readonly flow?: string;
  readonly run?: string;
  readonly scheduledTime?: string;
  readonly error?: string;
  readonly state?: string;
  readonly lastTry?: string;
}

/** A folder of flow files, and services of it. */
interface Served extends Shell {
  write(name: string, text: string): void;
  remove(name: string): void;
  serve(...args: readonly string[]): Spawned;
  runs(): Promise<readonly Recorded[]>;
  record<T>(look: (record: ServiceRecord) => Promise<T>): Promise<T>;
}

function served(): Served {
  const folder = mkdtempSync(join(root, 'project-'));
  mkdirSync(join(folder, 'flows'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(PACKAGE, join(folder, 'node_modules', 'millrace'), 'dir');
  const shell = shellIn(folder);
  return {
    ...shell,
    write: (name, text) => writeFileSync(join(folder, 'flows', name), text),
    remove: (name) => unlinkSync(join(folder, 'flows', name)),
    serve(...args) {
      const service = shell.start('serve', 'flows', ...args);
      started.push(service);
      return service;
    },
    runs: async () => await shell.json<readonly Recorded[]>('runs', '--limit', '1000'),
    async record(look) {
      await using record = await ServiceRecord.open({ kind: 'sqlite', address: join(folder, '.millrace', 'millrace.db') });
      return await look(record);
    },
  };
}

function linesOf(out: string): readonly Line[] {
  return out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

const flowText = (name: string, schedule: string, body = 'return ctx().scheduledTime.toISOString();'): string => `
import { ctx, every, flow } from 'millrace';
import { appendFileSync } from 'node:fs';
export default flow('${name}', { schedule: ${schedule}, missed: 'all', overlap: 'allow' }, async () => { ${body} });
`;

/** Each run writes down its time when it begins. */
const noting = (file: string, ms = 0): string =>
  `appendFileSync(${JSON.stringify(file)}, ctx().scheduledTime.toISOString() + '\\n'); await new Promise((done) => setTimeout(done, ${ms}));`;

describe('millrace serve', { timeout: 180_000 }, () => {
  it('S34, S35: runs what is due, shows broken files, finds new, changed and removed ones, drains on SIGTERM', async () => {
    const place = served();
    place.write('tick.ts', flowText('tick', "every('1s')"));
    place.write('broken.ts', "import { flow } from 'millrace';\nflow('broken', () => { let x = ; });\n");
    place.write('exits.mjs', "import { flow } from 'millrace';\nflow('exits', () => 1);\nconsole.error('no licence');\nprocess.exit(3);\n");
    place.write('tick.test.ts', "import { flow } from 'millrace';\nflow('test', () => { throw new Error(); });\nthrow new Error('loaded a test');\n");
    place.write('seed.ts', "throw new Error('loaded what is no flow');\n");
    const service = place.serve();
    await service.printed('"type":"run-ended"');
    place.write('late.ts', flowText('late', "every('1s')"));
    await service.printed('"flows":["late"]');
    place.write('helper.ts', "export const name: string = 'renamed';\n");
    place.write(
      'late.ts',
      "import { every, flow } from 'millrace';\nimport { name } from './helper.js';\nexport default flow(name, { schedule: every('1s') }, () => 1);\n",
    );
    await service.printed('"flows":["renamed"]');
    // What it imports counts.
    place.write('helper.ts', "export const name: string = 'renamed-again';\n");
    await service.printed('"flows":["renamed-again"]');
    place.write('broken.ts', "import { flow } from 'millrace';\nexport const mended = flow('mended', () => 1);\n");
    await service.printed('"flows":["mended"]');
    await place.record(async (record) => {
      const files = await record.files(Date.now());
      expect(files.map(({ path, flows }) => [path, flows.map(({ name }) => name)])).toEqual([
        ['broken.ts', ['mended']],
        ['exits.mjs', []],
        ['late.ts', ['renamed-again']],
        ['tick.ts', ['tick']],
      ]);
      expect(files.find(({ path }) => path === 'exits.mjs')?.error).toContain('ended with exit code 3; it said:\nno licence');
    });
    place.remove('tick.ts');
    await service.printed('"type":"file-removed"');
    service.child.kill('SIGTERM');
    const { code, out } = await service.ended;
    expect(code).toBe(0);
    const lines = linesOf(out);
    expect(lines.at(-1)).toMatchObject({ type: 'stopped', running: 0 });
    expect(lines.find(({ type, error }) => type === 'file-broken' && error?.includes('FLOW_FILE_SYNTAX'))?.error).toContain('broken.ts:2');
    expect(out).not.toContain('loaded a test');
    expect(out).not.toContain('loaded what is no flow');
    const ran = lines.find(({ type, flow }) => type === 'run-ended' && flow === 'tick');
    expect(ran).toMatchObject({ state: 'success', cause: 'schedule' });
    const recorded = await place.json<{ cause: string; scheduled: { at: number; from: number } }>('inspect', `${ran?.run}`);
    const at = Date.parse(`${ran?.scheduledTime}`);
    expect(recorded).toMatchObject({ cause: 'schedule', scheduled: { at, from: at - 1_000 } });
    // Services that ended are not told of any more.
    expect(await place.record((record) => record.services(Date.now()))).toEqual([]);
  });

  it('S35: killed, its runs go on; the next one starts none of them again, and misses none', async () => {
    const place = served();
    const ledger = join(place.folder, 'ledger.txt');
    place.write('tick.ts', flowText('tick', "every('1s')", noting(ledger, 1_500)));
    const first = place.serve();
    await first.printed('"type":"run-ended"');
    first.child.kill('SIGKILL');
    await first.ended;
    const second = place.serve();
    await second.printed('"type":"run-ended"');
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
    const times = readFileSync(ledger, 'utf8').trim().split('\n').sort();
    expect(times).toEqual([...new Set(times)]);
    const [from, to] = [Date.parse(times[0] as string), Date.parse(times.at(-1) as string)];
    expect(times.length).toBe((to - from) / 1_000 + 1);
  });

  it('S35: two at once share the work', async () => {
    const place = served();
    const ledger = join(place.folder, 'ledger.txt');
    place.write('tick.ts', flowText('tick', "every('500ms')", noting(ledger)));
    const [one, two] = [place.serve(), place.serve()];
    await Promise.all([one.printed('"type":"run-ended"'), two.printed('"type":"run-ended"')]);
    one.child.kill('SIGTERM');
    two.child.kill('SIGTERM');
    await Promise.all([one.ended, two.ended]);
    const times = readFileSync(ledger, 'utf8').trim().split('\n');
    expect(times.length).toBeGreaterThan(1);
    expect(new Set(times).size).toBe(times.length);
    expect((await place.runs()).length).toBe(times.length);
  });

  it('--once does what is due and ends; wrong parameters are refused, with why', async () => {
    const place = served();
    place.write(
      'asked.ts',
      "import { flow, param } from 'millrace';\nimport { z } from 'zod';\nexport default flow('asked', { params: { n: param(z.number()) } }, ({ n }) => n + 1);\n",
    );
    symlinkSync(join(PACKAGE, 'node_modules', 'zod'), join(place.folder, 'node_modules', 'zod'), 'dir');
    // There is a record from now on.
    expect((await place.serve('--once').ended).code).toBe(0);
    const now = Date.now();
    const due = { flow: 'asked', cause: 'request', tags: ['mine'], dueAt: now, createdAt: now } as const;
    await place.record(async (record) => {
      await record.addDue([
        { ...due, key: 'good', run: '20260101-000000-aaaaaa', params: { n: '41' } },
        { ...due, key: 'bad', run: '20260101-000000-bbbbbb', params: { n: '"many"' } },
      ]);
    });
    const { code, out } = await place.serve('--once').ended;
    expect(code).toBe(0);
    const lines = linesOf(out);
    expect(lines.find(({ type }) => type === 'run-ended')).toMatchObject({ state: 'success', run: '20260101-000000-aaaaaa' });
    expect(lines.find(({ type }) => type === 'run-refused')).toMatchObject({ run: '20260101-000000-bbbbbb', why: expect.stringContaining("'n'") });
    expect(await place.runs()).toMatchObject([{ id: '20260101-000000-aaaaaa', tags: ['mine'] }]);
    expect(await place.record((record) => record.due({ states: ['refused'] }))).toMatchObject([{ key: 'bad' }]);
    // A second start of what has run is none.
    const again = await place.millrace('run', 'flows/asked.ts', 'asked', '--due', '20260101-000000-aaaaaa');
    expect(again.code).toBe(0);
    expect(await place.runs()).toHaveLength(1);
  });

  it('a flow with retries: how the last try ends counts, for whoever waits for it and for what the service tells', async () => {
    const place = served();
    place.write(
      'twice.ts',
      `import { existsSync, writeFileSync } from 'node:fs';
import { flow, param, task } from 'millrace';
const work = task((mark: string) => {
  if (existsSync(mark)) return 'done';
  writeFileSync(mark, '');
  throw new Error('not yet');
});
export default flow('twice', { retries: 1, timeout: '1m', deadline: '2m', params: { mark: param({ default: 'mark' }) } }, ({ mark }) => work(mark));
`,
    );
    const service = place.serve();
    await service.printed('"flows":["twice"]');
    const waited = await place.millrace('trigger', 'twice', '--wait');
    expect([waited.code, waited.err]).toEqual([
      0,
      expect.stringMatching(/has ended: failed; it is tried again as (\S+)\nrun \1 has ended: success\n$/),
    ]);
    const asked = await place.json<{ run: string; lastTry: string; state: string }>('trigger', 'twice', '--wait', '-p', 'mark=other');
    const [last, first] = await place.runs();
    expect(asked).toMatchObject({ run: first?.id, lastTry: last?.id, state: 'success' });
    expect((await place.millrace('describe', 'twice')).out).toMatch(/time-out 1 m 00 s, deadline 2 m 00 s, retries 1/);
    service.child.kill('SIGTERM');
    const ends = linesOf((await service.ended).out).filter(({ type }) => type === 'run-ended');
    expect(ends.map(({ state, run, lastTry }) => [state, run, lastTry])).toEqual([
      ['success', expect.any(String), expect.any(String)],
      ['success', first?.id, last?.id],
    ]);
  });

  it('what does not end within the grace is cancelled; a folder that is none is wrong use', async () => {
    const place = served();
    place.write('long.ts', flowText('long', "every('1s')", 'await new Promise((done) => setTimeout(done, 60_000));'));
    const service = place.serve('--grace', '500ms');
    await service.printed('"type":"run-starting"');
    // It is to be recorded as running before it is cancelled.
    for (let runs: readonly Recorded[] = []; runs.length === 0; ) runs = await place.runs();
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
    expect((await place.runs()).map(({ state }) => state)).toContain('cancelled');
    expect(await place.millrace('serve', 'nowhere')).toMatchObject({ code: 2, err: expect.stringContaining('expected a folder of flow files') });
  });

  it('flow.serve(): in a script of one’s own, with the HTTP API beside it, until it is disposed of', async () => {
    const place = served();
    const script = join(place.folder, 'serve.mjs');
    writeFileSync(
      script,
      `import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ctx, every, flow } from 'millrace';
let seen = () => {};
const run = new Promise((resolve) => { seen = resolve; });
const tick = flow('tick', { schedule: every('1s') }, () => seen(ctx().scheduledTime.toISOString()));
const told = [];
const serving = await tick.serve({ port: 0, notify: { on: ['success'], notify: ({ event, flow }) => void told.push(event + ' of ' + flow) } });
const server = readdirSync(process.env.MILLRACE_HOME).find((name) => name.endsWith('.token'));
const token = readFileSync(join(process.env.MILLRACE_HOME, server), 'utf8').trim();
const url = 'http://127.0.0.1:' + /\\d+/.exec(server)[0] + '/api/flows';
console.log(await run);
const answer = await fetch(url, { headers: { authorization: 'Bearer ' + token } });
console.log(JSON.stringify((await answer.json()).flows.map(({ name, served }) => [name, served])));
await serving[Symbol.asyncDispose]();
console.log('served', await fetch(url).catch(() => 'closed'), told[0]);
`,
    );
    const ran = spawnNode([script], { cwd: place.folder });
    started.push(ran);
    const { code, out, err } = await ran.ended;
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^serving at http:\/\/127\.0\.0\.1:\d+\/\?token=\S+\n.*\n\d{4}-.*:\d\d\.000Z\n\[\["tick",true\]\]\nserved closed success of tick\n$/,
    );
    expect(await place.runs()).toMatchObject([{ flow: 'tick', state: 'success', cause: 'schedule' }]);
  });
});
