import { quotes } from '../../base/quotes.js';
import { formatBytes } from '../../log/format-bytes.js';
import { TASK_STATES } from '../../model/states.js';
import { EDGE_KINDS, type ReportError } from '../report-data.js';
import { artifactNode } from './artifacts.js';
import type { Choice } from './choice.js';
import { formerNode, reachedNode } from './code.js';
import { type Child, el, fill, name } from './dom.js';
import { levelSelect, lineNode, linesOf } from './log.js';
import { metricNode } from './metrics.js';
import { countStates, type RunModel } from './run-model.js';
import { dateTime, pill, time, valueNode } from './shown.js';

const LISTED = 40;
const LINES = 300;

/** The panel at the side: everything about the chosen task run. */
export function detail(model: RunModel, choice: Choice, filterText: (text: string) => void): void {
  const panel = document.getElementById('detail');
  if (panel === null) return;
  let cameFrom: Element | null = null;
  choice.listen((place) => {
    if (panel.hidden) cameFrom = document.activeElement;
    panel.hidden = place === undefined;
    document.body.classList.toggle('with-detail', place !== undefined);
    if (place === undefined) {
      if (cameFrom instanceof HTMLElement || cameFrom instanceof SVGElement) cameFrom.focus();
      return;
    }
    const close = el(
      'button',
      { type: 'button', class: 'close', 'aria-label': 'Close', title: 'Close (Esc)', onclick: () => choice.choose(undefined) },
      '✕',
    );
    const title = el('h2', { tabindex: -1 }, name(model.id(place)));
    fill(panel, el('div', { class: 'panel-head' }, title, close), ...blocks(model, place, filterText));
    panel.scrollTop = 0;
    title.focus({ preventScroll: true });
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !panel.hidden) choice.choose(undefined);
  });
}

function blocks(model: RunModel, place: number, filterText: (text: string) => void): readonly Child[] {
  return [
    facts(model, place),
    errorBlock(model, place),
    childrenBlock(model, place, filterText),
    metricsBlock(model, place),
    artifactsBlock(model, place),
    resultBlock(model, place),
    inputsBlock(model, place),
    edgesBlock(model, place),
    checksBlock(model, place),
    attemptsBlock(model, place),
    logBlock(model, place),
    codeBlock(model, place),
  ];
}

function block(title: string, ...children: readonly Child[]): HTMLElement {
  return el('section', {}, el('h3', {}, title), ...children);
}

function facts(model: RunModel, place: number): HTMLElement {
  const { tasks, run } = model.data;
  const [start, end] = [model.start(place), model.endOf(place)];
  const parent = model.parent(place);
  const rows: readonly (readonly [string, Child])[] = [
    ['label', model.label(place) === undefined ? undefined : name(model.label(place) as string)],
    ['task', name(model.task(place))],
    ['why', model.why(place) === undefined ? undefined : name(model.why(place) as string)],
    ['inside', parent < 0 ? undefined : taskLink(model, parent)],
    ['started', start === null ? undefined : dateTime(run.createdAt + start)],
    ['finished', end === null ? undefined : dateTime(run.createdAt + end)],
    ['took', model.took(place) === undefined ? undefined : time(model.took(place))],
    ['progress', progressNode(tasks.progress[place])],
    ['cache key', tasks.cacheKey[place] === undefined ? undefined : el('code', {}, `${tasks.cacheKey[place]}…`)],
  ];
  const list = rows.filter(([, value]) => value !== undefined).map(([title, value]) => el('div', {}, el('dt', {}, title), el('dd', {}, value)));
  return el('div', { class: 'facts' }, el('p', {}, pill(model.state(place))), el('dl', {}, ...list));
}

function progressNode(progress: { readonly fraction: number; readonly message?: string } | undefined): HTMLElement | undefined {
  if (progress === undefined) return undefined;
  const { fraction, message = '' } = progress;
  return el('span', {}, el('progress', { max: 1, value: fraction, 'aria-label': 'Progress' }), ` ${Math.round(fraction * 100)} % `, name(message));
}

function taskLink(model: RunModel, place: number): HTMLElement {
  return el('button', { type: 'button', class: 'link', 'data-task': place }, name(model.id(place)));
}

function errorBlock(model: RunModel, place: number): HTMLElement | undefined {
  const error = model.data.errors[model.data.tasks.error[place] as number];
  return error === undefined ? undefined : block('Error', errorNode(error));
}

