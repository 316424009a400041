import { quotes } from '../base/quotes.js';
import { plural } from '../graph/draw/printable.js';
import { formatMs } from '../log/format-ms.js';
import type { ErrorInfo } from '../model/event.js';
import type { RunRow } from '../model/records.js';
import { FINAL_RUN_STATES, type TaskState } from '../model/states.js';
import type { TaskRunDetails } from '../runs/run-record.js';
import { type Gathered, placeOf } from './gather.js';
import { html, type Markup } from './html.js';
import { numericColumns } from './numeric-columns.js';
import type { ValueView } from './report-data.js';
import { sharesOf } from './shares.js';
import { STATE_SIGNS, STATES_BY_URGENCY } from './state-signs.js';
import { recordedText } from './task-columns.js';
import { cut } from './value-view.js';

const SLOWEST = 6;
const FAILURES = 4;
const LONGEST_PARAMETER = 2_000;

/** What a reader wants to know first: how it ended and why, of how many tasks, with which parameters, and what took long. */
export function summary({ run, rows, result, data }: Gathered): Markup {
  return html`${errorCard(run, rows)}
<div class="cards">
  ${countsCard(rows)}
  ${factsCard(run, rows, data.madeAt)}
  ${parametersCard(run)}
  ${slowestCard(rows, data.madeAt)}
</div>
${resultCard(result)}`;
}

export function statePill(state: TaskState | RunRow['state']): Markup {
  return html`<span class="pill" data-state="${state}"><span aria-hidden="true">${STATE_SIGNS[state]}</span> ${state}</span>`;
}

/** `2026-01-31 14:03:22 UTC`: in the time zone of whoever made the report. */
export function timeText(at: number, zone = true): Markup {
  const date = new Date(at);
  const day = date.toLocaleDateString('sv-SE');
  const time = date.toLocaleTimeString('en-GB', { hour12: false, ...(zone ? { timeZoneName: 'short' } : {}) });
  return html`<time datetime="${date.toISOString()}">${day} ${time}</time>`;
}

function errorCard({ error, state }: RunRow, rows: readonly TaskRunDetails[]): Markup | undefined {
  // A map fails of its children, which say why.
  const parents = new Set(rows.flatMap((row) => (isOwnFailure(row) ? [row.parent] : [])));
  const failed = rows.flatMap((row, place) => (isOwnFailure(row) && !parents.has(row.index) ? [{ row, place }] : []));
  if (error === undefined && failed.length === 0) return undefined;
  const title = error === undefined ? `${plural(failed.length, 'task run')} failed, and the run went on` : undefined;
  // The run's message lists its tasks, which are told one by one here.
  const [headline = ''] = error?.message.replace(/^run \S+ of flow '.*?' (?=failed|was|ran|could)/, 'The run ').split('\n') ?? [];
  const deepest = error === undefined ? undefined : placeOf(error);
  return html`<section class="card failure" data-state="${error === undefined ? 'skipped' : state}" aria-label="What went wrong">
  <h2>${title ?? headline}</h2>
  ${error !== undefined && failed.length === 0 && errorBody(error)}
  ${deepest !== undefined && failed.length === 0 && html`<p class="place">at <code>${deepest}</code></p>`}
  ${error?.hint !== undefined && html`<p class="hint">${error.hint}</p>`}
  <ul class="failures">${failed.slice(0, FAILURES).map(({ row, place }) => failureLine(row, place))}</ul>
  ${failed.length > FAILURES && html`<p><button type="button" class="link" data-filter-state="failed">and ${failed.length - FAILURES} more</button></p>`}
</section>`;
}

function isOwnFailure({ state, error }: TaskRunDetails): boolean {
  return (state === 'failed' || state === 'timed-out' || state === 'crashed') && error !== undefined;
}

function errorBody(error: ErrorInfo): Markup {
  const causes: ErrorInfo[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < 4; cause = cause.cause) causes.push(cause);
  const rest = error.message.split('\n').slice(1).join('\n');
  return html`${rest !== '' && html`<pre>${rest}</pre>`}${causes
    .filter((cause) => !quotes(error.message, cause.message))
    .map((cause) => html`<p>caused by ${cause.name}: ${cut(cause.message, LONGEST_PARAMETER)}</p>`)}`;
}

function failureLine({ id, state, error, attempts }: TaskRunDetails, place: number): Markup {
  const innermost = innermostOf(error as ErrorInfo);
  const where = placeOf(error as ErrorInfo);
  return html`<li><button type="button" class="link" data-task="${place}"><bdi>${id}</bdi></button> ${statePill(state)}${
    attempts > 1 && html` <span class="faint">in ${attempts} attempts</span>`
  }
  <pre>${cut(innermost.message, 1_200)}</pre>${where !== undefined && html`<p class="place">at <code>${where}</code></p>`}${
    innermost.hint !== undefined && html`<p class="hint">${innermost.hint}</p>`
  }</li>`;
}

function innermostOf(error: ErrorInfo): ErrorInfo {
  let inner = error;
  while (inner.cause !== undefined) inner = inner.cause;
  return inner;
}

