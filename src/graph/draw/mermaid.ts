import type { DotOptions, GraphData } from '../graph-view.js';
import { nestedSteps } from './nested.js';
import { INK, PALETTE, type Tone } from './palette.js';
import { pictureOf } from './picture.js';
import type { Picture, Shape } from './shape.js';

/** The graph as a Mermaid flowchart: what GitHub, GitLab and most note-taking programs draw from a code block. */
export function toMermaid(data: GraphData, options?: DotOptions): string {
  const picture = pictureOf(data, options);
  const names = picture.shapes.map(({ kind }, place) => `${kind === 'frame' ? 's' : kind === 'joint' ? 'j' : 'n'}${place}`);
  const lines = [...heading(picture), ...shapeLines(picture, names), ...linkLines(picture, names), ...classLines(picture, names)];
  return `${lines.join('\n')}\n`;
}

function heading({ title, note }: Picture): string[] {
  // In a title Mermaid takes `<` for HTML, cuts it off, and knows no code for it: a sign that looks like it stays.
  const front = ['---', `title: ${JSON.stringify(title.replaceAll('<', '‹'))}`, '---', 'flowchart TD'];
  return note === undefined ? front : [...front, `  note[${quoted(note)}]:::note`, `  classDef note fill:${INK.page},stroke:none,color:${INK.faint}`];
}

function shapeLines({ shapes }: Picture, names: readonly string[]): string[] {
  const lines: string[] = [];
  for (const { kind, shape, depth } of nestedSteps(shapes)) {
    const indent = '  '.repeat(depth + 1);
    const drawn = shapes[shape] as Shape;
    // Mermaid draws a frame from left to right when nothing leads into it, unless it is told.
    if (kind === 'open') lines.push(`${indent}subgraph ${names[shape]}[${labelOf(drawn)}]`, `${indent}  direction TB`);
    else if (kind === 'close') lines.push(`${indent}end`);
    else lines.push(`${indent}${names[shape]}${bodyOf(drawn)}`);
  }
  return lines;
}

/** Of what every version of Mermaid knows, a box with double sides is the nearest to a stack. */
function bodyOf(shape: Shape): string {
  if (shape.kind === 'joint') return '((" "))';
  return shape.stacked ? `[[${labelOf(shape)}]]` : `(${labelOf(shape)})`;
}

/** Mermaid has no dotted lines beside its dashed ones: control edges get their own stroke by their place among all edges. */
function linkLines({ links }: Picture, names: readonly string[]): string[] {
  const lines = links.map(({ from, to, kind, labels }) => {
    const arrow = kind === 'data' ? '-->' : '-.->';
    const label = labels.length === 0 ? '' : `|${quoted(labels.join(', '))}|`;
    return `  ${names[from]} ${arrow}${label} ${names[to]}`;
  });
  const control = links.flatMap(({ kind }, place) => (kind === 'control' ? [place] : []));
  if (control.length > 0) lines.push(`  linkStyle ${control.join(',')} stroke:${INK.order},stroke-dasharray:1 4`);
  return lines;
}

function classLines({ shapes }: Picture, names: readonly string[]): string[] {
  const members = new Map<Tone, string[]>();
  const uncertain: string[] = [];
  shapes.forEach(({ tone, certain }, shape) => {
    const name = names[shape] as string;
    if (!certain) uncertain.push(name);
    if (tone === 'plain') return;
    const alike = members.get(tone);
    if (alike) alike.push(name);
    else members.set(tone, [name]);
  });
  const lines: string[] = [];
  for (const [tone, alike] of [...members].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { fill, line } = PALETTE[tone];
    lines.push(...classed(tone.replace('-', '_'), `fill:${fill},stroke:${line},color:${INK.text}`, alike));
  }
  if (uncertain.length > 0) lines.push(...classed('may_run', 'stroke-dasharray:5 4', uncertain));
  return lines;
}

function classed(name: string, style: string, members: readonly string[]): string[] {
  return [`  classDef ${name} ${style}`, `  class ${members.join(',')} ${name}`];
}

/** A frame has room for one line: the second would lie over the boxes in it. */
function labelOf({ kind, label, detail }: Shape): string {
  return detail === undefined ? quoted(label) : `"${encoded(label)}${kind === 'frame' ? ' · ' : '<br/>'}${encoded(detail)}"`;
}

function quoted(text: string): string {
  return `"${encoded(text)}"`;
}

/**
 * What is written as a code: all but letters of all languages and the few signs that mean nothing to Mermaid, nor to HTML; and of these signs
 * those that make a list, a rule or a link of a label where Mermaid takes it for Markdown, which it then draws as an error.
 */
const ENCODED = /[^\p{L}\p{M}\p{N} ,.()[\]/+=×·…→-]|^[-+]|(?<=^\p{Nd}{1,9})[.)]|\](?=\()|(?<=www)\./giu;

/** Mermaid has no backslash escapes, only `#code;`. */
function encoded(text: string): string {
  return text.replace(ENCODED, (character) => `#${character.codePointAt(0)};`);
}
