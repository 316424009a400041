import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import type { ParameterInfo } from '../../flow/parameters.js';
import { decodeText, encodeText } from '../../results/json.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { TaskFacts } from '../../runtime/flow-tasks.js';
import type { ServedDefinition } from '../../runtime/served/definition.js';
import { findKnownFlow, type KnownFlow, knownFlows } from '../../runtime/served/known-flows.js';
import type { CommandContext } from '../command.js';
import { openFlow } from '../flow-command.js';
import { type FlowDescription, flowPage, type PastOfFlow } from '../flow-page.js';
import { withOwnOutput } from '../own-output.js';
import { factsOfFlow, factsOfServed, isFlowPath, type ScheduleFacts } from '../schedule-facts.js';
import { openServicePlace } from '../service-place.js';
import type { Terminal } from '../terminal.js';

interface DescribeOptions {
  readonly json?: true;
}

/** Of each schedule, so many of the instants that come. */
const COMING = 3;
/** Of so many of the newest runs is told how they ended. */
const NEWEST = 100;

export function describeCommand({ terminal: outer }: CommandContext): Command {
  return new Command('describe')
    .description('all that is to be known of a flow: parameters, schedules, policies, tasks with their options, and how it ran')
    .argument('<file-or-flow>', 'a flow file; or the name of a flow that is served, of which its tasks are not known')
    .argument('[flow]', 'of a file with several flows, which')
    .option('--json', 'print JSON')
    .action(async (word: string, flow: string | undefined, { json }: DescribeOptions) => {
      await withOwnOutput(outer, async (terminal) => {
        const description = isFlowPath(word) ? await ofFile(word, flow, terminal) : await ofServed(word, terminal);
        terminal.out.write(`${json ? JSON.stringify(description, null, 2) : flowPage(description, terminal)}\n`);
      });
    });
}

async function ofFile(file: string, name: string | undefined, terminal: Terminal): Promise<FlowDescription> {
  const { inside, name: flow } = await openFlow(file, name, {}, terminal);
  const { description, owner, tags, on } = inside.definition;
  const params = inside.definition.schedule.map(({ params: given }) =>
    Object.entries((given ?? {}) as Record<string, unknown>).map(([key, value]) => [key, encodeText(value)]),
  );
  const known = await pastOf(flow, terminal);
  return {
    flow,
    file,
    description,
    owner,
    tags,
    parameters: inside.parameters(),
    schedules: factsOfFlow(inside.definition).map((one, place) => scheduled(one, Object.fromEntries(params[place] ?? []), terminal)),
    on,
    policies: policiesOf(inside.definition),
    tasks: (await inside.tasks({ environment: terminal.env })) as readonly TaskFacts[],
    ...known,
  };
}

async function ofServed(name: string, terminal: Terminal): Promise<FlowDescription> {
  await using place = await openServicePlace();
  const known = findKnownFlow(await knownFlows(place.record, place.service, terminal.now()), name);
  const { served, file } = known;
  if (served === undefined)
    throw new MillraceError('FLOW_NOT_SERVED', `no service serves flow '${name}', so that its definition is not known`, {
      hint: 'Name its file instead: millrace describe <file>',
    });
  return {
    flow: name,
    file,
    description: served.description,
    owner: served.owner,
    tags: served.tags,
    parameters: served.parameters.map(parameterOf),
    schedules: served.schedules.map((one) => scheduled(factsOfServed(name, one), one.params ?? {}, terminal)),
    on: served.on,
    policies: policiesOf(served),
    tasks: undefined,
    ...pausedOf(known),
    past: await runsOf(place.record, name),
  };
}

/** The same of a flow at hand and of one that is served. */
function policiesOf(flow: FlowDescription['policies']): FlowDescription['policies'] {
  const { missed, overlap, maxActiveRuns, dependsOnPast, concurrency, timeoutMs, deadlineMs, retries } = flow;
  return { missed, overlap, maxActiveRuns, dependsOnPast, concurrency, timeoutMs, deadlineMs, retries };
}

function parameterOf({ default: text, ...info }: ServedDefinition['parameters'][number]): ParameterInfo {
  return text === undefined ? info : { ...info, default: decodeText(text) };
}

function scheduled(facts: ScheduleFacts, params: Readonly<Record<string, string>>, { now }: Terminal): FlowDescription['schedules'][number] {
  const { text, zone } = facts;
  return { text, zone, params, next: facts.coming(now(), COMING).map((at) => new Date(at).toISOString()) };
}

/** A flow may be described where nothing has ever run. */
async function pastOf(flow: string, { now }: Terminal): Promise<Pick<FlowDescription, 'paused' | 'past'>> {
  try {
    await using place = await openServicePlace();
    const known = (await knownFlows(place.record, place.service, now())).flows.find(({ name }) => name === flow);
    return known === undefined ? {} : { ...pausedOf(known), past: await runsOf(place.record, flow) };
  } catch (error) {
    const { code } = error as Partial<MillraceError>;
    if (code === 'NO_PROJECT' || code === 'SERVICE_NEEDS_RECORD') return {};
    throw error;
  }
}

function pausedOf({ paused }: KnownFlow): Pick<FlowDescription, 'paused'> {
  return paused === undefined ? {} : { paused: { at: new Date(paused.at).toISOString(), ...(paused.why === undefined ? {} : { why: paused.why }) } };
}

async function runsOf(record: RunRecord, flow: string): Promise<PastOfFlow | undefined> {
  const runs = await record.runs({ flow, limit: NEWEST });
  const [latest] = runs;
  if (latest === undefined) return undefined;
  const states: Record<string, number> = {};
  for (const { state } of runs) states[state] = (states[state] ?? 0) + 1;
  const took = runs.flatMap(({ state, startedAt, finishedAt }) =>
    state === 'success' && startedAt !== undefined && finishedAt !== undefined ? [finishedAt - startedAt] : [],
  );
  return {
    runs: runs.length,
    isAll: runs.length < NEWEST,
    states,
    ...(took.length === 0 ? {} : { averageMs: took.reduce((sum, ms) => sum + ms, 0) / took.length }),
    latest: { run: latest.id, state: latest.state, startedAt: new Date(latest.startedAt ?? latest.createdAt).toISOString() },
  };
}
