import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Clock } from '../base/clock.js';
import type { RunRecord } from '../runs/run-record.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import type { Project } from '../runtime/project.js';
import type { LiveFeeds } from './live/live-feeds.js';

export type Api = OpenAPIHono;

/** What routes are made of. */
export interface ServerContext {
  readonly project: Project;
  readonly record: RunRecord;
  readonly services: ServiceRecord;
  readonly feeds: LiveFeeds;
  readonly clock: Clock;
  /** Streams end when it is aborted: the server is closing. */
  readonly closing: AbortSignal;
}