/** A task's own error says that it failed; what it failed of is its cause. */
function errorNode(error: ReportError): HTMLElement {
  const chain: ReportError[] = [];
  for (let next: ReportError | undefined = error; next !== undefined; next = next.cause) chain.push(next);
  const told = chain.filter((one, at) => at === chain.length - 1 || !quotes(one.message, chain[at + 1]?.message ?? ''));
  return el(
    'div',
    { class: 'error' },
    ...told.map((one, at) =>
      el(
        'div',
        {},
        el('p', {}, at > 0 && 'caused by ', el('strong', {}, one.name), one.code !== undefined && el('code', {}, ` ${one.code}`)),
        el('pre', {}, one.message),
        one.hint !== undefined && el('p', { class: 'hint' }, one.hint),
        one.stack !== undefined && el('details', {}, el('summary', {}, 'Stack'), el('pre', { class: 'stack' }, one.stack)),
      ),
    ),
  );
}

function childrenBlock(model: RunModel, place: number, filterText: (text: string) => void): HTMLElement | undefined {
  const children = model.children(place);
  if (children.length === 0) return undefined;
  const counts = [...countStates(model, children)].map(([state, count]) => el('li', {}, pill(state), ` ${count.toLocaleString('en-US')}`));
  const urgent = children.filter((child) => ['failed', 'timed-out', 'crashed', 'running', 'retrying'].includes(model.state(child)));
  const listed = (urgent.length > 0 ? urgent : children).slice(0, LISTED);
  const all = el(
    'button',
    { type: 'button', onclick: () => filterText(`${model.id(place)}${model.isMap(place) ? '[' : '.'}`) },
    'Show all in the table',
  );
  return block(
    model.isMap(place) ? 'Children of this map' : 'Inside',
    el('ul', { class: 'plain' }, ...counts),
    el(
      'ul',
      { class: 'plain links' },
      ...listed.map((child) => el('li', {}, taskLink(model, child), ' ', el('span', { class: 'faint' }, time(model.took(child))))),
    ),
    all,
  );
}

function metricsBlock(model: RunModel, place: number): HTMLElement | undefined {
  const own = model.data.metrics.filter(({ task }) => task === place);
  return own.length === 0
    ? undefined
    : block('Metrics', el('div', { class: 'metrics' }, ...own.map((series) => metricNode([series], () => undefined))));
}

function artifactsBlock(model: RunModel, place: number): HTMLElement | undefined {
  const own = model.data.artifacts.filter(({ task }) => task === place);
  return own.length === 0 ? undefined : block('Artifacts', ...own.map((artifact) => artifactNode(artifact)));
}

function resultBlock(model: RunModel, place: number): HTMLElement | undefined {
  const { stored, value } = model.data.tasks;
  const lies = stored[place] ?? [];
  const view = value[place];
  if (lies.length === 0 && view === undefined) return undefined;
  const rows = lies.map(({ name: output, format, bytes, uri, digest }) => {
    const where = uri.startsWith('record:') ? 'in the record' : el('code', {}, uri);
    return el(
      'li',
      { title: `sha256 ${digest}…` },
      output === '' ? '' : el('strong', {}, name(output), ' '),
      `${format}, ${formatBytes(bytes)}, `,
      where,
    );
  });
  return block('Result', view !== undefined && valueNode(view), el('ul', { class: 'plain faint' }, ...rows));
}

function inputsBlock(model: RunModel, place: number): HTMLElement | undefined {
  const inputs = model.data.tasks.inputs[place] ?? [];
  if (inputs.length === 0) return undefined;
  const rows: HTMLElement[] = [];
  for (let at = 0; at < inputs.length; at += 3) {
    const [title, shown, digest] = [0, 1, 2].map((more) => model.text(inputs[at + more]));
    const value =
      shown === undefined ? el('span', { class: 'faint' }, `digest ${digest}…`) : el('code', { class: 'value', title: `digest ${digest}…` }, shown);
    rows.push(el('div', {}, el('dt', {}, name(title ?? '')), el('dd', {}, value)));
  }
  return block('Inputs', el('dl', {}, ...rows));
}

function edgesBlock(model: RunModel, place: number): HTMLElement | undefined {
  const before = edgesInto(model, place).map(({ from, kind, label }) =>
    el(
      'li',
      {},
      taskLink(model, from),
      el(
        'span',
        { class: 'faint' },
        kind === 'data' ? (label === undefined ? '' : ` → ${label}`) : ` (${kind}${label === undefined ? '' : ` ${label}`})`,
      ),
    ),
  );
  const after = edgesOutOf(model, place).map((to) => el('li', {}, taskLink(model, to)));
  if (before.length === 0 && after.length === 0) return undefined;
  return el(
    'div',
    { class: 'two' },
    before.length > 0 && block('Comes after', shortened(before)),
    after.length > 0 && block('Needed by', shortened(after)),
  );
}

function shortened(items: readonly HTMLElement[]): HTMLElement {
  const left = items.length - LISTED;
  return el(
    'ul',
    { class: 'plain links' },
    ...items.slice(0, LISTED),
    left > 0 && el('li', { class: 'faint' }, `and ${left.toLocaleString('en-US')} more`),
  );
}

