import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server/start-server.js';
import { freshSchema } from '../postgres/fresh-schema.js';
import { ask, post } from '../unit/server/http.js';
import { fixture, type Shell, type Spawned, shellIn } from './spawned.js';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const POSTGRES = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const root = mkdtempSync(join(tmpdir(), 'millrace-joined-'));
const started: Spawned[] = [];
const drops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.splice(0).map(({ ended }) => ended));
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  for (const drop of drops) await drop();
});

const FLOWS: Readonly<Record<string, string>> = {
  'orders.ts': `import { appendFileSync } from 'node:fs';
import { asset, ctx, flow, param, task } from 'millrace';
const load = task((n: number) => n, { renews: asset('orders'), cache: false });
export const orders = flow('orders', { params: { n: param({ default: 1 }) } }, ({ n }) => load(n));
export const count = flow('count', { on: asset('orders') }, () => {
  appendFileSync(process.env.LEDGER + '.count', ctx().triggers.map(({ kind }) => kind).join() + '\\n');
});
`,
  'fragile.ts': `import { appendFileSync, existsSync } from 'node:fs';
import { flow, param, task } from 'millrace';
const note = (what: string) => appendFileSync(process.env.LEDGER + '.fragile', what + '\\n');
const first = task((who: string) => { note('first ' + who); return who; });
const second = task((who: string) => {
  note('second');
  if (!existsSync(process.env.HEALED as string)) throw new Error('the disk is full');
  return who;
});
export default flow('fragile', { params: { who: param({ default: 'nobody' }) } }, ({ who }) => second(first(who)));
`,
  'tick.ts': `import { every, flow } from 'millrace';
export default flow('tick', { schedule: every('1s') }, () => 1);
`,
  'endless.ts': `import { ctx, flow, task } from 'millrace';
const wait = task(() => new Promise((_, reject) => {
  const timer = setInterval(() => {}, 1_000);
  ctx().signal.addEventListener('abort', () => { clearInterval(timer); reject(ctx().signal.reason); });
}));
export default flow('endless', () => wait());
`,
  'crashing.ts': `import { appendFileSync } from 'node:fs';
import { flow } from 'millrace';
const tell = { name: 'ledger', on: ['crash'], notify: (event) => appendFileSync(process.env.LEDGER + '.crash', event.event + ' ' + event.run + '\\n') };
export default flow('crashing', { notify: tell }, () => { process.kill(process.pid, 'SIGKILL'); });
`,
};

/** Flows of these files, and of one more. */
const SERVED = 7;

interface Place {
  readonly shell: Shell;
  readonly ledger: string;
  readonly healed: string;
}