function countsCard(rows: readonly TaskRunDetails[]): Markup {
  const counts = new Map<TaskState, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = STATES_BY_URGENCY.filter((state) => counts.has(state));
  if (rows.length === 0) return html`<section class="card"><h2>Task runs</h2><p class="faint">No task was called.</p></section>`;
  // A reused map has no result of its own.
  const reused = rows.filter(({ state, origin }) => state === 'cached' && origin !== undefined).length;
  const worked = rows.reduce((sum, { startedAt, finishedAt }) => sum + (startedAt && finishedAt ? finishedAt - startedAt : 0), 0);
  return html`<section class="card counts">
  <h2>${plural(rows.length, 'task run')}</h2>
  ${stackedBar(states.map((state) => [state, counts.get(state) as number] as const))}
  <ul class="legend">${states.map(
    (state) =>
      html`<li><button type="button" data-filter-state="${state}" data-state="${state}"><span class="sign" aria-hidden="true">${STATE_SIGNS[state]}</span>${(
        counts.get(state) as number
      ).toLocaleString('en-US')} ${state}</button></li>`,
  )}</ul>
  <p class="faint">${reused > 0 && `${plural(reused, 'result')} reused. `}${worked > 0 && `${formatMs(worked)} of work in all.`}</p>
</section>`;
}

/** As SVG, whose widths are attributes: the page allows no style of elements. */
function stackedBar(counts: readonly (readonly [TaskState, number])[]): Markup {
  const shares = sharesOf(counts);
  let from = 0;
  const parts = counts.map(([state, count]) => {
    const width = shares.get(state) as number;
    const part = html`<rect data-state="${state}" x="${from.toFixed(3)}%" width="${width.toFixed(3)}%" height="100%"><title>${count} ${state}</title></rect>`;
    from += width;
    return part;
  });
  return html`<svg class="stacked" role="img" aria-label="${counts.map(([state, count]) => `${count} ${state}`).join(', ')}">${parts}</svg>`;
}

function factsCard(run: RunRow, rows: readonly TaskRunDetails[], madeAt: number): Markup {
  const going = !FINAL_RUN_STATES.has(run.state);
  const end = run.finishedAt ?? (going ? madeAt : undefined);
  const facts: readonly (readonly [string, Markup | string | undefined])[] = [
    ['started', timeText(run.startedAt ?? run.createdAt, false)],
    ['finished', run.finishedAt === undefined ? undefined : timeText(run.finishedAt, false)],
    ['took', run.startedAt === undefined || end === undefined ? undefined : `${formatMs(end - run.startedAt)}${going ? ' so far' : ''}`],
    ['tags', run.tags.length === 0 ? undefined : html`${run.tags.map((tag) => html`<span class="tag"><bdi>${tag}</bdi></span> `)}`],
    ['notes', run.notes?.length ? html`${run.notes.map(({ text }) => html`<p><bdi>${cut(text, LONGEST_PARAMETER)}</bdi></p>`)}` : undefined],
    ['resumes', run.originRun],
    ['only', run.only && html`<bdi>${run.only.join(', ')}</bdi>`],
    ['started by', run.parentRun],
    ['owner', `process ${run.owner.pid} on ${run.owner.host}`],
    ['attempts', rows.length === 0 ? undefined : rows.reduce((sum, { attempts }) => sum + attempts, 0).toLocaleString('en-US')],
  ];
  return html`<section class="card"><h2>Run</h2><dl>${facts.map(
    ([name, value]) => value !== undefined && html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl></section>`;
}

function parametersCard({ params }: RunRow): Markup {
  const entries = Object.entries(params);
  const list = html`<dl>${entries.map(
    ([name, text]) => html`<div><dt><bdi>${name}</bdi></dt><dd><code class="value">${cut(recordedText(text), LONGEST_PARAMETER)}</code></dd></div>`,
  )}</dl>`;
  return html`<section class="card"><h2>Parameters</h2>${entries.length === 0 ? html`<p class="faint">The flow has none.</p>` : list}</section>`;
}

function slowestCard(rows: readonly TaskRunDetails[], madeAt: number): Markup | undefined {
  const maps = new Set(rows.map(({ parent }) => parent));
  const timed = rows
    .flatMap((row, place) => {
      if (row.startedAt === undefined || maps.has(row.index)) return [];
      return [{ row, place, ms: (row.finishedAt ?? madeAt) - row.startedAt }];
    })
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST);
  const most = timed[0]?.ms ?? 0;
  if (most <= 0) return undefined;
  const lines = timed.map(
    ({ row, place, ms }) => html`<li><button type="button" class="link" data-task="${place}"><bdi>${row.label ?? row.id}</bdi></button>
    <svg class="bar" aria-hidden="true"><rect data-state="${row.state}" width="${((ms / most) * 100).toFixed(2)}%" height="100%" rx="2"/></svg>
    <span class="number">${formatMs(ms)}</span></li>`,
  );
  return html`<section class="card"><h2>Slowest</h2><ol class="slowest">${lines}</ol></section>`;
}

function resultCard(result: ValueView | undefined): Markup | undefined {
  if (result === undefined) return undefined;
  return html`<section class="card"><h2>Result</h2>${valueMarkup(result)}</section>`;
}

function valueMarkup(value: ValueView): Markup {
  if (value.kind === 'none') return html`<p class="faint">It is not shown: ${value.why}.</p>`;
  if (value.kind === 'text') return html`<pre>${value.text}</pre>`;
  if (value.kind === 'parts')
    return html`<div class="parts">${value.parts.map(([name, view]) => html`<div><h4><bdi>${name}</bdi></h4>${valueMarkup(view)}</div>`)}</div>`;
  const looks = numericColumns(value.rows).map((isNumber) => (isNumber ? 'number' : ''));
  const head = value.columns.map((name, at) => html`<th scope="col" class="${looks[at]}"><bdi>${name}</bdi></th>`);
  const rows = value.rows.map((row) => html`<tr>${row.map((cell, at) => html`<td class="${looks[at]}"><bdi>${cell}</bdi></td>`)}</tr>`);
  return html`<div class="scroll"><table class="data"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>
${value.total > value.rows.length && html`<p class="faint">The first ${value.rows.length} of ${plural(value.total, 'row')}.</p>`}`;
}
