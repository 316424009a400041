import { beforeEach, expect, it } from 'vitest';
import type { DueRun } from '../../../src/model/due-run.js';
import type { NotificationEvent, ServiceNews, ServiceNotification } from '../../../src/model/notification.js';
import type { ServedBy } from '../../../src/runs/service/served.js';
import { NewsTeller } from '../../../src/service/news-teller.js';
import type { ServiceEvent } from '../../../src/service/service-event.js';
import { HeldClock } from '../../fixtures/engine/held-clock.js';

const NOW = Date.UTC(2026, 4, 4, 12);
const due = { flow: 'etl', key: 'k', run: 'run-1', cause: 'request', params: {}, tags: [], dueAt: NOW, createdAt: NOW, state: 'refused' } as DueRun;
const broken: ServiceEvent = { type: 'file-broken', file: 'etl.ts', error: 'it does not compile\n  at line 3' };
const trouble: ServiceEvent = { type: 'trouble', step: 'claiming what is due', error: 'the database is away' };

let clock: HeldClock;
let told: (NotificationEvent | ServiceNews)[];
let events: ServiceEvent[];
let files: ServedBy[];
beforeEach(() => {
  clock = new HeldClock(NOW);
  [told, events, files] = [[], [], []];
});

const place = (parts: Partial<ServiceNotification> = {}): ServiceNotification => ({
  name: 'the ledger',
  notify: (event) => void told.push(event),
  ...parts,
});
const teller = (...to: readonly ServiceNotification[]): NewsTeller =>
  new NewsTeller({ to, folder: '/srv/flows', clock, record: { files: async () => files }, tell: (event) => events.push(event) });

it('tells of broken files and of runs that will not be, with what is known of them', async () => {
  const news = teller(place());
  news.hear(broken, 'one');
  await news.settled();
  news.hear({ type: 'run-refused', due, why: "expected parameter 'n'" }, 'one');
  news.hear({ type: 'file-loaded', file: 'etl.ts', flows: ['etl'] }, 'one');
  await news.settled();
  expect(told).toMatchObject([
    {
      event: 'broken-file',
      text: 'etl.ts is broken: it does not compile',
      file: 'etl.ts',
      folder: '/srv/flows',
      host: expect.any(String),
      error: { message: 'it does not compile\n  at line 3' },
      at: '2026-05-04T12:00:00.000Z',
    },
    { event: 'refused', text: "flow 'etl' will not run: expected parameter 'n' (run run-1)", flow: 'etl', run: 'run-1' },
  ]);
  expect(new Set(told.map(({ id }) => id)).size).toBe(2);
});

it('what another service has told of a file is not told again; another error is', async () => {
  const row = { service: 'one', folder: '/flows', path: 'etl.ts', digest: 'd', error: 'it does not compile\n  at line 3', loadedAt: NOW, flows: [] };
  const news = teller(place());
  files = [row];
  news.hear(broken, 'one');
  await news.settled();
  expect(told).toHaveLength(1);
  news.hear(broken, 'two');
  await news.settled();
  expect(told).toHaveLength(1);
  files = [{ ...row, error: 'it throws' }];
  news.hear(broken, 'two');
  await news.settled();
  expect(told).toHaveLength(2);
});

it('of trouble only when it lasts for a minute', async () => {
  const news = teller(place());
  news.hear(trouble, 'one');
  clock.advance(59_000);
  news.hear({ type: 'trouble-over', step: 'claiming what is due' }, 'one');
  clock.advance(600_000);
  expect(told).toEqual([]);
  news.hear(trouble, 'one');
  clock.advance(60_000);
  await news.settled();
  expect(told).toMatchObject([{ event: 'trouble', text: 'trouble with claiming what is due: the database is away' }]);
});

it('each place is told what it asked for, by itself; what is not delivered is told of', async () => {
  const failing = place({ name: 'the pager', retries: 0, notify: () => Promise.reject(new Error('it is down')) });
  const news = teller(failing, place({ on: ['refused', 'failure'] }));
  news.hear(broken, 'one');
  await news.settled();
  news.hear({ type: 'run-refused', due, why: 'no' }, 'one');
  await news.settled();
  expect(told.map(({ event }) => event)).toEqual(['refused']);
  const not = { type: 'not-told', place: 'the pager', error: 'it is down' };
  expect(events).toEqual([
    { ...not, occasion: 'broken-file' },
    { ...not, occasion: 'refused' },
  ]);
});