function place(kind: 'sqlite' | 'postgres'): Place {
  const folder = mkdtempSync(join(root, 'project-'));
  mkdirSync(join(folder, 'flows'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(PACKAGE, join(folder, 'node_modules', 'millrace'), 'dir');
  for (const [name, text] of Object.entries(FLOWS)) writeFileSync(join(folder, 'flows', name), text);
  copyFileSync(fixture('nightly.ts'), join(folder, 'flows', 'nightly.ts'));
  const [ledger, healed] = [join(folder, 'ledger'), join(folder, 'healed')];
  const env = { LEDGER: ledger, HEALED: healed, MILLRACE_PARAM_WHO: 'ada' };
  if (kind === 'sqlite') return { shell: shellIn(folder, env), ledger, healed };
  const { url, drop } = freshSchema(POSTGRES, `joined_${process.pid}_${drops.length}`);
  drops.push(drop);
  return { shell: shellIn(folder, { ...env, MILLRACE_DATABASE_URL: url }), ledger, healed };
}

/** The service, and the HTTP API that it serves too. */
async function serve({ folder, start }: Shell): Promise<RunningServer & { readonly service: Spawned }> {
  const service = start('serve', 'flows', '--port', '0');
  started.push(service);
  let out = '';
  service.child.stdout?.on('data', (text: string) => {
    out += text;
  });
  await service.printed('"type":"serving"');
  const line = out.split('\n').find((one) => one.includes('"type":"listening"')) as string;
  const { url, port, tokenFile } = JSON.parse(line) as RunningServer;
  expect(tokenFile).toContain(join(folder, '.millrace'));
  const token = readFileSync(tokenFile as string, 'utf8').trim();
  expect(line).not.toContain(token);
  const served = { url, port, tokenFile, link: `${url}/?token=${token}`, service } as RunningServer & { readonly service: Spawned };
  // On a machine with much to do, files take their time.
  await until(
    async () => (await ask(served, '/api/flows')).json.flows as readonly { served: boolean }[],
    (flows) => flows.filter((flow) => flow.served).length === SERVED,
  );
  return served;
}

/** Looks again and again until it is as wanted. */
async function until<T>(look: () => Promise<T> | T, isReached: (seen: T) => boolean): Promise<T> {
  for (const end = Date.now() + 60_000; ; ) {
    const seen = await look();
    if (isReached(seen)) return seen;
    if (Date.now() > end) throw new Error(`never reached; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const linesOf = (file: string): readonly string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);

describe.each(POSTGRES === '' ? (['sqlite'] as const) : (['sqlite', 'postgres'] as const))(
  'millrace serve --port, over %s',
  { timeout: 180_000 },
  (kind) => {
    it('starts what other flows, requests, resumes and clears ask for; ends and pauses; tells of crashes', async () => {
      const { shell, ledger, healed } = place(kind);
      const served = await serve(shell);
      const stateOf = async (run: string): Promise<string> => (await ask(served, `/api/runs/${run}`)).json.state as string;
      const trigger = async (path: string, body: object = {}): Promise<string> => {
        const answer = await post(served, path, body);
        expect([path, answer.status, answer.json]).toEqual([path, 202, expect.anything()]);
        return answer.json.run as string;
      };
      const endOf = async (run: string): Promise<string> =>
        await until(
          async () => await stateOf(run),
          (state) => ['success', 'failed', 'crashed', 'cancelled'].includes(state),
        );

      // What it runs on is told.
      const flow = (await ask(served, '/api/flows/count')).json;
      expect(flow.on).toEqual([{ kind: 'asset', name: 'orders' }]);
      expect((await shell.millrace('describe', 'count')).out).toMatch(/runs on +asset orders/);
      // It is followed from now on.
      expect(await endOf(await trigger('/api/flows/orders/runs', { params: { n: 2 } }))).toBe('success');
      const [caused] = await until(
        async () => (await ask(served, '/api/runs?flow=count')).json.runs as readonly { id: string; state: string; cause: string }[],
        (runs) => runs[0]?.state === 'success',
      );
      expect(caused).toMatchObject({ cause: 'asset' });
      expect(linesOf(`${ledger}.count`)).toEqual(['asset']);

      // A parameter of the service's environment; and what was finished is taken over.
      const failed = await trigger('/api/flows/fragile/runs');
      expect(await endOf(failed)).toBe('failed');
      writeFileSync(healed, '');
      const resumed = await trigger(`/api/runs/${failed}/resume`);
      expect(await endOf(resumed)).toBe('success');
      expect((await ask(served, `/api/runs/${resumed}`)).json.resumes).toBe(failed);
      expect(linesOf(`${ledger}.fragile`)).toEqual(['first ada', 'second', 'second']);
      const { code, err } = await shell.millrace('clear', resumed, '--task', 'second', '--wait');
      expect([code, err]).toEqual([0, expect.stringContaining('success')]);
      expect(linesOf(`${ledger}.fragile`)).toEqual(['first ada', 'second', 'second', 'second']);

      const endless = await trigger('/api/flows/endless/runs');
      await until(
        async () => await stateOf(endless),
        (state) => state === 'running',
      );
      expect((await post(served, `/api/runs/${endless}/cancel`, { why: 'enough' })).status).toBe(202);
      expect(await endOf(endless)).toBe('cancelled');

      const crashed = await trigger('/api/flows/crashing/runs');
      await until(
        () => linesOf(`${ledger}.crash`),
        (lines) => lines.length > 0,
      );
      expect(linesOf(`${ledger}.crash`)).toEqual([`crash ${crashed}`]);

      const ticks = async (): Promise<number> => (await shell.json<readonly unknown[]>('runs', '--flow', 'tick', '--limit', '1000')).length;
      await until(ticks, (count) => count > 0);
      expect((await post(served, '/api/flows/tick/pause')).status).toBe(200);
      // Those that were about to begin do; others that are due wait, and on a machine with much to do there are some.
      await until(
        async () => [
          ...((await ask(served, '/api/due-runs?flow=tick')).json.due as readonly { state: string }[]),
          ...((await ask(served, '/api/runs?flow=tick')).json.runs as readonly { state: string }[]),
        ],
        (known) => known.every(({ state }) => state !== 'claimed' && state !== 'running'),
      );
      const before = await ticks();
      expect(await endOf(await trigger('/api/flows/orders/runs'))).toBe('success');
      const asked = await trigger('/api/flows/tick/runs');
      expect(await endOf(asked)).toBe('success');
      expect(await ticks()).toBe(before + 1);

      served.service.child.kill('SIGTERM');
      expect((await served.service.ended).code).toBe(0);
      expect(existsSync(served.tokenFile as string)).toBe(false);
    });

    it('S30, S36: takes over a backfill whose command was killed, and goes on with what that had begun', async () => {
      const { shell, ledger } = place(kind);
      const range = ['--schedule', '1', '--from', '2026-01-01T00:00Z', '--to', '2026-01-06T00:00Z', '--max-active', '1', '-p', 'ms=150'] as const;
      const command = shell.start('backfill', 'flows/nightly.ts', ...range);
      await until(
        () => linesOf(ledger),
        (lines) => lines.length >= 4,
      );
      command.child.kill('SIGKILL');
      await command.ended;
      await serve(shell);
      const shown = async () =>
        (await shell.json<readonly { backfill: string; state: string; counts: Record<string, number> }[]>('backfill', 'list'))[0];
      // The run that was going on went with its process: it is resumed, and what it had finished is not done again.
      const done = await until(shown, (one) => one?.state === 'done');
      expect(done?.counts).toMatchObject({ total: 6, success: 6, stopped: 0 });
      expect(linesOf(ledger).filter((line) => line === 'load 2026-01-01')).toHaveLength(1);
      const runs = await shell.json<readonly { id: string; cause: string; state: string }[]>('runs', '--flow', 'nightly', '--limit', '100');
      expect(runs.filter(({ state }) => state === 'crashed')).toHaveLength(1);
      const crashed = runs.find(({ state }) => state === 'crashed')?.id;
      const origins = await Promise.all(runs.map(async ({ id }) => (await shell.json<{ originRun?: string }>('inspect', id)).originRun));
      expect(origins.filter((origin) => origin !== undefined)).toEqual([crashed]);
    });
  },
);
