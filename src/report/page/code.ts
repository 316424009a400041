import { formatBytes } from '../../log/format-bytes.js';
import type { FormerCode, SourceFile, TaskCode } from '../report-data.js';
import { el, fill, name, part } from './dom.js';
import type { RunModel } from './run-model.js';
import { valueNode } from './shown.js';

/** The source files that the run ran: their texts are made when they are opened. */
export function code(model: RunModel): void {
  const place = part('code');
  const { sources } = model.data;
  if (place === undefined || sources === undefined) return;
  const files = sources.files.map((file) =>
    folded(el('span', {}, el('code', {}, name(file.path)), el('span', { class: 'faint' }, ` ${formatBytes(file.bytes)}`)), () => fileNode(file)),
  );
  fill(place.body, el('div', { class: 'sources' }, ...files), packagesNode(sources.packages));
}

/** What a task reaches, declaration by declaration, with its text where the page has it. */
export function reachedNode(model: RunModel, { files, packages }: TaskCode): HTMLElement {
  const byPath = new Map(model.data.sources?.files.map((file) => [file.path, file]));
  const isShort = files.length === 1 && files[0]?.[1].length === 1;
  const nodes = files.map(([path, names]) => {
    const title = titleOf(path, names);
    const file = byPath.get(path);
    return file === undefined ? el('p', {}, title) : folded(title, () => declarationsNode(file, names), isShort);
  });
  return el('div', { class: 'sources' }, ...nodes, packagesNode(packages));
}

/** What it was when another run made the result, and is no more. */
export function formerNode({ files }: FormerCode, command: string): HTMLElement {
  if (files === undefined) {
    return valueNode({ kind: 'none', why: 'it is too long for this page', command });
  }
  const isShort = files.length === 1;
  const nodes = files.map(({ path, names, text }) => folded(titleOf(path, names), () => el('pre', { tabindex: 0 }, text), isShort));
  return el('div', { class: 'sources' }, ...nodes);
}

function titleOf(path: string, names: readonly string[]): HTMLElement {
  return el('span', {}, el('code', {}, path === '' ? '(its own text)' : name(path)), el('span', { class: 'faint' }, ` ${names.join(', ')}`));
}

function declarationsNode(file: SourceFile, names: readonly string[]): HTMLElement {
  const { text, declarations = [] } = file;
  const ranges = names.flatMap((wanted) => {
    // Members of classes are told as `Model.fit`: their class is shown.
    const found = declarations.filter(([known]) => known === wanted);
    return found.length > 0 ? found : declarations.filter(([known]) => known === wanted.split('.')[0]);
  });
  if (text === undefined || ranges.length === 0) return fileNode(file);
  const inOrder = [...new Set(ranges)].sort(([, a], [, b]) => a - b);
  return el('pre', { tabindex: 0 }, inOrder.map(([, start, end]) => text.slice(start, end)).join('\n\n'));
}

function fileNode({ text, why = '', command, changed }: SourceFile): HTMLElement {
  const node =
    text === undefined ? valueNode({ kind: 'none', why, ...(command === undefined ? {} : { command }) }) : el('pre', { tabindex: 0 }, text);
  if (changed !== true) return node;
  return el('div', {}, el('p', { class: 'faint' }, 'It was changed after it was loaded: what ran was something else.'), node);
}

function packagesNode(packages: TaskCode['packages']): HTMLElement | undefined {
  if (packages.length === 0) return undefined;
  return el('ul', { class: 'plain' }, ...packages.map(([title, version]) => el('li', {}, el('code', {}, `${title}@${version}`))));
}

/** Its content is made when it is opened for the first time. */
function folded(title: Node, make: () => HTMLElement, isOpen = false): HTMLElement {
  const details = el('details', { open: isOpen }, el('summary', {}, title));
  const show = (): void => {
    if (details.open && details.children.length === 1) details.append(make());
  };
  details.addEventListener('toggle', show);
  show();
  return details;
}
