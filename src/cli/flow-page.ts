import type { ParameterInfo } from '../flow/parameters.js';
import { formatMs } from '../log/format-ms.js';
import { terminalText } from '../log/terminal-text.js';
import { type FlowTrigger, triggerText } from '../model/asset.js';
import type { RunState } from '../model/states.js';
import type { TaskFacts } from '../runtime/flow-tasks.js';
import { formatAgo } from './amounts.js';
import { type Colours, coloursFor } from './colours.js';
import { paintState } from './state-colour.js';
import { formatPairs, formatTable } from './table.js';
import { type Terminal, widthOf } from './terminal.js';
import { shortTime, zonedTime } from './zoned-time.js';

/** A flow on one page. Times are ISO texts. */
export interface FlowDescription {
  readonly flow: string;
  readonly file: string | undefined;
  readonly description: string | undefined;
  readonly owner: string | undefined;
  readonly tags: readonly string[];
  readonly paused?: { readonly at: string; readonly why?: string };
  readonly parameters: readonly ParameterInfo[];
  readonly schedules: readonly {
    readonly text: string;
    readonly zone: string | undefined;
    readonly params: Readonly<Record<string, string>>;
    readonly next: readonly string[];
  }[];
  /** What makes it run beside them. */
  readonly on: readonly FlowTrigger[];
  readonly policies: {
    readonly missed?: string | undefined;
    readonly overlap?: string | undefined;
    readonly maxActiveRuns?: number | undefined;
    readonly dependsOnPast?: boolean | undefined;
    readonly concurrency?: number | undefined;
    readonly timeoutMs?: number | undefined;
    readonly deadlineMs?: number | undefined;
    readonly retries?: number | undefined;
  };
  /** Undefined: only the file tells. */
  readonly tasks: readonly TaskFacts[] | undefined;
  readonly past?: PastOfFlow | undefined;
}

/** How it ran lately. */
export interface PastOfFlow {
  /** So many of the newest were looked at. */
  readonly runs: number;
  readonly isAll: boolean;
  readonly states: Readonly<Record<string, number>>;
  /** Of those that succeeded. */
  readonly averageMs?: number;
  readonly latest: { readonly run: string; readonly state: RunState; readonly startedAt: string };
}

export function flowPage(flow: FlowDescription, { out, env, now }: Terminal): string {
  const colours = coloursFor(out, env);
  const width = widthOf(out);
  const { dim } = colours;
  const blocks = [headOf(flow, colours, now())];
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]): void => {
    const columns = titles.map((title) => ({ title }));
    if (rows.length > 0) blocks.push(formatTable(columns, rows, { width, paintTitle: dim }));
  };
  table(['parameter', 'type', 'default', ''], flow.parameters.map(parameterRow));
  const hasParams = flow.schedules.some(({ params }) => Object.keys(params).length > 0);
  table(
    ['', 'schedule', 'next', ...(hasParams ? ['with'] : [])],
    flow.schedules.map(({ text, zone, params, next }, place) => [
      `${place + 1}`,
      terminalText(text),
      next.map((at) => (zone === undefined ? shortTime(Date.parse(at)) : zonedTime(Date.parse(at), zone).replace(` ${zone}`, ''))).join(', ') ||
        'never again',
      ...(hasParams
        ? [
            Object.entries(params)
              .map(([name, value]) => `${terminalText(name)} = ${terminalText(value)}`)
              .join(', '),
          ]
        : []),
    ]),
  );
  table(['task', 'calls', 'options', 'checks', ''], (flow.tasks ?? []).map(taskRow));
  return blocks.join('\n\n');
}

function headOf(flow: FlowDescription, colours: Colours, now: number): string {
  const { paused, policies, past } = flow;
  return formatPairs(
    [
      ['flow', colours.bold(terminalText(flow.flow))],
      ['about', flow.description && terminalText(flow.description)],
      ['file', flow.file && terminalText(flow.file)],
      ['owner', flow.owner && terminalText(flow.owner)],
      ['tags', flow.tags.map(terminalText).join(', ')],
      [
        'paused',
        paused && `${colours.yellow(`since ${shortTime(Date.parse(paused.at))}`)}${paused.why === undefined ? '' : `: ${terminalText(paused.why)}`}`,
      ],
      ['runs', past && pastText(past)],
      [
        'last',
        past && `${past.latest.run} ${paintState(past.latest.state, colours)} ${colours.dim(formatAgo(Date.parse(past.latest.startedAt), now))}`,
      ],
      ['runs on', flow.on.map((one) => terminalText(triggerText(one))).join(', ')],
      ['policies', policiesText(policies, flow.schedules.length > 0 || flow.on.length > 0)],
    ],
    colours.dim,
  );
}

function pastText({ runs, isAll, states, averageMs }: PastOfFlow): string {
  const counted = Object.entries(states)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
  return `${isAll ? '' : `of the last ${runs}: `}${counted}${averageMs === undefined ? '' : `; ${formatMs(averageMs)} on average`}`;
}

function policiesText(policies: FlowDescription['policies'], isScheduled: boolean): string {
  const { missed, overlap, maxActiveRuns, dependsOnPast, concurrency, timeoutMs, deadlineMs, retries } = policies;
  return [
    isScheduled && missed !== undefined ? `missed: ${missed}` : '',
    isScheduled && overlap !== undefined ? `overlap: ${overlap}` : '',
    maxActiveRuns === undefined ? '' : `at most ${maxActiveRuns} runs at once`,
    dependsOnPast ? 'depends on its past' : '',
    concurrency === undefined ? '' : `${concurrency} tasks at once`,
    timeoutMs === undefined ? '' : `time-out ${formatMs(timeoutMs)}`,
    deadlineMs === undefined ? '' : `deadline ${formatMs(deadlineMs)}`,
    retries ? `retries ${retries}` : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function parameterRow({ name, type, required, default: value, help, secret }: ParameterInfo): readonly string[] {
  const fallback = required ? '(required)' : value === undefined ? '' : typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return [terminalText(name), terminalText(secret ? `${type}, secret` : type), terminalText(fallback), terminalText(help ?? '')];
}

function taskRow(task: TaskFacts): readonly string[] {
  const { name, kind, calls, retries, timeoutMs, cache, trigger, limits, priority, outputs, hasTarget, checks, description, tags } = task;
  const options = [
    retries > 0 ? `retries ${retries}` : '',
    timeoutMs === undefined ? '' : `time-out ${formatMs(timeoutMs)}`,
    cache === undefined ? '' : `cache ${cache}`,
    trigger === undefined ? '' : `trigger ${trigger}`,
    limits.length === 0 ? '' : `limit ${limits.join(', ')}`,
    priority === undefined ? '' : `priority ${priority}`,
    outputs.length === 0 ? '' : `outputs ${outputs.join(', ')}`,
    hasTarget ? 'target' : '',
    tags.length === 0 ? '' : `tags ${tags.join(', ')}`,
  ];
  return [
    `${terminalText(name)}${kind === 'map' ? ' <map>' : kind === 'subflow' ? ' <flow>' : ''}`,
    `${calls}`,
    terminalText(options.filter((text) => text !== '').join(', ')),
    checks.map((check) => terminalText(check.severity === 'warn' ? `${check.name} (warns)` : check.name)).join(', '),
    terminalText(description ?? ''),
  ];
}
