import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ctx, flow, param, table, task } from 'millrace';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { processIdentity } from '../../../src/base/process-identity.js';
import { LimitRecord } from '../../../src/runs/limits/limit-record.js';
import type { HeartbeatTarget } from '../../../src/runs/run-record.js';
import { ServiceRecord } from '../../../src/runs/service/service-record.js';
import { openProject } from '../../../src/runtime/project.js';
import { type RunningServer, startServer } from '../../../src/server/start-server.js';
import { freshSchema } from '../../postgres/fresh-schema.js';
import { type Answer, ask, listen, post } from './http.js';
import { Description } from './open-api.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const kinds = [
  { kind: 'SQLite', url: undefined },
  ...(server === '' ? [] : [{ kind: 'PostgreSQL', url: freshSchema(server, `api_${process.pid}`) }]),
];

const CANARY = 'canary-7f3a-secret';
/** Larger than what the record holds itself. */
const LARGE = 50_000;

const load = task((n: number) => {
  console.log(`loads ${n}`);
  console.warn('rather few');
  ctx().metric('loss', Number.NaN, 0);
  ctx().metric('loss', 0.5, 1);
  ctx().artifact('sums.csv', table([{ a: 1, b: '<script>' }]));
  return Array.from({ length: n }, (_, index) => index);
});
const sum = task((numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0));
const big = task(() => 'x'.repeat(LARGE));
const etl = flow(
  'etl',
  { params: { n: param({ default: 3 }), key: param(z.string().default(''), { secret: true }) }, description: 'adds numbers' },
  ({ n, key }) => {
    ctx().log.info(`the key is ${key}`);
    ctx().artifact('note', `about ${key}`);
    return { total: sum(load(n)), big: big() };
  },
);
const fails = task((key: string): never => {
  throw new Error(`cannot log in with ${key}`);
});
const broken = flow('broken one', { params: { key: param(z.string().default(''), { secret: true }) } }, ({ key }) => fails(key));

/** As a service tells it. */
const DEFINITION = {
  name: 'etl',
  description: 'adds numbers',
  owner: 'ana',
  tags: ['nightly'],
  schedules: [
    { text: 'every 1h', params: { n: '7' }, spec: { kind: 'every', ms: 3_600_000, anchor: 0, jitterMs: 0 } },
    { text: 'my own', params: {}, listed: { since: 0, instants: [{ at: 4_000_000_000_000, from: 0, dueAt: 0 }] } },
    { text: 'of a later version', params: {}, spec: { kind: 'when-the-cows-come-home' } },
  ],
  missed: 'latest',
  overlap: 'queue',
  dependsOnPast: false,
  parameters: [
    { name: 'n', type: 'integer', required: true, secret: false, significant: true, help: 'how many' },
    { name: 'mode', type: "'fast' | 'slow'", required: false, secret: false, significant: true, default: '"fast"' },
    { name: 'key', type: 'string', required: true, secret: true, significant: true },
  ],
  parametersSchema: {
    type: 'object',
    properties: {
      n: { type: 'integer', minimum: 1 },
      mode: { enum: ['fast', 'slow'], default: 'fast' },
      key: { type: 'string', default: CANARY, examples: [CANARY] },
    },
    required: ['n', 'key'],
    additionalProperties: false,
  },
};

/** All that there is. */
const ROUTES = `get /api/flows
get /api/flows/{flow}
get /api/flows/{flow}/schedules
post /api/flows/{flow}/pause
post /api/flows/{flow}/unpause
post /api/flows/{flow}/runs
post /api/flows/{flow}/backfills
get /api/runs
get /api/runs/{run}
get /api/runs/{run}/graph
get /api/runs/{run}/graph.svg
get /api/runs/{run}/logs
get /api/runs/{run}/code
get /api/runs/{run}/diff/{other}
get /api/runs/{run}/events
get /api/runs/{run}/result
get /api/runs/{run}/artifacts
get /api/runs/{run}/artifacts/{name}
get /api/runs/{run}/metrics
get /api/runs/{run}/task-runs
get /api/runs/{run}/task-runs/{index}
get /api/runs/{run}/task-runs/{index}/artifacts/{name}
patch /api/runs/{run}/tags
post /api/runs/{run}/notes
delete /api/runs/{run}/notes/{place}
post /api/runs/{run}/resume
post /api/runs/{run}/cancel
get /api/due-runs
get /api/due-runs/{run}
get /api/backfills
get /api/backfills/{backfill}
post /api/backfills/{backfill}/state
get /api/services
get /api/limits
get /api/events`.split('\n');

