import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { nearest } from '../../base/nearest.js';
import type { ArtifactRef } from '../../model/artifact.js';
import { TASK_DEFAULTS } from '../../model/task-definition.js';
import { builtInSerializer } from '../../results/formats/built-in.js';
import { BYTE_STREAM } from '../../results/formats/byte-stream.js';
import { sideResultsOf } from '../../runs/side-results.js';
import { withOrigins } from '../../runs/with-origins.js';
import { ApiError } from '../api-error.js';
import type { Api, ServerContext } from '../context.js';
import { needRun, needTaskRun } from '../find.js';
import * as inputs from '../inputs.js';
import * as schemas from '../schemas.js';
import { contentTypeOf, WHOLE } from '../views/task-run-view.js';
import { failures, json } from './answers.js';

/** Stored bytes, verified in full before the first of them is sent, and always to be saved: a browser neither shows nor runs them. */

const bytes = { description: 'The stored bytes.', content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } } };
const gone = { 410: json(schemas.Failure, 'The bytes are gone, or are not those that were stored.') };

const result = createRoute({
  method: 'get',
  path: '/api/runs/{run}/result',
  tags: ['artifacts'],
  summary: 'What the flow returned',
  request: { params: z.object({ run: inputs.RunId }) },
  responses: { 200: bytes, ...failures, ...gone },
});

const ofRun = createRoute({
  method: 'get',
  path: '/api/runs/{run}/artifacts/{name}',
  tags: ['artifacts'],
  summary: 'What the flow itself gave, or a file among its parameters',
  request: { params: z.object({ run: inputs.RunId, name: inputs.ArtifactName }) },
  responses: { 200: bytes, ...failures, ...gone },
});

const ofTaskRun = createRoute({
  method: 'get',
  path: '/api/runs/{run}/task-runs/{index}/artifacts/{name}',
  tags: ['artifacts'],
  summary: 'The result of a task run (`result`, or an output by its name), or what it gave beside it',
  request: { params: z.object({ run: inputs.RunId, index: inputs.Place, name: inputs.ArtifactName }) },
  responses: { 200: bytes, ...failures, ...gone },
});

interface Named {
  readonly name: string;
  readonly ref: ArtifactRef;
  readonly contentType?: string;
}

export function addDownloadRoutes(api: Api, { record, project }: ServerContext): void {
  api.openapi(result, async (c) => {
    const row = await needRun(record, c.req.valid('param').run);
    if (row.result === undefined) throw new ApiError(404, 'RUN_RESULT_MISSING', `run ${row.id} has no stored result: it is ${row.state}`);
    return await send(c, { name: row.flow, ref: row.result });
  });

  api.openapi(ofRun, async (c) => {
    const { run, name } = c.req.valid('param');
    await needRun(record, run);
    return await send(c, choose(name, await sideResultsOf(record, run, []).then(({ artifacts }) => artifacts), `run ${run} itself`));
  });

  api.openapi(ofTaskRun, async (c) => {
    const { run, index, name } = c.req.valid('param');
    const rows = await withOrigins(record, [await needTaskRun(record, run, index)]);
    const given = await sideResultsOf(record, run, rows, { index });
    const results = rows.flatMap(({ artifacts }) => artifacts).map(({ name: own, ref }) => ({ name: own === '' ? WHOLE : own, ref }));
    return await send(c, choose(name, [...results, ...given.artifacts], `task run ${rows[0]?.id} of run ${run}`));
  });

  /** Read as bytes, whatever they are: nothing of the flow is needed for that, and nothing of them is run. */
  async function send(c: Context, { name, ref, contentType }: Named): Promise<Response> {
    const asBytes = [{ name: '', ref: { ...ref, format: BYTE_STREAM.name } }];
    const stream = (await project.keeper.load(asBytes, TASK_DEFAULTS)) as ReadableStream<Uint8Array>;
    c.header('Content-Type', contentType ?? contentTypeOf(ref.format));
    c.header('Content-Length', String(ref.bytes));
    c.header('Content-Disposition', attachment(fileName(name, ref, contentType)));
    c.header('Content-Security-Policy', "default-src 'none'; sandbox; frame-ancestors 'none'");
    return c.body(stream as unknown as globalThis.ReadableStream);
  }
}

function choose<A extends Named>(name: string, all: readonly A[], whose: string): A {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name);
  const meant = nearest(name, names);
  throw new ApiError(404, 'ARTIFACT_UNKNOWN', `${whose} has no artifact '${name}'`, {
    hint: meant !== undefined ? `Did you mean '${meant}'?` : names.length === 0 ? 'It has none.' : `It has ${names.slice(0, 8).join(', ')}.`,
  });
}

/** `report.csv` stays what it is; a result without an ending gets that of its format. */
function fileName(name: string, { format }: ArtifactRef, contentType: string | undefined): string {
  if (contentType !== undefined && /\.[A-Za-z0-9]{1,8}$/.test(name)) return name;
  return `${name}.${builtInSerializer(format)?.ext.replace(/^\./, '') ?? 'bin'}`;
}

/** RFC 6266: what old readers understand, then what it is. */
function attachment(name: string): string {
  const plain = name.replace(/[^\w.+~-]+/g, '_');
  const whole = encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${whole}`;
}
