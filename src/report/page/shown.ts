import { formatMs } from '../../log/format-ms.js';
import type { RunState, TaskState } from '../../model/states.js';
import { numericColumns } from '../numeric-columns.js';
import type { ValueView } from '../report-data.js';
import { STATE_SIGNS } from '../state-signs.js';
import { el, name } from './dom.js';

/** Small things that several parts of the page show alike. */

export function pill(state: TaskState | RunState, words: string = state): HTMLElement {
  return el('span', { class: 'pill', 'data-state': state }, el('span', { 'aria-hidden': 'true' }, STATE_SIGNS[state]), ` ${words}`);
}

export function time(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '' : formatMs(ms);
}

/** A time of day, in the zone of whoever reads. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${date.toLocaleTimeString('en-GB', { hour12: false })}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export function dateTime(at: number): string {
  return `${new Date(at).toLocaleDateString('sv-SE')} ${clock(at)}`;
}

export function valueNode(view: ValueView): HTMLElement {
  if (view.kind === 'none')
    return el(
      'p',
      { class: 'faint' },
      `It is not shown: ${view.why}.`,
      view.command !== undefined && ' To have it: ',
      view.command !== undefined && el('code', {}, view.command),
    );
  if (view.kind === 'text') return el('pre', {}, view.text);
  if (view.kind === 'parts')
    return el('div', { class: 'parts' }, ...view.parts.map(([part, own]) => el('div', {}, el('h4', {}, name(part)), valueNode(own))));
  const looks = numericColumns(view.rows).map((isNumber) => (isNumber ? 'number' : undefined));
  const head = el('tr', {}, ...view.columns.map((column, at) => el('th', { scope: 'col', class: looks[at] }, name(column))));
  const rows = view.rows.map((row) => el('tr', {}, ...row.map((cell, at) => el('td', { class: looks[at] }, name(cell)))));
  const table = el('div', { class: 'scroll', tabindex: 0 }, el('table', { class: 'data' }, el('thead', {}, head), el('tbody', {}, ...rows)));
  if (view.total <= view.rows.length) return table;
  return el('div', {}, table, el('p', { class: 'faint' }, `The first ${view.rows.length} of ${view.total.toLocaleString('en-US')} rows.`));
}

/** Runs once the reader has stopped typing. */
export function settled(run: () => void, ms = 120): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(run, ms);
  };
}
