import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asset, flow, param, resource, sensorFor, task } from 'millrace';

// A file that somebody else delivers is waited for; then its rows go through a service that the run starts for itself, and stops when it is done
// with it. When the prices are new, the report runs by itself (`millrace serve`).

interface Service {
  readonly url: string;
  readonly server: Server;
}

/** Answers `?cents=250` with euros. Listens on a port that is free. */
const converter = resource('converter', {
  setup: async (): Promise<Service> => {
    const server = createServer((request, response) => {
      const cents = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('cents'));
      response.end((cents / 100).toFixed(2));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    console.log('the converter is up');
    return { url: `http://127.0.0.1:${port}`, server };
  },
  teardown: async ({ server }) => {
    await new Promise((done) => server.close(done).closeAllConnections());
    console.log('the converter is down');
  },
});

const readPrices = task(async (file: { text(): Promise<string> }) => (await file.text()).trim().split('\n').map(Number));

const convert = task(
  async (service: Service, cents: readonly number[]) => {
    const euros: string[] = [];
    for (const amount of cents) euros.push(await (await fetch(`${service.url}/?cents=${amount}`)).text());
    return euros;
  },
  { renews: asset('prices') },
);

export default flow('prices', { params: { path: param({ default: 'prices.txt', help: 'One price in cents on each line' }) } }, ({ path }) => {
  const delivered = sensorFor.file(path, { every: '100ms', timeout: '30s', name: 'delivered' });
  return convert(converter(), readPrices(delivered()));
});

const tell = task((what: string) => `${what} are new`);

export const report = flow('report', { on: asset('prices') }, () => tell('prices'));
