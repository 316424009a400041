import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as openRequest } from 'node:http';
import type { RunningServer } from '../../../src/server/start-server.js';

/** Plain HTTP, with any header whatever: what `fetch` would not send is what matters here. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** False: without the token. @default true */
  readonly token?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
  readonly json: any;
}

export function tokenOf({ link }: Pick<RunningServer, 'link'>): string {
  return new URL(link).searchParams.get('token') ?? '';
}

function open(server: RunningServer, path: string, { method = 'GET', headers = {}, token = true, body }: Asked): ClientRequest {
  const length = body === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(body) };
  const authorization = token ? { authorization: `Bearer ${tokenOf(server)}` } : {};
  return openRequest({ host: '127.0.0.1', port: server.port, path, method, headers: { ...authorization, ...length, ...headers }, agent: false });
}

export function ask(server: RunningServer, path: string, asked: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = open(server, path, asked);
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = /^application\/json/.test(response.headers['content-type'] ?? '');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: isJson && text !== '' ? JSON.parse(text) : undefined });
      });
    });
    request.end(asked.body);
  });
}

/** With a body of JSON. */
export function post(server: RunningServer, path: string, value: unknown = {}, asked: Asked = {}): Promise<Answer> {
  const headers = { 'content-type': 'application/json', ...asked.headers };
  return ask(server, path, { method: 'POST', ...asked, headers, body: typeof value === 'string' ? value : JSON.stringify(value) });
}

export interface SentEvent {
  readonly id?: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
  readonly data: any;
}

/** A stream of events that is read as they come. */
export interface Listening {
  readonly status: number;
  /** Everything so far. */
  readonly events: readonly SentEvent[];
  /** Resolves with the first event that is like that, of those that were told already too. Rejects when the line ends without. */
  until(isLike: (event: SentEvent) => boolean): Promise<SentEvent>;
  readonly ended: Promise<void>;
  leave(): void;
}

export function listen(server: RunningServer, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const request = open(server, path, { headers });
    request.on('error', reject);
    request.on('response', (response) => resolve(reading(request, response)));
    request.end();
  });
}

function reading(request: ClientRequest, response: IncomingMessage): Listening {
  const events: SentEvent[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  let isOver = false;
  response.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s, 2)));
      if (fields.event !== undefined) events.push({ event: fields.event, data: JSON.parse(fields.data), ...(fields.id ? { id: fields.id } : {}) });
    }
    for (const look of waiting) look();
  });
  const ended = new Promise<void>((resolve) => {
    const over = (): void => {
      isOver = true;
      for (const look of waiting) look();
      resolve();
    };
    response.on('close', over).on('error', over);
  });
  return {
    status: response.statusCode ?? 0,
    events,
    ended,
    leave: () => request.destroy(),
    until: (isLike) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find(isLike);
          if (found === undefined && !isOver) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`it never came; what came: ${JSON.stringify(events)}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}
