import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import {
  cache,
  check,
  ctx,
  every,
  Fail,
  file,
  flow,
  grid,
  includeFile,
  json,
  limit,
  param,
  registerClass,
  Skip,
  sensor,
  sensorFor,
  shell,
  task,
  unmapped,
  when,
} from '../../src/index.js';
import { type SideResults, sideResultsOf } from '../../src/runs/side-results.js';
import { openProject } from '../../src/runtime/project.js';
import { failureOf, freshHome, recorded, statesOfLatest } from './engine/workbench.js';

// Flows as one meets them at work, and what users of Airflow and Metaflow write beside their hello-worlds.

beforeEach(() => void freshHome());

/** What the tasks of a run gave beside their results. */
async function beside(id: string): Promise<SideResults> {
  const { run, tasks } = await recorded(id);
  await using project = await openProject();
  return await sideResultsOf(project.record, run.id, tasks);
}

/** A service on the loopback, for one test. */
async function service(answer: (request: IncomingMessage, body: string, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => answer(request, body, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('Airflow', () => {
  it('every day, wait for a time, then run a shell command', async () => {
    const waitASecond = sensorFor.time(({ scheduledTime }) => new Date(scheduledTime.getTime() + 1000), { name: 'wait_a_second' });
    const printDate = shell('print_date_in_bash', 'date');
    const anatomy = flow(
      'anatomy_of_a_dag',
      {
        description: 'This describes my DAG',
        owner: 'you',
        dependsOnPast: false,
        schedule: every('1d', { start: new Date('2018-01-08') }),
        missed: 'all',
        tags: ['example'],
      },
      () => printDate().after(waitASecond()),
    );
    expect(await anatomy.run({}, { scheduledTime: new Date('2018-01-08') })).toMatch(/\d\d:\d\d:\d\d/);
    const { run, tasks } = await recorded('anatomy_of_a_dag/latest');
    expect(run.tags).toEqual(['example']);
    expect(tasks[0]?.upstream).toEqual([{ from: 1, kind: 'order' }]);
  });

  it('S11, S12: extract, transform, load; a clean-up that always runs, and an alarm that runs when something failed', async () => {
    const printed: string[] = [];
    const landed = sensor('landed', (path: string) => existsSync(path), { every: '10ms', timeout: '6h', mode: 'reschedule' });
    const folder = mkdtempSync(join(tmpdir(), 'millrace-landed-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const marker = join(folder, 'marker');
    const extract = task((path: string) => {
      if (path === 'gone.csv') throw new Error('no such file');
      return [1, 2, 3];
    });
    const load = task((rows: number[]) => rows.length);
    const cleanUp = task((path: string) => void printed.push(`drop scratch of ${path}`), { trigger: 'all-done' });
    const alarm = task((path: string) => void printed.push(`could not load ${path}`), { trigger: 'any-failed' });
    const etl = flow('etl', { params: { path: param({ default: 'data.csv' }) } }, ({ path }) => {
      const loaded = load(extract(path).after(landed(marker)));
      cleanUp(path).after(loaded);
      alarm(path).after(loaded);
      return loaded;
    });
    const handle = etl.start();
    for await (const { type } of handle.events()) if (type === 'log') break;
    writeFileSync(marker, '');
    expect(await handle.result()).toBe(3);
    expect(await statesOfLatest('etl')).toMatchObject({ 'landed#0': 'success', 'cleanUp#0': 'success', 'alarm#0': 'skipped' });
    const error = await failureOf(etl.run({ path: 'gone.csv' }));
    expect(error.failures.map(({ taskRunId }) => taskRunId)).toEqual(['extract#0']);
    expect(printed.sort()).toEqual(['could not load gone.csv', 'drop scratch of data.csv', 'drop scratch of gone.csv']);
  });
});

describe('Metaflow', () => {
  it('S17, M3: a JSON parameter, an included file, a delimited list', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-config-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [data, other] = ['data.csv', 'other.csv'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(data, 'name,size\nbird,1\nmouse,2\n');
    writeFileSync(other, 'name,size\ndog,3\n');
    const config = flow(
      'ConfigFlow',
      {
        params: {
          mapping: z.record(z.string(), z.string()).default({ some: 'default' }),
          rows: includeFile({ default: data, parse: 'csv', delimiter: ',', schema: z.array(z.record(z.string(), z.string())) }),
          tags: z
            .string()
            .default('red,green')
            .transform((list) => list.split(',')),
        },
      },
      ({ mapping, rows, tags }) => [Object.keys(mapping), rows.map(({ size }) => size), tags] as const,
    );
    expect(await config.run()).toEqual([['some'], ['1', '2'], ['red', 'green']]);
    expect(await config.run({ mapping: { other: 'x' }, rows: file(other), tags: 'a,b' })).toEqual([['other'], ['3'], ['a', 'b']]);
  });
});

describe('at work', () => {
  interface Customer {
    readonly tenure: number;
    readonly churned: number;
  }
  class Threshold {
    readonly at: number;
    constructor(at: number) {
      this.at = at;
    }
    accuracy(customers: readonly Customer[]): number {
      return customers.filter(({ tenure, churned }) => Number(tenure < this.at) === churned).length / customers.length;
    }
  }
  registerClass(Threshold, { name: 'FieldExampleThreshold', encode: ({ at }) => at, decode: (at) => new Threshold(at) });

  it('a churn model: a sweep over settings, published when it is good enough', async () => {
    const customers = task(
      (asOf: string): Customer[] => Array.from({ length: 50 }, (_, at) => ({ tenure: at, churned: Number(asOf === '2024-11-01' && at < 20) })),
      {
        retries: 3,
      },
    );
    const features = task((all: Customer[]) => ({ train: all.filter((_, at) => at % 5 > 0), test: all.filter((_, at) => at % 5 === 0) }), {
      outputs: { train: json(), test: json() },
    });
    const fit = task(
      (train: Customer[], test: Customer[], { from, step }: { from: number; step: number }) => {
        if (step === 0) throw new Fail('no step');
        let best = new Threshold(from);
        for (let at = from; at < 50; at += step) if (new Threshold(at).accuracy(train) > best.accuracy(train)) best = new Threshold(at);
        const trained = { model: best, accuracy: best.accuracy(test) };
        ctx().metric('accuracy', trained.accuracy);
        return trained;
      },
      { name: (_train, _test, { from, step }) => `fit-from${from}-step${step}`, timeout: '20m' },
    ).with({ version: '1' });
    const champion = task((candidates: { model: Threshold; accuracy: number }[]) => candidates.reduce((a, b) => (b.accuracy > a.accuracy ? b : a)));
    const goodEnough = task((candidate: { accuracy: number }, least: number) => candidate.accuracy >= least);
    const publish = task(async (winner: { model: Threshold }) => (await ctx().artifact('model', winner.model)).uri, { cache: false });
    const churn = flow('churn', { params: { asOf: z.iso.date(), least: param({ default: 0.9 }) }, cache: cache.default }, ({ asOf, least }) => {
      const { train, test } = features(customers(asOf));
      const candidates = fit.mapWith({ concurrency: 4 })(unmapped(train), unmapped(test), grid({ from: [0, 30], step: [0, 1, 5] }));
      const winner = champion(candidates.successes());
      return { accuracy: winner.get('accuracy'), uri: when(goodEnough(winner, least), () => publish(winner)) };
    });
    const { accuracy, uri } = await churn.run({ asOf: '2024-11-01' });
    expect(accuracy).toBe(1);
    const { artifacts, metrics } = await beside('churn/latest');
    expect(artifacts).toMatchObject([{ name: 'model', kind: 'value', ref: { uri } }]);
    // Two of the six failed: what they told is not shown.
    expect(metrics.map(({ name, last }) => [name, last.value])).toEqual(Array.from({ length: 4 }, () => ['accuracy', expect.any(Number)]));
    const { tasks, states } = await recorded('churn/latest');
    expect(tasks.filter(({ task: name }) => name.startsWith('fit')).map(({ label }) => label)).toContain('fit-from30-step5');
    expect(Object.values(states).filter((state) => state === 'failed')).toHaveLength(3);
    // A stricter mark asks the same models again, and publishes none of them.
    expect(await churn.run({ asOf: '2024-11-01', least: 1.1 })).toEqual({ accuracy: 1, uri: undefined });
    // Those of reused task runs are shown with them.
    expect(await beside('churn/latest')).toMatchObject({ artifacts: [], metrics: Array(4).fill({ name: 'accuracy' }) });
    await expect(churn.run({ asOf: 'yesterday' })).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
  });

  it('a nightly load from a web API: retries, a rate, checks on the data, a secret', async () => {
    let busy = 2;
    const url = await service((request, _, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://shop');
      if (request.headers.authorization !== 'Bearer a-secret-token') return void response.writeHead(401).end();
      if (busy-- > 0) return void response.writeHead(503).end();
      const [day] = searchParams.getAll('day');
      response.end(
        JSON.stringify(
          day === '2024-12-25' ? [] : [1, 2, day === '2024-11-02' ? 1 : 0].map((id) => ({ id: `${id}`, at: `${day}T10:00:00Z`, cents: id })),
        ),
      );
    });
    const Order = z.object({ id: z.string(), at: z.iso.datetime(), cents: z.number().int() });
    type Order = z.infer<typeof Order>;
    const failures: string[] = [];
    const fetchOrders = task(
      async (day: string, token: string) => {
        const response = await fetch(`${url}/orders?day=${day}`, { signal: ctx().signal, headers: { authorization: `Bearer ${token}` } });
        if (response.status === 401) throw new Fail('the token was refused');
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        const orders = z.array(Order).parse(await response.json());
        if (orders.length === 0) throw new Skip('no orders that day');
        return orders;
      },
      {
        retries: { max: 5, delay: '1ms', backoff: 'exponential', maxDelay: '1m' },
        timeout: '15m',
        limit: limit('shop-api', 10, { per: '1s' }),
        checks: [
          check('ids are unique', (orders: Order[]) => new Set(orders.map(({ id }) => id)).size === orders.length),
          check('no free orders', (orders: Order[]) => orders.every(({ cents }) => cents > 0) || 'some cost nothing', { severity: 'warn' }),
        ],
      },
    );
    const save = task((orders: Order[]) => orders.length);
    const nightly = flow(
      'nightly-orders',
      {
        params: { day: z.iso.date(), token: param(z.string(), { env: 'SHOP_TOKEN', secret: true }) },
        timeout: '2h',
        hooks: { onFailure: (run, error) => void failures.push(`${run.state}: ${(error as Error).message}`) },
      },
      ({ day, token }) => ({ rows: save(fetchOrders(day, token)).orElse(0) }),
    );
    const token = 'a-secret-token';
    expect(await nightly.run({ day: '2024-11-01', token })).toEqual({ rows: 3 });
    const fetched = (await recorded('nightly-orders/latest')).task('fetchOrders#0');
    expect([fetched.attempts, fetched.checks?.map(({ name, passed }) => [name, passed])]).toEqual([
      3,
      [
        ['ids are unique', true],
        ['no free orders', false],
      ],
    ]);
    expect(await nightly.run({ day: '2024-12-25', token })).toEqual({ rows: 0 });
    expect(await statesOfLatest('nightly-orders')).toEqual({ 'fetchOrders#0': 'skipped', 'save#0': 'skipped' });
    expect(await nightly.run({ day: '2024-11-02', token })).toEqual({ rows: 0 });
    expect((await recorded('nightly-orders/latest')).task('fetchOrders#0')).toMatchObject({ state: 'failed', attempts: 6 });
    const strict = nightly.with({ timeout: '1h' });
    expect(await strict.run({ day: '2024-11-01', token: 'wrong' })).toEqual({ rows: 0 });
    expect((await recorded('nightly-orders/latest')).task('fetchOrders#0')).toMatchObject({ state: 'failed', attempts: 1 });
    expect((await recorded('nightly-orders/latest')).run.params).toMatchObject({ token: expect.not.stringContaining('wrong') });
    expect(failures).toEqual([]);
  });

  it('tickets classified by a model: in-flight limit, cache, retry when told to wait, single failures outlived', async () => {
    let [asked, inFlight, most] = [0, 0, 0];
    const url = await service((_, body, response) => {
      asked++;
      most = Math.max(most, ++inFlight);
      const { model, input } = JSON.parse(body) as { model: string; input: string };
      const answer = (): void => {
        inFlight--;
        if (asked === 2) response.writeHead(429, { 'retry-after': '0.001' }).end();
        else
          response.end(
            JSON.stringify(input === 'gibberish' ? {} : { topic: input.includes('bill') ? 'billing' : 'bug', urgency: model === 'large-1' ? 4 : 2 }),
          );
      };
      setImmediate(answer);
    });
    interface Ticket {
      readonly id: string;
      readonly body: string;
    }
    class RateLimited extends Error {
      readonly seconds: number;
      constructor(seconds: number) {
        super('rate limited');
        this.seconds = seconds;
      }
    }
    const Label = z.object({ id: z.string(), topic: z.enum(['billing', 'bug', 'other']), urgency: z.number().min(1).max(5) });
    const readTickets = task((): Ticket[] => [
      { id: 'A-1', body: 'my bill is wrong' },
      { id: 'A-2', body: 'it crashes' },
      { id: 'A-3', body: 'gibberish' },
      { id: 'A-4', body: 'the bill again' },
    ]);
    const classify = task(
      async ({ id, body }: Ticket, model: string) => {
        const response = await fetch(`${url}/v1/chat`, { method: 'POST', signal: ctx().signal, body: JSON.stringify({ model, input: body }) });
        if (response.status === 429) throw new RateLimited(Number(response.headers.get('retry-after')));
        return Label.parse({ id, ...((await response.json()) as object) });
      },
      {
        version: '1',
        cache: cache.default.ttl('30d'),
        timeout: '60s',
        limit: [limit('llm-calls', 500, { per: '1m' }), limit('llm-in-flight', 2)],
        retries: {
          max: 6,
          if: (error) => error instanceof RateLimited,
          delay: (_, error) => (error instanceof RateLimited ? `${error.seconds}s` : '1s'),
        },
      },
    );
    const writeLabels = task((labels: z.infer<typeof Label>[]) => labels);
    const labelTickets = flow('label-tickets', { params: { model: param({ default: 'small-1' }) }, concurrency: 64 }, ({ model }) => {
      const labels = classify.mapWith({ key: (ticket: Ticket) => ticket.id, maxSplits: 50_000 })(readTickets(), unmapped(model));
      return writeLabels(labels.successes()).get('length');
    });
    expect(await labelTickets.run()).toBe(3);
    expect([asked, most <= 2]).toEqual([5, true]);
    expect(await statesOfLatest('label-tickets')).toMatchObject({
      'classify#0[A-1]': 'success',
      'classify#0[A-3]': 'failed',
      'classify#0[A-4]': 'success',
    });
    // Once more: what succeeded is reused, what failed is asked again.
    expect(await labelTickets.run()).toBe(3);
    expect(asked).toBe(6);
    expect(await labelTickets.run({ model: 'large-1' })).toBe(3);
    expect(asked).toBe(10);
  });
});
