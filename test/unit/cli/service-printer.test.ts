import { expect, it } from 'vitest';
import { loadServicePrinter } from '../../../src/cli/load-service-printer.js';
import type { DueRun } from '../../../src/model/due-run.js';
import type { RunningServer } from '../../../src/server/start-server.js';
import type { ServiceEvent } from '../../../src/service/service-event.js';

const due: DueRun = {
  flow: 'etl',
  key: 'k',
  run: '20260504-120000-aaaaaa',
  cause: 'schedule',
  schedule: 'every 1h',
  params: {},
  tags: [],
  scheduled: { at: Date.UTC(2026, 4, 4, 12), from: Date.UTC(2026, 4, 4, 11) },
  dueAt: 0,
  createdAt: 0,
  state: 'claimed',
};

async function printed(
  events: readonly ServiceEvent[],
  { isTTY = true, quiet = false, env = { NO_COLOR: '1' } as Record<string, string> } = {},
): Promise<string> {
  let text = '';
  const out = { write: (part: string | Uint8Array) => (text += part), isTTY };
  const { tell, listening } = await loadServicePrinter({
    terminal: { out, err: out, env, cwd: '/', now: () => Date.UTC(2026, 4, 4, 12, 0, 1) },
    folder: 'flows',
    quiet,
  });
  if (events.length === 0) listening(SERVER);
  for (const event of events) tell(event);
  return text;
}

const PLACE = { url: 'http://127.0.0.1:4200', link: 'http://127.0.0.1:4200/?token=t0ken', port: 4200, tokenFile: '/p/server-4200.token' };
const SERVER: RunningServer = { ...PLACE, close: async () => {}, [Symbol.asyncDispose]: async () => {} };

const ended: ServiceEvent = { type: 'run-ended', due, state: 'success', tookMs: 1_500.123_456 };
const failed: ServiceEvent = { type: 'run-ended', due, state: 'failed', tookMs: 20, error: 'two things:\n  - \u001b[2Jone' };

it('tells people of runs in lines; what others wrote cannot command the terminal', async () => {
  expect(await printed([{ type: 'run-starting', due }, ended, failed])).toBe(
    [
      '12:00:01  etl starts as 20260504-120000-aaaaaa (every 1h for 2026-05-04T12:00:00.000Z)',
      '12:00:01  etl success 20260504-120000-aaaaaa in 1.5 s',
      '12:00:01  etl failed 20260504-120000-aaaaaa in 20 ms: two things:',
      '            - one',
      '',
    ].join('\n'),
  );
  expect(await printed([ended], { env: { FORCE_COLOR: '1' } })).toContain('\u001b[32msuccess\u001b[39m');
});

it('--quiet: failures only', async () => {
  expect(await printed([{ type: 'run-starting', due }, ended], { quiet: true })).toBe('');
  expect(await printed([failed], { quiet: true })).toContain('etl failed');
});

it('tells programs in lines of JSON', async () => {
  expect(JSON.parse(await printed([ended], { isTTY: false }))).toEqual({
    level: 'info',
    time: '2026-05-04T12:00:01.000Z',
    type: 'run-ended',
    state: 'success',
    tookMs: 1_500.123,
    flow: 'etl',
    run: due.run,
    cause: 'schedule',
    scheduledTime: '2026-05-04T12:00:00.000Z',
  });
  expect(JSON.parse(await printed([failed], { isTTY: false })).level).toBe('error');
});

it('where the HTTP API is: people are given the link, logs have no token in them', async () => {
  expect(await printed([])).toContain(PLACE.link);
  expect(await printed([], { quiet: true })).toBe('');
  const { url, port, tokenFile } = PLACE;
  expect(JSON.parse(await printed([], { isTTY: false }))).toEqual({
    level: 'info',
    time: '2026-05-04T12:00:01.000Z',
    type: 'listening',
    url,
    port,
    tokenFile,
  });
});