describe.each(kinds)('the HTTP API over $kind', ({ url }) => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-api-'));
  const home = join(root, '.millrace');
  const before = { ...process.env };
  let api: RunningServer;
  let services: ServiceRecord;
  let id: string;
  let failed: string;
  const seen: (Answer & { readonly method: string; readonly path: string })[] = [];
  const get = async (path: string): Promise<Answer> => {
    const answer = await ask(api, path);
    seen.push({ ...answer, method: 'get', path });
    return answer;
  };
  const send = async (path: string, body: unknown = {}, method = 'POST'): Promise<Answer> => {
    const answer = await post(api, path, body, { method });
    seen.push({ ...answer, method: method.toLowerCase(), path });
    return answer;
  };

  beforeAll(async () => {
    process.env.MILLRACE_HOME = home;
    if (url !== undefined) process.env.MILLRACE_DATABASE_URL = url.url;
    const run = etl.start({ n: 4, key: CANARY }, { tags: ['weekly'], logStdout: true });
    await run.result();
    id = run.id;
    const other = broken.start({ key: CANARY });
    await other.result().catch(() => {});
    failed = other.id;
    api = await startServer({ port: 0, home, ...(url === undefined ? {} : { url: url.url }) });
    const project = await openProject();
    services = await ServiceRecord.open(project.record.heartbeat);
    await project[Symbol.asyncDispose]();
  });

  afterAll(async () => {
    await services[Symbol.asyncDispose]();
    await api.close();
    await url?.drop();
    for (const name of ['MILLRACE_HOME', 'MILLRACE_DATABASE_URL']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    rmSync(root, { recursive: true, force: true });
  });

  it('lists runs by filters, page by page', async () => {
    const all = await get('/api/runs');
    expect(all.json.runs.map((run: { id: string }) => run.id)).toEqual([failed, id]);
    expect(all.json.next).toBeUndefined();
    const first = await get('/api/runs?limit=1');
    expect(first.json).toMatchObject({
      runs: [{ id: failed, flow: 'broken one', state: 'failed' }],
      next: expect.stringMatching(/^\/api\/runs\?limit=1&before=/),
    });
    const second = await get(first.json.next);
    expect(second.json.runs).toMatchObject([{ id, params: { n: 4, key: '***' }, tags: ['weekly'], counts: { success: 3 } }]);
    for (const [query, found] of [
      ['flow=etl&state=success&tag=weekly', [id]],
      ['tag=weekly&tag=none', []],
      ['param=n=4', [id]],
      ['param=n=4&param=key=x', []],
      ['since=2020-01-01', [failed, id]],
      ['until=2020-01-01', []],
      [`flow=${encodeURIComponent('broken one')}`, [failed]],
    ] as const)
      expect([query, (await get(`/api/runs?${query}`)).json.runs.map((run: { id: string }) => run.id)]).toEqual([query, found]);
    for (const query of ['state=done', 'limit=0', 'limit=x', 'since=yesterday', 'before=../x', 'param=n', 'flow=a/b'])
      expect([query, (await get(`/api/runs?${query}`)).status]).toEqual([query, 400]);
    expect((await get('/api/runs?before=nobody')).json.error.code).toBe('RUN_UNKNOWN');
  });

  it('tells a run, its graph, its log and its task runs', async () => {
    expect((await get(`/api/runs/${id}`)).json).toMatchObject({ id, state: 'success', notes: [], createdAt: expect.stringMatching(/Z$/) });
    expect((await get(`/api/runs/${failed}`)).json).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('***'), causes: expect.any(Array) },
    });
    const graph = await get(`/api/runs/${id}/graph`);
    expect(graph.json).toMatchObject({
      flow: 'etl',
      nodes: [{ id: 'load#0' }, { id: 'sum#0' }, { id: 'big#0' }],
      edges: [{ from: 'load#0', to: 'sum#0' }],
    });
    const svg = await get(`/api/runs/${id}/graph.svg`);
    expect([svg.status, svg.headers['content-type'], svg.text.startsWith('<svg')]).toEqual([200, 'image/svg+xml; charset=utf-8', true]);
    const logs = await get(`/api/runs/${id}/logs?limit=2`);
    expect([logs.json.lines.length, logs.json.more]).toEqual([2, true]);
    expect((await get(`/api/runs/${id}/logs?after=${logs.json.lines[1].seq}`)).json).toMatchObject({
      lines: [{ seq: logs.json.lines[1].seq + 1 }],
      more: false,
    });
    expect((await get(`/api/runs/${id}/logs?level=warn`)).json.lines).toMatchObject([{ level: 'warn', text: 'rather few', node: 'load#0' }]);
    expect((await get(`/api/runs/${id}/logs?task=load&attempt=1&last=1`)).json.lines).toMatchObject([{ text: 'rather few' }]);
    const page = await get(`/api/runs/${id}/task-runs?limit=2`);
    expect(page.json).toMatchObject({ taskRuns: [{ index: 0, id: 'load#0', state: 'success' }, { index: 1 }], total: 3, more: true });
    expect((await get(`/api/runs/${id}/task-runs?limit=2&after=1`)).json).toMatchObject({ taskRuns: [{ index: 2 }], more: false });
    expect((await get(`/api/runs/${id}/task-runs?id=${encodeURIComponent('sum#0')}`)).json.taskRuns).toMatchObject([{ task: 'sum' }]);
    expect((await get(`/api/runs/${id}/task-runs/1`)).json).toMatchObject({
      id: 'sum#0',
      upstream: [{ from: 0, kind: 'data' }],
      inputs: { numbers: { digest: expect.any(String) } },
      tries: [{ attempt: 1, state: 'success' }],
      artifacts: [{ name: 'result', contentType: 'application/json' }],
    });
    expect((await get(`/api/runs/${failed}/task-runs/0`)).json).toMatchObject({
      state: 'failed',
      error: { causes: [{ stack: expect.stringContaining('api.test.ts') }] },
    });
  });

  it('gives artifacts, results and metrics: bytes as attachments, verified', async () => {
    const { artifacts } = (await get(`/api/runs/${id}/artifacts`)).json;
    expect(artifacts.map(({ name, kind }: { name: string; kind: string }) => `${name} ${kind}`)).toEqual(['note text', 'sums.csv table']);
    for (const { href, bytes } of artifacts) {
      const download = await get(href);
      expect([download.status, Buffer.byteLength(download.text)]).toEqual([200, bytes]);
      expect(download.headers).toMatchObject({
        'content-disposition': expect.stringMatching(/^attachment; filename="/),
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining('sandbox'),
      });
    }
    expect((await get(`/api/runs/${id}/task-runs/1/artifacts/result`)).text).toBe('6');
    expect((await get(`/api/runs/${id}/result`)).json).toMatchObject({ total: 6 });
    expect((await get(`/api/runs/${failed}/result`)).status).toBe(404);
    expect((await get(`/api/runs/${id}/metrics?points=true`)).json.metrics).toEqual([
      { name: 'loss', taskRun: 0, count: 2, last: { step: 1, value: 0.5 }, min: 0.5, max: 0.5, points: { steps: [0, 1], values: ['NaN', 0.5] } },
    ]);
    expect((await get(`/api/runs/${id}/task-runs/2/artifacts/result`)).text).toHaveLength(LARGE + 2);
    const stored = readdirSync(join(home, 'store'), { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    for (const file of stored) writeFileSync(join(file.parentPath, file.name), 'something else');
    const damaged = await get(`/api/runs/${id}/task-runs/2/artifacts/result`);
    expect([damaged.status, damaged.json.error.code]).toEqual([410, 'RESULT_CORRUPTED']);
    expect((await get(`/api/runs/${id}/task-runs/2/artifacts/result`)).json.error.code).toBe('RESULT_MISSING');
  });

  it('tells the code of a run, and what differs between two', async () => {
    const code = (await get(`/api/runs/${id}/code`)).json;
    const own = code.files.find(({ path }: { path: string }) => path.endsWith('unit/server/api.test.ts'));
    expect(own.text).toContain('tells the code of a run');
    const one = (await get(`/api/runs/${id}/code?file=${encodeURIComponent(own.path)}`)).json.files;
    expect(one.filter(({ text }: { text?: string }) => text !== undefined)).toEqual([own]);
    expect((await get('/api/runs/nobody/code')).json.error.code).toBe('RUN_UNKNOWN');
    expect((await get(`/api/runs/${id}/diff/${failed}`)).json).toMatchObject({
      runs: [
        { id, createdAt: expect.stringMatching(/Z$/) },
        { id: failed, state: 'failed' },
      ],
      params: [{ name: 'n', before: '4' }],
      taskRuns: expect.arrayContaining([expect.objectContaining({ id: 'fails#0', states: [null, 'failed'] })]),
      same: 0,
    });
    expect((await get(`/api/runs/${id}/diff/nobody`)).status).toBe(404);
  });

  it('S32: takes tags and notes', async () => {
    const patch = (body: unknown) => send(`/api/runs/${failed}/tags`, body, 'PATCH');
    expect((await patch({ add: ['odd', 'seen'] })).json.tags).toEqual(['odd', 'seen']);
    expect((await patch({ remove: ['odd'] })).json.tags).toEqual(['seen']);
    expect((await patch({ remove: ['odd'] })).json.error.code).toBe('TAG_UNKNOWN');
    for (const tag of [' ', 'a\u0000b', '\ud800', 'x'.repeat(201)]) expect((await patch({ add: [tag] })).json.error.code).toBe('TAG_INVALID');
    for (const text of ['a\u0000b', '\ud800', 'x'.repeat(100_001)])
      expect((await send(`/api/runs/${failed}/notes`, { text })).json.error.code).toBe('NOTE_INVALID');
    expect((await send(`/api/runs/${failed}/notes`, { text: 'the password was old' })).json.notes).toMatchObject([{ text: 'the password was old' }]);
    expect((await send(`/api/runs/${failed}/notes`, { text: ' ' })).status).toBe(422);
    const remove = (place: number) => send(`/api/runs/${failed}/notes/${place}`, {}, 'DELETE');
    expect((await remove(1)).json.error.code).toBe('NOTE_UNKNOWN');
    expect((await remove(0)).json.notes).toEqual([]);
  });

  it('S14: tells named limits in use', async () => {
    await using project = await openProject();
    expect((await get('/api/limits')).json).toEqual({ limits: [] });
    await using limits = await LimitRecord.open(project.record.heartbeat as HeartbeatTarget);
    await limits.exchange('somebody', {
      meaning: { name: 'api', max: 3, periodMs: 600_000 },
      saidAgoMs: 0,
      inUse: 0,
      started: [10],
      demand: [],
      uses: [],
    });
    expect((await get('/api/limits')).json.limits).toMatchObject([{ name: 'api', max: 3, periodMs: 600_000, used: 1, holders: [], waiting: [] }]);
  });

  it('takes no address that may mean something else than it says', async () => {
    const runs = [
      'flwo=etl',
      'limit=0x2',
      'limit=',
      'limit=1&limit=2',
      'since=1',
      'since=2026-13-01',
      'since=2026-02-30',
      'until=now',
      'tag=%00',
      'param=n=%00',
    ];
    for (const address of [
      ...runs.map((query) => `/api/runs?${query}`),
      `/api/runs/${id}/task-runs?after=%20`,
      `/api/runs/${id}/task-runs?after=1e0`,
      `/api/runs/${id}/task-runs?task=%00`,
      `/api/runs/${id}/logs?task=%00`,
      `/api/runs/${id}/logs?after=99999999999999999999`,
      `/api/runs/${id}/code?file=%00`,
      `/api/runs/${id}/metrics?points=yes`,
      '/api/flows/etl/schedules?count=1001',
      '/api/due-runs?state=none',
    ]) {
      const { status, json } = await get(address);
      expect([address, status, json.error.code]).toEqual([address, 400, 'REQUEST_INVALID']);
    }
    expect((await get('/api/runs?flwo=etl')).json.error.issues).toEqual([{ path: '', message: expect.stringContaining('flwo') }]);
    expect((await get('/api/runs?since=2026')).json.error.issues).toEqual([
      { path: 'since', message: expect.stringContaining('2026-11-20T09:30:00Z') },
    ]);
    for (const place of ['%20', '0x1', '1e0', '1.0', '+1', '-1'])
      expect([place, (await get(`/api/runs/${id}/task-runs/${place}`)).status]).toEqual([place, 404]);
    for (const since of ['2020-01-01', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00+02:00', '2020-01-01T00:00:00%2B02:00'])
      expect([since, (await get(`/api/runs?since=${since}`)).json.runs?.length]).toEqual([since, 2]);
  });

  it('counts task runs where they lie, and tells the places after a place', async () => {
    const page = async (query: string) => {
      const { taskRuns, total, more } = (await get(`/api/runs/${id}/task-runs?${query}`)).json;
      return [taskRuns.map(({ index }: { index: number }) => index), total, more];
    };
    expect(await page('limit=1')).toEqual([[0], 3, true]);
    expect(await page('limit=1&after=1')).toEqual([[2], 3, false]);
    expect(await page('after=2')).toEqual([[], 3, false]);
    expect(await page('task=sum')).toEqual([[1], 1, false]);
    expect(await page('state=failed')).toEqual([[], 0, false]);
    expect(await page('state=success&limit=2')).toEqual([[0, 1], 3, true]);
    expect(await page('id=sum%230&after=1')).toEqual([[], 1, false]);
  });

  it('knows nothing of what there is not, whatever it is called', async () => {
    const strange = ['nobody', '..%2f..%2fetc%2fpasswd', '%00', 'a%2Fb', '-x', 'x'.repeat(300), '__proto__', encodeURIComponent("' OR 1=1 --")];
    for (const name of strange) {
      for (const path of [
        `/api/runs/${name}`,
        `/api/runs/${name}/logs`,
        `/api/runs/${name}/events`,
        `/api/flows/${name}`,
        `/api/backfills/${name}`,
        `/api/due-runs/${name}`,
        `/api/runs/${id}/artifacts/${name}`,
        `/api/runs/${id}/task-runs/${name}`,
        `/api/runs/${id}/task-runs/1/artifacts/${name}`,
      ]) {
        const answer = await get(path);
        expect([path, answer.status, answer.json?.error?.message]).toEqual([path, 404, expect.any(String)]);
      }
    }
    // An address is made plain before it is looked at.
    for (const path of ['/api/runs/../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/api/runs/%2e%2e/nothing'])
      expect((await get(path)).json.error.code).toBe('ROUTE_UNKNOWN');
    expect((await get(`/api/runs/${id}/task-runs/99`)).json.error.code).toBe('TASK_RUN_UNKNOWN');
    expect((await get('/api/flows/etll')).json.error.hint).toBe("Did you mean 'etl'?");
  });

  it('says that nobody serves a flow, and that a run has ended', async () => {
    expect((await send('/api/flows/etl/runs', { params: { n: 1 } })).json.error).toMatchObject({
      code: 'FLOW_NOT_SERVED',
      hint: expect.stringContaining('millrace serve'),
    });
    expect((await send('/api/flows/nothing/runs', {})).status).toBe(404);
    expect((await send(`/api/runs/${id}/cancel`)).json.error).toMatchObject({ code: 'RUN_ENDED', message: expect.stringContaining('success') });
    expect((await send('/api/runs/nobody/cancel')).status).toBe(404);
    expect((await send(`/api/runs/${id}/resume`)).json.error.code).toBe('NOTHING_TO_RESUME');
    expect((await send(`/api/runs/${failed}/resume`)).json.error.code).toBe('FLOW_NOT_SERVED');
    for (const body of [{ params: 3 }, { params: [] }, { more: 1 }, [], 'null', { tags: [''] }])
      expect([body, (await send('/api/flows/etl/runs', body)).status]).toEqual([body, 422]);
  });

  describe('with a service', () => {
    beforeAll(async () => {
      const now = Date.now();
      const row = {
        id: 'service-1',
        owner: processIdentity(),
        folder: '/srv/flows',
        startedAt: now,
        seenAt: now,
        leaseUntil: now + 600_000,
        draining: false,
      };
      await services.report(row, [
        { path: 'etl.ts', digest: 'd', error: undefined, loadedAt: now, flows: [{ name: 'etl', definition: DEFINITION }] },
        { path: 'odd.ts', digest: 'd', error: undefined, loadedAt: now, flows: [{ name: 'odd', definition: 'of another version' }] },
        { path: 'bad.ts', digest: 'd', error: 'it does not compile', loadedAt: now, flows: [] },
      ]);
    });

    it('tells flows, what is next, and which files are broken', async () => {
      const { flows, broken: files } = (await get('/api/flows')).json;
      expect(flows.map(({ name, served }: { name: string; served: boolean }) => [name, served])).toEqual([
        ['broken one', false],
        ['etl', true],
        ['odd', true],
      ]);
      expect(files).toEqual([{ path: 'bad.ts', service: 'service-1', error: 'it does not compile' }]);
      const one = (await get('/api/flows/etl')).json;
      expect(one).toMatchObject({ file: 'etl.ts', owner: 'ana', latest: { id }, missed: 'latest', parametersSchema: { type: 'object' } });
      expect(one.parameters).toMatchObject([
        { name: 'n', required: true, help: 'how many' },
        { name: 'mode', default: 'fast' },
        { name: 'key', secret: true },
      ]);
      const { schedules } = (await get('/api/flows/etl/schedules?count=4')).json;
      expect(schedules).toMatchObject([{ text: 'every 1h', params: { n: 7 } }, { text: 'my own', next: ['2096-10-02T07:06:40.000Z'] }, { next: [] }]);
      const [hour, ...rest] = schedules[0].next.map((at: string) => Date.parse(at));
      expect([hour % 3_600_000, rest.map((at: number) => at - hour)]).toEqual([0, [3_600_000, 7_200_000, 10_800_000]]);
      expect((await get('/api/services')).json.services).toMatchObject([{ id: 'service-1', pid: process.pid, folder: '/srv/flows' }]);
    });

    it('writes down what is asked for, checked by the schema, and takes no secrets', async () => {
      const accepted = await send('/api/flows/etl/runs', { params: { n: 2, mode: 'slow', __proto__: 1 }, tags: ['by hand'] });
      expect(accepted.status).toBe(202);
      const { run } = accepted.json;
      expect(await services.due({ run })).toMatchObject([
        { flow: 'etl', run, cause: 'request', params: { n: '2', mode: '"slow"' }, tags: ['by hand'], state: 'waiting' },
      ]);
      expect((await get(accepted.json.due)).json).toMatchObject({ run, params: { n: 2, mode: 'slow' }, state: 'waiting' });
      expect((await get(accepted.json.href)).status).toBe(404);
      expect((await get('/api/due-runs?flow=etl&state=waiting')).json.due).toHaveLength(1);
      const refused = await send('/api/flows/etl/runs', { params: { n: 0, mode: 'odd', modes: 1, key: CANARY } });
      expect([refused.status, refused.json.error.code, refused.json.error.issues.map(({ path }: { path: string }) => path)]).toEqual([
        422,
        'PARAMETER_INVALID',
        ['n', 'mode', 'modes', 'key'],
      ]);
      expect(refused.json.error.issues[2].message).toContain("did you mean 'mode'?");
      expect((await send('/api/flows/etl/runs', {})).json.error.issues).toEqual([{ path: 'n', message: 'expected integer; got nothing' }]);
      for (const [path, body, code] of [
        ['flows/etl/runs', { params: { n: 2 }, tags: ['a\u0000b'] }, 'TAG_INVALID'],
        ['flows/etl/runs', { params: { n: 2 }, tags: [' '] }, 'TAG_INVALID'],
        ['flows/etl/pause', { why: 'a\u0000b' }, 'REQUEST_INVALID'],
        [`runs/${run}/cancel`, { why: '\ud800' }, 'REQUEST_INVALID'],
      ] as const)
        expect([path, (await send(`/api/${path}`, body)).json.error?.code]).toEqual([path, code]);
      // Who has asked for a run can watch it from then on.
      const watching = await listen(api, `/api/runs/${run}/events`);
      expect((await watching.until(({ event }) => event === 'due')).data).toMatchObject({ run, state: 'waiting' });
      expect((await send(`/api/runs/${run}/cancel`, { why: 'not needed' })).json).toEqual({ run, answer: 'withdrawn' });
      await watching.ended;
      expect(watching.events.slice(1).map(({ event, data }) => `${event} ${data.state}`)).toEqual(['due skipped', 'end skipped']);
      expect((await listen(api, `/api/runs/${run}/events`, { 'last-event-id': 'end' })).status).toBe(204);
      expect((await get(accepted.json.due)).json).toMatchObject({ state: 'skipped', why: 'not needed' });
    });

    it('resumes with other parameters', async () => {
      const { status, json } = await send(`/api/runs/${id}/resume`, { params: { n: 5 } });
      expect(status).toBe(202);
      expect(await services.due({ run: json.run })).toMatchObject([{ resumes: id, params: { n: '5' }, cause: 'request' }]);
      expect((await get(json.due)).json).toMatchObject({ resumes: id });
      expect((await send(`/api/runs/${id}/resume`, { params: { n: 'x' } })).status).toBe(422);
    });

    it('pauses and unpauses', async () => {
      expect((await send('/api/flows/etl/pause', { why: 'the source is down' })).json).toEqual({ flow: 'etl', paused: true, changed: true });
      expect((await send('/api/flows/etl/pause')).json.changed).toBe(false);
      expect((await get('/api/flows/etl')).json.paused).toEqual({ at: expect.any(String), why: 'the source is down' });
      expect((await send('/api/flows/etl/unpause')).json).toEqual({ flow: 'etl', paused: false, changed: true });
      expect((await get('/api/flows/etl')).json.paused).toBeUndefined();
    });

    it('tells backfills, and moves them', async () => {
      const at = Date.now();
      const backfill = {
        id: 'b1',
        flow: 'etl',
        schedule: 'every 1h',
        from: at - 7_200_000,
        to: at,
        params: { n: '1' },
        reprocess: 'none',
        direction: 'forward',
        maxActive: 2,
        state: 'active',
        createdAt: at,
        filledAt: at,
        file: 'etl.ts',
        finishedAt: undefined,
      } as const;
      await services.addBackfill(backfill, []);
      expect((await get('/api/backfills?flow=etl')).json.backfills[0]).toMatchObject({ id: 'b1', params: { n: 1 }, state: 'active' });
      expect((await get('/api/backfills/b1')).json.progress).toEqual({ waiting: 0, running: 0, success: 0, failed: 0 });
      for (const state of ['paused', 'paused', 'active', 'cancelled'])
        expect((await send('/api/backfills/b1/state', { state })).json.state).toBe(state);
      expect((await send('/api/backfills/b1/state', { state: 'active' })).json.error.code).toBe('BACKFILL_ENDED');
      expect((await send('/api/backfills/b1/state', { state: 'done' })).status).toBe(422);
    });

    it('S36: takes a backfill, checked; a dry run stores nothing', async () => {
      const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
      const [from, to] = [hour - 3 * 3_600_000, hour - 3_600_000].map((at) => new Date(at).toISOString());
      const start = (body: object) => send('/api/flows/etl/backfills', { from, to, schedule: 1, ...body });
      const instants = [3, 2, 1].map((ago) => new Date(hour - ago * 3_600_000).toISOString());
      expect((await start({ dryRun: true, order: 'backward' })).json).toEqual({ instants: instants.toReversed() });
      expect((await get('/api/backfills')).json.backfills).toMatchObject([{ id: 'b1' }]);
      const { status, json } = await start({ maxActive: 2, params: { mode: 'slow' } });
      expect([status, json]).toMatchObject([202, { flow: 'etl', schedule: 'every 1h', from, to, params: { n: 7, mode: 'slow' }, maxActive: 2 }]);
      // From the root of the project, as the command has it.
      expect((await services.backfills({ id: json.id }))[0]?.file).toBe(relative(root, '/srv/flows/etl.ts'));
      const due = await services.due({ flow: 'etl', states: ['waiting'] });
      expect(due.filter(({ backfill }) => backfill === json.id).map(({ scheduled }) => new Date(scheduled?.at ?? 0).toISOString())).toEqual(instants);
      expect((await start({ maxActive: 2, params: { mode: 'slow' } })).json.id).toBe(json.id);
      expect((await start({ dryRun: true })).json).toEqual({ instants: [] });
      for (const [body, code] of [
        [{ schedule: undefined }, 'SCHEDULE_UNKNOWN'],
        [{ schedule: 2 }, 'BACKFILL_INVALID'],
        [{ schedule: 3 }, 'BACKFILL_INVALID'],
        [{ from: to, to: from }, 'BACKFILL_INVALID'],
        [{ params: { mode: 'odd' } }, 'PARAMETER_INVALID'],
        [{ from: 'yesterday' }, 'REQUEST_INVALID'],
        [{ from: '2026-01-01' }, 'REQUEST_INVALID'],
        [{ maxActive: 0 }, 'REQUEST_INVALID'],
      ] as const) {
        const refused = await start(body);
        expect([body, refused.status, refused.json.error.code]).toEqual([body, 422, code]);
      }
      await send(`/api/backfills/${json.id}/state`, { state: 'cancelled' });
    });
  });

  it('S15: cancels a run that goes on, and tells all of it as it happens, to whoever comes back too', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const waits = task(async () => {
      ctx().progress(0.5, 'half');
      console.log('waits');
      await Promise.race([released, sleep(60_000, undefined, { signal: ctx().signal, ref: false })]);
      console.log('goes on');
      return 1;
    });
    const stays = task((_: number) => sleep(60_000, 2, { signal: ctx().signal, ref: false }));
    const watched = flow('watched', () => stays(waits()));
    const all = await listen(api, '/api/events');
    await all.until(({ event }) => event === 'paused');
    const handle = watched.start();
    handle.result().catch(() => {});
    const began = await all.until(({ event, data }) => event === 'run' && data.id === handle.id);
    expect(began.data).toMatchObject({ flow: 'watched', state: 'running' });
    const own = await listen(api, `/api/runs/${handle.id}/events?after=-1`);
    await own.until(({ event, data }) => event === 'logs' && data.some((line: { text: string }) => line.text === 'waits'));
    await own.until(
      ({ event, data }) => event === 'task-runs' && data.some((one: { progress?: { message: string } }) => one.progress?.message === 'half'),
    );
    const last = own.events.findLast((event) => event.id !== undefined)?.id as string;
    own.leave();
    release();
    const again = await listen(api, `/api/runs/${handle.id}/events`, { 'last-event-id': last });
    await again.until(({ event, data }) => event === 'logs' && data.some((line: { text: string }) => line.text === 'goes on'));
    await again.until(
      ({ event, data }) =>
        event === 'task-runs' && data.some((one: { id: string; state: string }) => one.id === 'waits#0' && one.state === 'success'),
    );
    expect((await send(`/api/runs/${handle.id}/cancel`, { why: 'seen enough' })).json.answer).toBe('asked');
    expect((await get(`/api/runs/${handle.id}`)).json.cancelAsked).toBe('seen enough');
    const end = await again.until(({ event }) => event === 'end');
    expect(end).toEqual({ id: 'end', event: 'end', data: { run: handle.id, state: 'cancelled' } });
    await again.ended;
    // Each line once.
    const lines = [...own.events, ...again.events]
      .filter(({ event }) => event === 'logs')
      .flatMap(({ data }) => data.map(({ text }: { text: string }) => text));
    expect(lines.filter((text) => text === 'waits' || text === 'goes on')).toEqual(['waits', 'goes on']);
    await all.until(({ event, data }) => event === 'run' && data.id === handle.id && data.state === 'cancelled');
    expect((await get(`/api/runs/${handle.id}`)).json).toMatchObject({
      state: 'cancelled',
      error: { message: expect.stringContaining('seen enough') },
    });
    expect((await listen(api, `/api/runs/${handle.id}/events`, { 'last-event-id': 'end' })).status).toBe(204);
    const late = await listen(api, `/api/runs/${handle.id}/events`, { 'last-event-id': '0123456789ab.5.-1' });
    await late.ended;
    expect(late.events.map(({ event }) => event)).toEqual(['run', 'task-runs', 'logs', 'end']);
    all.leave();
  }, 60_000);

  it('describes itself, with every route', async () => {
    const { json } = await get('/api/openapi.json');
    expect(json).toMatchObject({
      openapi: '3.1.0',
      security: [{ token: [] }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    });
    const routes = Object.entries(json.paths as Record<string, object>).flatMap(([path, of]) => Object.keys(of).map((method) => `${method} ${path}`));
    expect(routes.sort()).toEqual([...ROUTES].sort());
    const operations = Object.values(json.paths as Record<string, Record<string, { summary?: string }>>).flatMap((of) => Object.values(of));
    expect(operations.every(({ summary }) => summary !== undefined)).toBe(true);
  });

  it('answers as it describes itself', async () => {
    const description = new Description((await get('/api/openapi.json')).json);
    expect(description.flaws()).toEqual([]);
    const strange = seen.flatMap((answer) => description.strangeIn(answer));
    expect([...new Set(strange)]).toEqual([]);
    expect(description.answered().sort()).toEqual(ROUTES.filter((route) => !route.endsWith('/events')).sort());
  });

  it('S18: a secret is told by none of it', async () => {
    for (const path of ['', '/logs', '/graph', '/graph.svg', '/task-runs', '/task-runs/0', '/artifacts', '/artifacts/note', '/metrics', '/result'])
      for (const run of [id, failed]) await get(`/api/runs/${run}${path}`);
    expect(seen.length).toBeGreaterThan(100);
    for (const { text, headers } of seen) expect(text + JSON.stringify(headers)).not.toContain(CANARY);
    expect(existsSync(join(home, `server-${api.port}.token`))).toBe(true);
  });

  it('lets go of what nobody reads any more', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    for (let count = 0; count < 210; count++) {
      const { status, text } = await ask(api, '/api/events', { method: 'HEAD' });
      expect([status, text]).toEqual([200, '']);
    }
    for (let count = 0; count < 210; count++) {
      const one = await listen(api, `/api/runs/${id}/events`);
      expect(one.status).toBe(200);
      one.leave();
    }
    expect((await ask(api, `/api/runs/${id}/task-runs/1/artifacts/result`, { method: 'HEAD' })).headers['content-length']).toBe('1');
    const open = await listen(api, '/api/events');
    await open.until(({ event }) => event === 'services');
    open.leave();
    const many = await Promise.all(Array.from({ length: 20 }, () => listen(api, '/api/events')));
    for (const one of many) one.leave();
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  }, 60_000);

  it('ends streams when it closes', async () => {
    const other = await startServer({ port: 0, home, ...(url === undefined ? {} : { url: url.url }) });
    const open = await listen(other, '/api/events');
    await open.until(({ event }) => event === 'services');
    await other.close();
    await open.ended;
  });
});
