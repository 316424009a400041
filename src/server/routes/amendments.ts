import { createRoute, z } from '@hono/zod-openapi';
import { checkNote, checkTags } from '../../runtime/past/amendments.js';
import { ApiError } from '../api-error.js';
import type { Api, ServerContext } from '../context.js';
import { needRun } from '../find.js';
import * as inputs from '../inputs.js';
import * as schemas from '../schemas.js';
import { runView } from '../views/run-view.js';
import { body, json, refusals } from './answers.js';

/** What people write on a run: tags, to find it again, and notes. */

const params = z.object({ run: inputs.RunId });
const Tags = z.array(z.string()).max(50).default([]);

const tags = createRoute({
  method: 'patch',
  path: '/api/runs/{run}/tags',
  tags: ['runs'],
  summary: 'Give a run tags, or take some away; those of the system stay',
  request: { params, body: body(z.object({ add: Tags, remove: Tags }).strict()) },
  responses: { 200: json(schemas.Run, 'The run as it is now.'), ...refusals },
});

const note = createRoute({
  method: 'post',
  path: '/api/runs/{run}/notes',
  tags: ['runs'],
  summary: 'Write down something about a run',
  request: { params, body: body(z.object({ text: z.string() }).strict()) },
  responses: { 200: json(schemas.Run, 'The run as it is now.'), ...refusals },
});

const unnote = createRoute({
  method: 'delete',
  path: '/api/runs/{run}/notes/{place}',
  tags: ['runs'],
  summary: 'Take a note away',
  request: { params: params.extend({ place: inputs.whole(0, 100_000).openapi({ description: 'Its place among the notes, from 0.' }) }) },
  responses: { 200: json(schemas.Run, 'The run as it is now.'), ...refusals },
});

export function addAmendmentRoutes(api: Api, { record }: ServerContext): void {
  api.openapi(tags, async (c) => {
    const { id, tags: own } = await needRun(record, c.req.valid('param').run);
    const { add, remove } = c.req.valid('json');
    const missing = checkTags(remove).find((tag) => !own.includes(tag));
    if (missing !== undefined) throw new ApiError(404, 'TAG_UNKNOWN', `run ${id} has no tag '${missing}' of its own`);
    return c.json(runView(await record.amend(id, { addTags: checkTags(add), removeTags: remove })), 200);
  });

  api.openapi(note, async (c) => {
    const { id } = await needRun(record, c.req.valid('param').run);
    return c.json(runView(await record.amend(id, { addNote: checkNote(c.req.valid('json').text) })), 200);
  });

  api.openapi(unnote, async (c) => {
    const { run, place } = c.req.valid('param');
    const { id, notes = [] } = await needRun(record, run);
    if (notes[place] === undefined) throw new ApiError(404, 'NOTE_UNKNOWN', `run ${id} has no note ${place}`, { hint: `It has ${notes.length}.` });
    return c.json(runView(await record.amend(id, { removeNote: place })), 200);
  });
}
