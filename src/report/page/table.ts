import { formatBytes } from '../../log/format-bytes.js';
import type { TaskState } from '../../model/states.js';
import { sharesOf } from '../shares.js';
import { STATES_BY_URGENCY } from '../state-signs.js';
import type { Choice } from './choice.js';
import { el, fill, name, part, svg } from './dom.js';
import { countStates, type RunModel } from './run-model.js';
import { pill, settled, time } from './shown.js';
import { orderedTasks, type SortKey, type TableQuery } from './task-order.js';

const PAGE = 100;
/** Paper has no pager. */
const PRINTED = 500;

const COLUMNS: readonly { readonly key: SortKey | undefined; readonly title: string; readonly number?: true }[] = [
  { key: 'id', title: 'Task run' },
  { key: 'state', title: 'State' },
  { key: 'start', title: 'Start', number: true },
  { key: 'took', title: 'Took', number: true },
  { key: 'tries', title: 'Attempts', number: true },
  { key: undefined, title: 'Result', number: true },
  { key: undefined, title: 'Why, or what went wrong' },
];

/** The table of task runs. Gives what other parts of the page may ask of it. */
export function taskTable(model: RunModel, choice: Choice): { filterState(state: TaskState): void; filterText(text: string): void } {
  const place = part('tasks');
  if (place === undefined) return { filterState: () => {}, filterText: () => {} };
  const { tools, body } = place;
  let query: TableQuery = { text: '', state: undefined, folded: model.data.tasks.maps.length > 0, opened: new Set(), key: 'order', down: false };
  let page = 0;
  let shown: readonly number[] = [];

  const search = el('input', {
    type: 'search',
    placeholder: 'Filter by name, reason, error…',
    'aria-label': 'Filter task runs by text',
    class: 'search',
  });
  const states = el('select', { 'aria-label': 'Filter task runs by state' }, el('option', { value: '' }, 'every state'), ...stateOptions(model));
  const fold = el('input', { type: 'checkbox', checked: query.folded });
  const head = el('tr');
  const rows = el('tbody');
  const pager = el('div', { class: 'pager' });
  const status = el('p', { class: 'faint', role: 'status' });
  const table = el('table', { class: 'tasks' }, el('caption', { class: 'unseen' }, 'Task runs'), el('thead', {}, head), rows);

  const change = (parts: Partial<TableQuery>): void => {
    query = { ...query, ...parts };
    page = 0;
    draw();
  };

  function draw(most = PAGE): void {
    shown = orderedTasks(model, query);
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(page, pages - 1);
    const from = most === PAGE ? page * PAGE : 0;
    fill(rows, ...shown.slice(from, from + most).map(row));
    fill(head, ...COLUMNS.map(heading));
    const hidden = model.count - shown.length;
    const what = query.folded && query.text === '' && query.state === undefined ? 'in maps, one line each' : 'filtered out';
    fill(
      status,
      `${shown.length.toLocaleString('en-US')} of ${model.count.toLocaleString('en-US')} task runs`,
      hidden > 0 && ` (${hidden.toLocaleString('en-US')} ${what})`,
    );
    fill(pager, ...(pages === 1 ? [] : pagerButtons(pages)));
    mark(choice.place);
  }

  function heading({ key, title, number }: (typeof COLUMNS)[number]): HTMLElement {
    const look = number ? 'number' : undefined;
    if (key === undefined) return el('th', { scope: 'col', class: look }, title);
    const active = query.key === key;
    const sort = active ? (query.down ? 'descending' : 'ascending') : 'none';
    const press = (): void => {
      // The slowest and the most tried are asked for first; a third click gives the order of calls back.
      const first = number === true && key !== 'start';
      const next = !active ? { key, down: first } : query.down === first ? { down: !first } : { key: 'order' as const, down: false };
      change(next);
      head.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus();
    };
    const arrow = active ? (query.down ? ' ↓' : ' ↑') : '';
    return el(
      'th',
      { scope: 'col', class: look, 'aria-sort': sort },
      el('button', { type: 'button', onclick: press, 'data-key': key }, title, el('span', { 'aria-hidden': 'true' }, arrow)),
    );
  }

  function row(at: number): HTMLElement {
    const { tasks } = model.data;
    const depth = model.mapAround(at) >= 0 && query.folded ? ' inside' : '';
    const took = model.took(at);
    const label = model.label(at);
    const bytes = tasks.bytes[at] as number;
    const error = model.errorMessage(at);
    const failed = error !== undefined && model.state(at) !== 'skipped';
    return el(
      'tr',
      { 'data-place': at, 'data-state': model.state(at) },
      el(
        'th',
        { scope: 'row', class: `id${depth}` },
        opener(at),
        el('button', { type: 'button', class: 'link', 'data-task': at }, name(model.id(at))),
        label !== undefined && el('span', { class: 'faint' }, ' ', name(label)),
      ),
      el('td', {}, pill(model.state(at)), mapBar(at)),
      el('td', { class: 'number' }, time(model.start(at))),
      el('td', { class: 'number' }, time(took)),
      el('td', { class: 'number' }, (tasks.tries[at] as number) > 0 ? (tasks.tries[at] as number) : ''),
      el('td', { class: 'number' }, bytes > 0 ? formatBytes(bytes) : ''),
      el('td', { class: failed ? 'why bad' : 'why' }, el('div', {}, name(error ?? model.why(at) ?? ''))),
    );
  }

  function opener(at: number): HTMLElement | undefined {
    const children = model.isMap(at) && query.folded ? model.children(at).length : 0;
    if (children === 0) return undefined;
    const open = query.opened.has(at);
    const press = (): void => {
      const opened = new Set(query.opened);
      if (!opened.delete(at)) opened.add(at);
      query = { ...query, opened };
      draw();
      rows.querySelector<HTMLElement>(`[data-place="${at}"] .opener`)?.focus();
    };
    const said = `${open ? 'Hide' : 'Show'} the ${children} children of ${model.id(at)}`;
    return el('button', { type: 'button', class: 'opener', 'aria-expanded': String(open), 'aria-label': said, onclick: press }, open ? '▾' : '▸');
  }

  /** What became of a map's children, where that is not all one. */
  function mapBar(at: number): HTMLElement | SVGElement | undefined {
    const children = model.isMap(at) ? model.children(at) : [];
    if (children.length === 0) return undefined;
    const counts = [...countStates(model, children)].sort(([a], [b]) => STATES_BY_URGENCY.indexOf(a) - STATES_BY_URGENCY.indexOf(b));
    const text = `×${children.length.toLocaleString('en-US')}`;
    if (counts.length === 1) return el('span', { class: 'faint' }, ` ${text}`);
    const shares = sharesOf(counts);
    let from = 0;
    const parts = counts.map(([state]) => {
      const width = shares.get(state) as number;
      from += width;
      return svg('rect', { 'data-state': state, x: `${from - width}%`, width: `${width}%`, height: '100%' });
    });
    const said = counts.map(([state, count]) => `${count} ${state}`).join(', ');
    return el('span', { class: 'mapped', title: said }, ` ${text} `, svg('svg', { class: 'stacked', role: 'img', 'aria-label': said }, ...parts));
  }

  function pagerButtons(pages: number): readonly HTMLElement[] {
    const go = (to: number) => (): void => {
      page = to;
      draw();
      table.scrollIntoView({ block: 'start' });
    };
    const button = (label: string, to: number, said: string): HTMLElement =>
      el('button', { type: 'button', onclick: go(to), disabled: to < 0 || to >= pages || to === page, 'aria-label': said }, label);
    return [
      button('«', 0, 'First page'),
      button('‹', page - 1, 'Page before'),
      el('span', {}, `page ${page + 1} of ${pages}`),
      button('›', page + 1, 'Next page'),
      button('»', pages - 1, 'Last page'),
    ];
  }

  function mark(at: number | undefined): void {
    for (const row of rows.querySelectorAll('[aria-current]')) row.removeAttribute('aria-current');
    if (at !== undefined) rows.querySelector(`[data-place="${at}"]`)?.setAttribute('aria-current', 'true');
  }

  const typed = settled(() => change({ text: search.value }));
  search.addEventListener('input', typed);
  states.addEventListener('change', () => change({ state: states.value === '' ? undefined : (states.value as TaskState) }));
  fold.addEventListener('change', () => change({ folded: fold.checked }));
  rows.addEventListener('click', (event) => {
    const target = event.target as Element;
    const at = target.closest('button') === null ? target.closest('tr')?.getAttribute('data-place') : undefined;
    if (at && getSelection()?.isCollapsed !== false) choice.choose(Number(at));
  });
  choice.listen(mark);
  window.addEventListener('beforeprint', () => draw(PRINTED));
  window.addEventListener('afterprint', () => draw());
  fill(tools, search, states, model.data.tasks.maps.length > 0 && el('label', {}, fold, ' fold maps'));
  fill(
    body,
    model.count === 0
      ? el('p', { class: 'faint' }, 'No task was called.')
      : el('div', {}, status, el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of task runs' }, table), pager),
  );
  draw();

  const seek = (parts: Partial<TableQuery>): void => {
    change(parts);
    search.value = query.text;
    states.value = query.state ?? '';
    document.getElementById('tasks')?.scrollIntoView();
  };
  return {
    filterState: (state) => seek({ state: query.state === state ? undefined : state, text: '' }),
    filterText: (text) => seek({ text, state: undefined }),
  };
}

function stateOptions(model: RunModel): readonly HTMLElement[] {
  const counts = countStates(
    model,
    Array.from({ length: model.count }, (_, place) => place),
  );
  return STATES_BY_URGENCY.filter((state) => counts.has(state)).map((state) =>
    el('option', { value: state }, `${state} (${counts.get(state)?.toLocaleString('en-US')})`),
  );
}
