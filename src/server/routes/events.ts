import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { FINAL_RUN_STATES, type RunState } from '../../model/states.js';
import { ApiError } from '../api-error.js';
import type { Api, ServerContext } from '../context.js';
import { needRun } from '../find.js';
import * as inputs from '../inputs.js';
import { eventStream } from '../live/event-stream.js';
import { END, type LiveFeed } from '../live/live-feed.js';
import * as schemas from '../schemas.js';
import { failures, json } from './answers.js';

/** Each holds a socket and a place in a ring. */
const MOST_STREAMS = 200;

const stream = {
  description: 'Server-sent events. `Last-Event-ID` goes on where the line was cut; where that is too long ago, it begins with how things are.',
  content: { 'text/event-stream': { schema: z.string() } },
};
const busy = { 503: json(schemas.Failure, 'Too many listen already.') };
const headers = z.object({ 'last-event-id': z.string().max(100).optional() });

const ofProject = createRoute({
  method: 'get',
  path: '/api/events',
  tags: ['events'],
  summary: 'What happens: `active` (runs that go on, at first), `run` (one that begins, changes or ends), `services`, `files`, `paused`',
  request: { headers },
  responses: { 200: stream, ...failures, ...busy },
});

const ofRun = createRoute({
  method: 'get',
  path: '/api/runs/{run}/events',
  tags: ['events'],
  summary:
    'What happens in a run: `due` (before it has begun), `run`, `task-runs` (those that changed), `logs`, and `end`, after which the line is closed',
  request: {
    params: z.object({ run: inputs.RunId }),
    query: z.strictObject({
      after: inputs.after('Lines of the log with a greater `seq`; without it, those that come.'),
    }),
    headers,
  },
  responses: { 200: stream, 204: { description: 'The run has ended, and all of it has been told.' }, ...failures, ...busy },
});

export function addEventRoutes(api: Api, { feeds, record, services, closing }: ServerContext): void {
  let streams = 0;

  function open(c: Context, feed: LiveFeed, lastId: string | undefined, mark?: number): Response {
    if (streams >= MOST_STREAMS) throw new ApiError(503, 'TOO_MANY_STREAMS', `${streams} listen already`);
    streams++;
    const own = new AbortController();
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      streams--;
      closing.removeEventListener('abort', end);
      own.abort();
    };
    closing.addEventListener('abort', end, { once: true });
    const events = feed.listen({ lastId, mark, signal: own.signal });
    const told = async function* () {
      try {
        yield* events;
      } finally {
        end();
      }
    };
    c.header('Content-Type', 'text/event-stream; charset=utf-8');
    // Proxies that gather a page before they pass it on would gather for ever.
    c.header('X-Accel-Buffering', 'no');
    return c.body(eventStream(told(), end) as unknown as globalThis.ReadableStream);
  }

  /** Of one that is only due: who has asked for a run wants to see it begin. @throws ApiError `RUN_UNKNOWN` */
  async function stateOf(run: string): Promise<string> {
    const row = (await record.run(run)) ?? (await services.due({ run, limit: 1 }))[0];
    return row?.state ?? (await needRun(record, run)).state;
  }

  api.openapi(ofProject, (c) => open(c, feeds.ofProject(), c.req.valid('header')['last-event-id']));

  api.openapi(ofRun, async (c) => {
    const { run: id } = c.req.valid('param');
    const state = await stateOf(id);
    const lastId = c.req.valid('header')['last-event-id'];
    // A browser connects again when a line ends; this tells it to leave it.
    if (lastId === END && isOver(state)) return c.body(null, 204);
    return open(c, feeds.ofRun(id), lastId, c.req.valid('query').after);
  });
}

const NEVER: ReadonlySet<string> = new Set(['skipped', 'refused']);

function isOver(state: string): boolean {
  return FINAL_RUN_STATES.has(state as RunState) || NEVER.has(state);
}
