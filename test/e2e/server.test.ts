import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server/start-server.js';
import { ask, listen, post } from '../unit/server/http.js';
import { fixture, type RecordedRun, type Shell, type Spawned, shellIn } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-server-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FLOW = `import { flow, param, task } from 'millrace';
const load = task((n: number) => { console.warn('few'); return n; });
export default flow('penguins', { params: { neighbours: param({ default: 5 }) } }, ({ neighbours }) => load(neighbours));
`;

type Served = RunningServer & { readonly process: Spawned };

/** The command in a process of its own, as far as requests need to know it. */
async function serve(shell: Shell, ...args: readonly string[]): Promise<Served> {
  const process = shell.start('server', '--port', '0', '--json', ...args);
  const place = await new Promise<Served>((resolve, reject) => {
    let out = '';
    process.child.stdout?.on('data', (text: string) => {
      out += text;
      if (out.includes('\n')) resolve(JSON.parse(out) as Served);
    });
    void process.ended.then(({ err }) => reject(new Error(err)), reject);
  });
  return { ...place, process };
}

function project(): Shell {
  const folder = mkdtempSync(join(root, 'project-'));
  return shellIn(folder, { RELEASE: join(folder, 'release') });
}

describe('millrace server', () => {
  it('does what its documentation says, by its own examples', async () => {
    const shell = project();
    writeFileSync(join(shell.folder, 'flow.ts'), FLOW);
    const { run } = await shell.json<{ run: string }>('run', 'flow.ts');
    const served = await serve(shell);
    const docs = readFileSync(fileURLToPath(new URL('../../docs/server.md', import.meta.url)), 'utf8');
    const blocks = [...docs.matchAll(/```sh\n(.*?)```/gs)].map(([, text]) => text as string);
    const examples = blocks.flatMap((block) => block.replaceAll('\\\n', '').split('\n')).filter((line) => line.startsWith('curl '));
    expect(examples.length).toBeGreaterThan(15);
    const TOKEN = readFileSync(served.tokenFile as string, 'utf8').trim();
    for (const example of examples) {
      const command = example.replace('curl ', 'curl -sS -m 2 -w "%{stderr}%{http_code}" ').replaceAll('http://127.0.0.1:4200', served.url);
      const env = { ...process.env, TOKEN, RUN: run };
      const { code, stderr, stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: shell.folder, env }).then(
        (done) => ({ ...done, code: 0 }),
        (error: { code: number; stderr: string; stdout: string }) => error,
      );
      // Nobody serves the flow here; and one stream goes on for as long as anybody listens.
      const status = example.endsWith('/flows/penguins/runs') ? '409' : '200';
      const isEndless = example.endsWith('/api/events');
      expect([example, code, stderr.slice(-3)]).toEqual([example, isEndless ? 28 : 0, isEndless ? expect.any(String) : status]);
      if (isEndless) expect(stdout).toContain('event: active');
    }
    expect(readFileSync(join(shell.folder, 'result.json'), 'utf8')).toBe('5');
    served.process.child.kill('SIGTERM');
    expect((await served.process.ended).code).toBe(0);
    expect(existsSync(served.tokenFile as string)).toBe(false);
  });

  it('S15: tells what another process does, as it does it, and ends it', async () => {
    const shell = project();
    const served = await serve(shell);
    expect(statSync(served.tokenFile as string).mode & 0o777).toBe(0o600);
    const all = await listen(served, '/api/events');
    await all.until(({ event }) => event === 'paused');
    const worker = shell.start('run', fixture('leases.ts'), 'waiting');
    const { data } = await all.until(({ event }) => event === 'run');
    expect(data).toMatchObject({ flow: 'waiting', state: 'running' });
    const own = await listen(served, `/api/runs/${data.id}/events`);
    await own.until(
      ({ event, data: rows }) =>
        event === 'task-runs' && rows.some(({ id, state }: { id: string; state: string }) => id === 'waits#0' && state === 'running'),
    );
    expect((await post(served, `/api/runs/${data.id}/cancel`, { why: 'enough' })).json).toEqual({ run: data.id, answer: 'asked' });
    expect((await worker.ended).code).toBe(130);
    expect((await own.until(({ event }) => event === 'end')).data).toEqual({ run: data.id, state: 'cancelled' });
    expect((await shell.json<readonly RecordedRun[]>('runs'))[0]).toMatchObject({
      state: 'cancelled',
      error: { message: expect.stringContaining('enough') },
    });
    served.process.child.kill('SIGINT');
    await all.ended;
    expect((await served.process.ended).code).toBe(0);
  });

  it('is closed to other machines without a token of their own', async () => {
    const shell = project();
    const refused = await shell.millrace('server', '--port', '0', '--host', '0.0.0.0');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('SERVER_EXPOSED')]);
    const own = shellIn(shell.folder, { MILLRACE_SERVER_TOKEN: 'a-token-of-their-own' });
    const served = await serve(own, '--host', '0.0.0.0', '--allow-host', 'flows.example');
    expect(served.link).not.toContain('token');
    const headers = { authorization: 'Bearer a-token-of-their-own', host: 'flows.example' };
    expect((await ask(served, '/api/runs', { token: false, headers })).status).toBe(200);
    served.process.child.kill('SIGTERM');
    await served.process.ended;
  });
});
