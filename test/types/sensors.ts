import {
  asset,
  type FileRef,
  type FlowEvent,
  type Future,
  flow,
  flowRef,
  resource,
  sensor,
  sensorFor,
  type Task,
  task,
  unmapped,
} from '../../src/index.js';
import { is } from './expect-type.js';

declare class Connection {
  readonly url: string;
  query(sql: string): Promise<number>;
  close(): Promise<void>;
}

export function sensorsAreTasks(): void {
  const landed = sensor('landed', (path: string) => path.length > 0, { every: '30s', timeout: '6h', mode: 'poll', soft: true });
  is<typeof landed, Task<[path: string], void>>(true);
  const any = sensor('any', async () => true, { every: 500, backoff: 'exponential', maxDelay: '5m', retries: 3 });
  is<typeof any, Task<[], void>>(true);
  is<typeof landed extends (path: string) => Future<void> ? true : false, true>(true);
  landed.map(['a', 'b']);
  // @ts-expect-error a poke says yes or no
  sensor('text', () => 'yes', { every: '1s' });
  // @ts-expect-error it must be known how often
  sensor('often', () => true, {});
  // @ts-expect-error a sensor is never cached
  sensor('cached', () => true, { every: '1s', cache: false });
}

export function theUsualSensors(): void {
  is<ReturnType<typeof sensorFor.file>, Task<[], FileRef>>(true);
  is<ReturnType<typeof sensorFor.time>, Task<[], void>>(true);
  sensorFor.time(({ scheduledTime }) => new Date(scheduledTime.getTime() + 1000), { name: 'later' });
  sensorFor.url('https://example.org', { ok: (response) => response.status === 204 });
  // @ts-expect-error of which database
  sensorFor.sql('SELECT 1', {});
  const size = task((file: FileRef) => file.bytes, { name: 'size' });
  flow('sizes', () => size(sensorFor.file('a.csv')()));
}

export function resourcesAreTyped(): void {
  const base = resource('base', {
    setup: async (url: string): Promise<Connection> => ({ url }) as Connection,
    teardown: (connection) => connection.close(),
  });
  is<ReturnType<typeof base>, Future<Connection>>(true);
  const count = task((connection: Connection, sql: string) => connection.query(sql), { name: 'count' });
  flow('counts', () => [count(base('postgres://'), 'SELECT 1'), count.map(unmapped(base('a')), ['SELECT 1'])]);
  // @ts-expect-error a text
  base(7);
  // @ts-expect-error it has to be cleaned up
  resource('half', { setup: () => 1 });
}

export function triggersAreTyped(): void {
  const load = task(() => 1, { name: 'load', renews: [asset('a'), asset('b')] });
  const etl = flow('etl', () => load());
  is<typeof etl.success, FlowEvent>(true);
  flow('report', { on: asset('a') }, () => 1);
  flow('all', { on: [asset('a'), asset('b'), etl.failure, flowRef('other').finished] }, () => 1);
  // @ts-expect-error a flow is no event
  flow('none', { on: etl }, () => 1);
}
