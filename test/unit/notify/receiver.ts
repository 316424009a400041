import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A web server that takes what is sent to it. `answer` undefined: it never answers. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server: Server;
  #wake: () => void = () => {};

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(answer: (attempt: number) => Answer | undefined = () => ({ status: 204 })): Promise<Receiver> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        receiver.received.push({ method: request.method ?? '', headers: request.headers, body });
        const given = answer(receiver.received.length);
        if (given) response.writeHead(given.status, given.headers).end('a secret-looking answer');
        receiver.#wake();
      });
    });
    const receiver = new Receiver(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  events(): Record<string, unknown>[] {
    return this.received.map(({ body }) => JSON.parse(body));
  }

  /** Resolves when so many have come. */
  async count(wanted: number): Promise<void> {
    while (this.received.length < wanted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