interface Edge {
  readonly from: number;
  readonly kind: string;
  readonly label: string | undefined;
}

function edgesInto(model: RunModel, place: number): readonly Edge[] {
  const packed = model.data.tasks.upstream[place] ?? [];
  const edges: Edge[] = [];
  for (let at = 0; at < packed.length; at += 3) {
    edges.push({ from: packed[at] as number, kind: EDGE_KINDS[packed[at + 1] as number] ?? 'data', label: model.text(packed[at + 2]) });
  }
  return edges;
}

/** Looked for when asked: a few milliseconds for thousands of task runs. */
function edgesOutOf(model: RunModel, place: number): readonly number[] {
  const found: number[] = [];
  model.data.tasks.upstream.forEach((packed, to) => {
    for (let at = 0; at < packed.length; at += 3) {
      if (packed[at] !== place || packed[at + 1] === EDGE_KINDS.indexOf('control')) continue;
      found.push(to);
      return;
    }
  });
  return found;
}

function checksBlock(model: RunModel, place: number): HTMLElement | undefined {
  const checks = model.data.tasks.checks[place] ?? [];
  if (checks.length === 0) return undefined;
  const rows = checks.map(({ name: title, passed, severity, message }) => {
    const state = passed ? 'success' : severity === 'warn' ? 'retrying' : 'failed';
    return el(
      'li',
      {},
      el('span', { class: 'pill', 'data-state': state }, passed ? '✓ passed' : severity === 'warn' ? '! warned' : '✕ failed'),
      ' ',
      name(title),
      message !== undefined && el('div', { class: 'faint' }, name(message)),
    );
  });
  return block('Checks', el('ul', { class: 'plain' }, ...rows));
}

function attemptsBlock(model: RunModel, place: number): HTMLElement | undefined {
  const { attempts, errors } = model.data;
  const rows = model.attempts(place);
  if (rows.length === 0) return undefined;
  const items = rows.map((row, at) => {
    const [start, end, queued] = [attempts.start[row] as number, attempts.end[row], attempts.queued[row] as number];
    const error = errors[attempts.error[row] as number];
    const state = TASK_STATES[attempts.state[row] as number] ?? 'pending';
    const waited = start - queued >= 0.1 ? `, waited ${time(start - queued)}` : '';
    // The last attempt's error is the task run's, which is told above.
    const said = at === rows.length - 1 && (model.data.tasks.error[place] as number) >= 0;
    const retried = state === 'retrying' && at < rows.length - 1;
    return el(
      'li',
      {},
      retried ? pill('retrying', 'failed, tried again') : pill(state),
      ` ${time((end ?? model.end) - start)}`,
      el('span', { class: 'faint' }, ` from ${time(start)}${waited}`),
      error !== undefined && !said && errorNode(error),
    );
  });
  return block(rows.length === 1 ? 'Attempt' : `${rows.length} attempts`, el('ol', { class: 'attempts' }, ...items));
}

function logBlock(model: RunModel, place: number): HTMLElement | undefined {
  const { logs } = model.data;
  const own = linesOf(model, (row) => logs.task[row] === place);
  if (own.length === 0) return undefined;
  const level = levelSelect();
  const list = el('div', { class: 'lines', tabindex: 0 });
  const draw = (): void => {
    const found = own.filter((row) => (logs.level[row] as number) >= Number(level.value));
    const left = found.length - LINES;
    fill(list, ...found.slice(0, LINES).map((row) => lineNode(model, row, false)), left > 0 && el('p', { class: 'gap' }, `and ${left} more lines`));
  };
  level.addEventListener('change', draw);
  draw();
  return block('Log', own.length > 5 && level, list);
}

function codeBlock(model: RunModel, place: number): HTMLElement | undefined {
  const code = model.data.code[model.data.tasks.task[place] as number];
  const madeWith = model.data.madeWith[place];
  const former = model.data.formerCode[madeWith ?? -1];
  if (former !== undefined) {
    const since = `as it was in run ${former.run}, which made the result; its text has changed since`;
    return block('Code', el('p', { class: 'faint' }, since), formerNode(former, `millrace inspect '${model.data.run.id}/${model.id(place)}' --code`));
  }
  if (code === undefined) return undefined;
  const { digest, version } = code;
  const unknown =
    madeWith === -1 && el('p', { class: 'faint' }, 'as it is in this run; the run that made the result, perhaps with other code, has been removed');
  // Of a task that is not cached, no code counted: it is shown as it is declared.
  if (digest === undefined) return block('Code', unknown, reachedNode(model, code));
  return block(
    'Code that counted',
    el('p', { class: 'faint' }, version === undefined ? `digest ${digest}…` : `version ${version}`),
    reachedNode(model, code),
  );
}
