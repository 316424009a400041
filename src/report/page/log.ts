import { LOG_LEVELS } from '../report-data.js';
import { el, fill, name, part } from './dom.js';
import type { RunModel } from './run-model.js';
import { clock, settled } from './shown.js';

const CHUNK = 400;

/** The run's log, with its filters. */
export function log(model: RunModel): void {
  const place = part('log');
  if (place === undefined) return;
  const { logs } = model.data;
  if (logs.text.length === 0) {
    fill(place.body, el('p', { class: 'faint' }, 'Nothing was logged.'));
    return;
  }
  const search = el('input', { type: 'search', class: 'search', placeholder: 'Filter by text or task…', 'aria-label': 'Filter log lines by text' });
  const level = levelSelect();
  const list = el('div', { class: 'lines', role: 'log', 'aria-label': 'Log lines', tabindex: 0 });
  const status = el('p', { class: 'faint', role: 'status' });
  const more = el('button', { type: 'button' }, 'Show more');
  let found: readonly number[] = [];
  let shown = 0;

  const extend = (): void => {
    const next = found.slice(shown, shown + CHUNK);
    for (const row of next) {
      list.append(lineNode(model, row, true));
      if (row === logs.gap) list.append(gapNode(model));
    }
    shown += next.length;
    more.hidden = shown >= found.length;
    more.textContent = `Show more (${(found.length - shown).toLocaleString('en-US')} left)`;
  };
  const draw = (): void => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const least = Number(level.value);
    found = linesOf(model, (row) => {
      if ((logs.level[row] as number) < least) return false;
      if (words.length === 0) return true;
      const text = `${model.id(logs.task[row] as number)} ${logs.text[row]}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    shown = 0;
    fill(list);
    extend();
    fill(status, `${found.length.toLocaleString('en-US')} of ${logs.total.toLocaleString('en-US')} lines`);
  };
  search.addEventListener('input', settled(draw));
  level.addEventListener('change', draw);
  more.addEventListener('click', extend);
  fill(place.tools, search, level);
  fill(place.body, el('div', {}, status, list, more));
  draw();
}

export function levelSelect(): HTMLSelectElement {
  return el(
    'select',
    { 'aria-label': 'Least level of log lines' },
    ...LOG_LEVELS.map((level, at) => el('option', { value: at }, at === 0 ? 'every level' : at === 3 ? 'errors' : `${level} and above`)),
  );
}

export function linesOf(model: RunModel, wanted: (row: number) => boolean): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < model.data.logs.text.length; row++) if (wanted(row)) rows.push(row);
  return rows;
}

/** @param whose whether to say which task run it is of */
export function lineNode(model: RunModel, row: number, whose: boolean): HTMLElement {
  const { logs, run } = model.data;
  const level = LOG_LEVELS[logs.level[row] as number] ?? 'info';
  const task = logs.task[row] as number;
  return el(
    'div',
    { class: `line ${level}` },
    el('span', { class: 'at' }, clock(run.createdAt + (logs.at[row] as number))),
    el('span', { class: 'level' }, level),
    whose &&
      (task < 0
        ? el('span', { class: 'who' }, 'flow')
        : el('button', { type: 'button', class: 'who link', 'data-task': task }, name(model.id(task)))),
    el('span', { class: 'text' }, name(logs.text[row] as string)),
  );
}

function gapNode(model: RunModel): HTMLElement {
  const { logs, run } = model.data;
  const left = (logs.total - logs.text.length).toLocaleString('en-US');
  return el(
    'p',
    { class: 'gap' },
    `${left} lines are not in this report, but for warnings and errors among them. All of them: `,
    el('code', {}, `millrace logs ${run.id}`),
  );
}
