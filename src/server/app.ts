import { readFileSync } from 'node:fs';
import { OpenAPIHono } from '@hono/zod-openapi';
import { PACKAGE_ROOT } from '../base/own-files.js';
import { ApiError, type ApiStatus, errorBody } from './api-error.js';
import type { Api, ServerContext } from './context.js';
import { type DoorOptions, door } from './door/door.js';
import { startPage } from './page.js';
import { addAmendmentRoutes } from './routes/amendments.js';
import { addBackfillRoutes } from './routes/backfills.js';
import { addCodeRoutes } from './routes/code.js';
import { addDownloadRoutes } from './routes/downloads.js';
import { addEventRoutes } from './routes/events.js';
import { addFlowRoutes } from './routes/flows.js';
import { addLimitRoutes } from './routes/limits.js';
import { addNewBackfillRoute } from './routes/new-backfill.js';
import { addRequestRoutes } from './routes/requests.js';
import { addRunRoutes } from './routes/runs.js';
import { addServiceRoutes } from './routes/services.js';
import { addTaskRunRoutes } from './routes/task-runs.js';

export interface AppOptions extends DoorOptions {
  /** Told of what nobody foresaw, which is not told to who asked. */
  readonly onTrouble: (error: unknown) => void;
}

/** The door first, then the routes: none is reached but through it. */
export function createApp(context: ServerContext, { credentials, hosts, onTrouble }: AppOptions): Api {
  const api: Api = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.target, result.error.issues);
    },
  });
  api.use('*', door({ credentials, hosts }));
  api.onError((error, c) => {
    const { status, body, isUnforeseen } = errorBody(error);
    if (isUnforeseen) onTrouble(error);
    return c.json(body, status);
  });
  api.notFound((c) => {
    const methods = methodsAt(api, c.req.path);
    if (methods.length > 0) c.header('Allow', methods.join(', '));
    const { status, body } = errorBody(nothingThere(methods));
    return c.json(body, status);
  });
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  addFlowRoutes(api, context);
  addRequestRoutes(api, context);
  addRunRoutes(api, context);
  addAmendmentRoutes(api, context);
  addCodeRoutes(api, context);
  addTaskRunRoutes(api, context);
  addDownloadRoutes(api, context);
  addBackfillRoutes(api, context);
  addNewBackfillRoute(api, context);
  addServiceRoutes(api, context);
  addLimitRoutes(api, context);
  addEventRoutes(api, context);
  api.get('/', (c) => c.html(startPage(context.record.location)));
  // Made once, when somebody asks: it never changes, and takes its time.
  let described: string | undefined;
  api.get('/api/openapi.json', (c) => {
    described ??= JSON.stringify(document(api));
    return c.body(described, 200, { 'Content-Type': 'application/json' });
  });
  return api;
}

/** What an address can be asked with. The door stands before all of them, and is none. */
function methodsAt(api: Api, path: string): readonly string[] {
  const found = ['GET', 'POST', 'PATCH', 'DELETE'].filter((method) => api.router.match(method, path)[0].length > 1);
  return found[0] === 'GET' ? ['GET', 'HEAD', ...found.slice(1)] : found;
}

function nothingThere(methods: readonly string[]): ApiError {
  if (methods.length > 0) return new ApiError(405, 'METHOD_REFUSED', `expected ${methods.join(' or ')} at this address`);
  return new ApiError(404, 'ROUTE_UNKNOWN', 'there is nothing at this address', { hint: 'GET /api/openapi.json lists what there is.' });
}

const STATUS_OF: Readonly<Record<string, ApiStatus>> = { param: 404, json: 422 };

/** What came is not told back: it may be a secret in the wrong place. */
function invalid(target: string, issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): ApiError {
  const where: Readonly<Record<string, string>> = { param: 'the address', query: 'the query', header: 'the headers', json: 'the body' };
  return new ApiError(STATUS_OF[target] ?? 400, 'REQUEST_INVALID', `${where[target] ?? target} cannot be meant like that`, {
    issues: issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
  });
}

function document(api: Api) {
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Millrace', version: packageVersion(), description: 'Flows, their runs and what they gave. Times are ISO 8601 in UTC.' },
    security: [{ token: [] }],
  });
}

function packageVersion(): string {
  if (PACKAGE_ROOT === undefined) return '0';
  return (JSON.parse(readFileSync(`${PACKAGE_ROOT}package.json`, 'utf8')) as { version: string }).version;
}
