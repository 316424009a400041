import { type InspectOptions, inspect } from 'node:util';
import { JUPYTER_DISPLAY } from '../../base/jupyter.js';
import { formatMs } from '../../log/format-ms.js';
import { terminalText } from '../../log/terminal-text.js';

/** How what is looked up is shown in a REPL, and in the notebooks of Deno. */

/** Texts by media type. */
export type Displayed = Readonly<Record<string, string>>;

/** What is said of an object: a headline, and what there is to know, in order. What is undefined is left out. */
export interface Facts {
  readonly kind: string;
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: unknown])[];
}

/** For people. */
export function spanText(from: Date | undefined, to: Date | undefined): string | undefined {
  return from === undefined || to === undefined ? undefined : formatMs(to.getTime() - from.getTime());
}

/** An object that says what it is, wherever it is printed. */
export abstract class Shown {
  protected abstract facts(): Facts;

  [inspect.custom](depth: number, options: InspectOptions): string {
    const { kind, title, facts } = this.facts();
    if (depth < 0) return `[${kind} ${terminalText(title)}]`;
    const lines = known(facts).map(([name, value]) => `  ${name}: ${valueText(value, options)}`);
    const headline = title === '' ? kind : `${kind} ${terminalText(title)}`;
    return [`${headline}${lines.length > 0 ? ' {' : ''}`, ...lines, ...(lines.length > 0 ? ['}'] : [])].join('\n');
  }

  [JUPYTER_DISPLAY](): Displayed {
    return { 'text/plain': inspect(this, { colors: false }), 'text/html': htmlOf(this.facts()) };
  }

  /** For a row in a table of many. */
  cells(): Facts {
    return this.facts();
  }
}

function htmlOf({ kind, title, facts }: Facts): string {
  const rows = known(facts).map(([name, value]) => `<tr><th style="text-align:left">${escaped(name)}</th><td>${escaped(plainText(value))}</td></tr>`);
  return `<table><caption style="text-align:left">${escaped(kind)} <b>${escaped(terminalText(title))}</b></caption>${rows.join('')}</table>`;
}

/** One line for each, under the names of what is known of any. */
export function tableOf(all: readonly Facts[], caption: string): string {
  const names = [...new Set(all.flatMap(({ facts }) => known(facts).map(([name]) => name)))];
  const head = ['', ...names].map((name) => `<th style="text-align:left">${escaped(name)}</th>`).join('');
  const rows = all.map(({ title, facts }) => {
    const values = new Map(known(facts));
    const cells = names.map((name) => `<td>${values.has(name) ? escaped(plainText(values.get(name))) : ''}</td>`).join('');
    return `<tr><td><b>${escaped(terminalText(title))}</b></td>${cells}</tr>`;
  });
  return `<table><caption style="text-align:left">${escaped(caption)}</caption><tr>${head}</tr>${rows.join('')}</table>`;
}

function known(facts: Facts['facts']): Facts['facts'] {
  return facts.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0) && value !== '');
}

function valueText(value: unknown, options: InspectOptions): string {
  if (typeof value === 'string') return terminalText(value);
  return inspect(value, { ...options, depth: 3, breakLength: Number.POSITIVE_INFINITY, compact: true });
}

function plainText(value: unknown): string {
  return value instanceof Date ? value.toISOString() : valueText(value, { colors: false });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
