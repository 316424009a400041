import { valueDigest } from '../base/canonical.js';
import { MillraceError } from '../base/error.js';
import type { FlowDefinition, Run } from '../flow/flow-runtime.js';
import { TASK } from '../flow/task.js';
import { withDefaults } from '../flow/task-settings.js';
import type { Task } from '../flow/task-type.js';
import type { RunRow } from '../model/records.js';
import type { RunState } from '../model/states.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import { taughtForm } from '../results/class-registry.js';
import { decodeText } from '../results/json.js';
import { withOrigins } from '../runs/with-origins.js';
import { keeperFor, openProject } from './project.js';
import { report } from './report.js';

/** How many runs one page of the search takes. */
const PAGE = 50;

/** The newest run of a flow, of a state or with given parameters. */
export async function latestRun(
  flow: FlowDefinition,
  filter: { state?: RunState; params?: Readonly<Record<string, unknown>> },
): Promise<Run<unknown> | undefined> {
  await using project = await openProject({ look: true });
  let before: string | undefined;
  for (;;) {
    const page = await project.record.runs({
      flow: flow.name,
      limit: PAGE,
      ...(filter.state ? { state: filter.state } : {}),
      ...(before ? { before } : {}),
    });
    const found = page.find((row) => hasParams(row, filter.params ?? {}));
    if (found) return pastRun(flow, found);
    before = page.at(-1)?.id;
    if (page.length < PAGE || before === undefined) return undefined;
  }
}

function hasParams(row: RunRow, wanted: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const recorded = row.params[name];
    return recorded !== undefined && valueDigest(decodeText(recorded), taughtForm) === valueDigest(value, taughtForm);
  });
}

function pastRun(flow: FlowDefinition, row: RunRow): Run<unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: a task of any signature
  const valuesOf = async (task: Task<any, any, any>): Promise<unknown[]> => {
    const own = (task as unknown as { readonly [TASK]: TaskDefinition })[TASK];
    // A store may be named in the flow's defaults alone.
    const definition = withDefaults(own, flow.defaults);
    await using project = await openProject({ look: true });
    const keeper = keeperFor(project, flow.store);
    const all = await withOrigins(project.record, await project.record.taskRuns(row.id, { task: task.taskName }));
    const rows = all.filter(({ state }) => state === 'success' || state === 'cached');
    const values: unknown[] = [];
    for (const taskRun of rows) values.push(await keeper.load(taskRun.artifacts, definition));
    return values;
  };
  return {
    id: row.id,
    state: row.state,
    params: Object.fromEntries(Object.entries(row.params).map(([name, text]) => [name, decodeText(text)])),
    tags: row.tags,
    createdAt: new Date(row.createdAt),
    ...(row.finishedAt === undefined ? {} : { finishedAt: new Date(row.finishedAt) }),
    result: () => resultOf(flow, row),
    output: async (task) => {
      const [value] = (await valuesOf(task)) as never[];
      if (value !== undefined) return value;
      throw new MillraceError(
        'TASK_RUN_UNKNOWN',
        `expected a finished task run of '${task.taskName}' in run ${row.id} of flow '${flow.name}'; there is none`,
      );
    },
    outputs: async (task) => (await valuesOf(task)) as never[],
    report: async (options) => await report(row.id, options),
  };
}

async function resultOf(flow: FlowDefinition, row: RunRow): Promise<unknown> {
  if (row.result === undefined) {
    throw new MillraceError(
      'RUN_RESULT_MISSING',
      `expected run ${row.id} of flow '${flow.name}' to have a stored result; its state is '${row.state}'`,
    );
  }
  await using project = await openProject({ look: true });
  const keeper = keeperFor(project, flow.store);
  return await keeper.load([{ name: '', ref: row.result }], TASK_DEFAULTS);
}
