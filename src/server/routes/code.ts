import { createRoute, z } from '@hono/zod-openapi';
import { plainData } from '../../base/json-value.js';
import { readFileTexts } from '../../code/read-package.js';
import { keptCode } from '../../runtime/past/code.js';
import { compareRuns } from '../../runtime/past/compare-runs.js';
import type { Api, ServerContext } from '../context.js';
import { needRun } from '../find.js';
import * as inputs from '../inputs.js';
import * as schemas from '../schemas.js';
import { failures, json } from './answers.js';

/** What a run ran, and what differs between two. */

const File = z.object({
  path: z.string(),
  digest: z.string(),
  bytes: z.number(),
  changed: z.boolean().optional().openapi({ description: 'It was changed after it was loaded: what ran is not what it says.' }),
  left: z.string().optional().openapi({ description: 'Why its text is not kept: `outside` of the project, `large`, or `binary`.' }),
  text: z.string().optional().openapi({ description: 'Absent where it is not kept, or damaged; and where it was not asked for.' }),
});
const Code = z.object({ files: z.array(File).readonly(), packages: z.record(z.string(), z.string()) }).openapi('Code');

const code = createRoute({
  method: 'get',
  path: '/api/runs/{run}/code',
  tags: ['runs'],
  summary: 'The source files that a run ran, with their texts, and the versions of the packages they use',
  request: {
    params: z.object({ run: inputs.RunId }),
    query: z.strictObject({ file: inputs.words(1_000).optional().openapi({ description: 'The text of this one only, by its path.' }) }),
  },
  responses: { 200: json(Code, 'In the order of their paths.'), ...failures },
});

const Change = z.object({ name: z.string(), before: z.string().optional(), after: z.string().optional() });
const Count = z.array(z.number()).readonly();
const Side = z.object({
  id: z.string(),
  flow: z.string(),
  state: schemas.RunStateName,
  createdAt: z.iso.datetime(),
  ms: z.number().optional(),
  hasCode: z.boolean(),
});
const Difference = z
  .object({
    runs: z.array(Side).readonly().openapi({ description: 'The one before, then the one after; so are all pairs below.' }),
    params: z.array(Change).readonly().openapi({ description: 'Values as JSON texts.' }),
    code: z
      .object({ files: z.array(z.record(z.string(), z.unknown())).readonly(), packages: z.array(Change).readonly() })
      .optional()
      .openapi({ description: 'Absent where one of them has no code kept.' }),
    tasks: z.array(z.object({ task: z.string(), count: Count, ms: Count })).readonly(),
    taskRuns: z.array(
      z.object({
        id: z.string(),
        task: z.string(),
        states: z.array(schemas.TaskStateName.nullable()).readonly().openapi({ description: '`null`: it has no such task run.' }),
        ms: z.array(z.number().nullable()).readonly(),
        inputs: z.array(Change).readonly(),
        results: z.array(Change).readonly(),
      }),
    ),
    same: z.number().openapi({ description: 'How many task runs have the same state, inputs and results in both.' }),
  })
  .openapi('RunDifference');

const diff = createRoute({
  method: 'get',
  path: '/api/runs/{run}/diff/{other}',
  tags: ['runs'],
  summary: 'What differs from one run to another: parameters, code, inputs, results, states and times',
  request: { params: z.object({ run: inputs.RunId, other: inputs.RunId }) },
  responses: { 200: json(Difference, 'The difference.'), ...failures },
});

export function addCodeRoutes(api: Api, { record }: ServerContext): void {
  api.openapi(code, async (c) => {
    const { file: wanted } = c.req.valid('query');
    const { files, packages } = await keptCode(record, await needRun(record, c.req.valid('param').run));
    const texts = await readFileTexts(
      record,
      files.filter(({ path }) => wanted === undefined || path === wanted),
    );
    return c.json({ files: files.map((file) => ({ ...file, text: texts.get(file.path) })), packages }, 200);
  });

  api.openapi(diff, async (c) => {
    const { run, other } = c.req.valid('param');
    const found = await compareRuns(record, await needRun(record, run), await needRun(record, other));
    const runs = found.runs.map((side) => ({ ...side, createdAt: new Date(side.createdAt).toISOString() }));
    return c.json(plainData({ ...found, runs }) as z.infer<typeof Difference>, 200);
  });
}
