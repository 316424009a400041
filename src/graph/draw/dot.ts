import type { DotOptions, GraphData } from '../graph-view.js';
import { anchorsOf } from './anchors.js';
import { nestedSteps } from './nested.js';
import { INK, PALETTE } from './palette.js';
import { pictureOf } from './picture.js';
import type { Link, Picture, Shape } from './shape.js';

const FONT = 'Helvetica';
/** With more shapes than this, a layout that is ready in seconds is worth more than the last crossing avoided. */
const CROWDED = 300;
export const NAME_SIZE = 12;
export const DETAIL_SIZE = 10;
export const TITLE_SIZE = 15;

/** The graph in Graphviz's language, the same text for the same graph. Nodes go by their ids, edges carry the parameter's name (S9, S29). */
export function toDot(data: GraphData, options?: DotOptions): string {
  return pictureToDot(pictureOf(data, options));
}

/**
 * @param forLayout gives each edge its place in `picture.links` as `id`, so that a layout can be brought back to the picture, and its label some
 * air to both sides, because Graphviz lets labels touch their lines, and measures names as they are written; in a crowded picture labels, which are laid out like nodes, have no place
 */
export function pictureToDot(picture: Picture, forLayout = false): string {
  const names = picture.shapes.map(nameOf);
  const lines = [
    `digraph ${quoted(encodedId(picture.title))} {`,
    ...preamble(picture),
    ...shapeLines(picture, names, forLayout),
    ...linkLines(picture, names, forLayout),
  ];
  return `${lines.join('\n')}\n}\n`;
}

function preamble({ title, note, shapes }: Picture): string[] {
  const heading = [`<B>${markup(title)}</B>`, ...(note === undefined ? [] : [small(note)])].join('<BR/>');
  const font = `fontname="${FONT}"`;
  const hurried = shapes.length > CROWDED ? ' nslimit=2 nslimit1=2 mclimit=0.2' : '';
  return [
    `  graph [label=<${heading}> labelloc=t ${font} fontsize=${TITLE_SIZE} fontcolor="${INK.text}" bgcolor="${INK.page}"`,
    `    rankdir=TB compound=true pad=0.25 nodesep=0.3 ranksep=0.45${hurried}]`,
    `  node [shape=box style="rounded,filled" ${font} fontsize=${NAME_SIZE} fontcolor="${INK.text}"`,
    `    fillcolor="${PALETTE.plain.fill}" color="${PALETTE.plain.line}" margin="0.2,0.07" height=0.4]`,
    `  edge [color="${INK.data}" ${font} fontsize=${DETAIL_SIZE} fontcolor="${INK.faint}" arrowsize=0.7]`,
  ];
}

function shapeLines({ shapes }: Picture, names: readonly string[], forLayout: boolean): string[] {
  const lines: string[] = [];
  for (const { kind, shape, depth } of nestedSteps(shapes)) {
    const indent = '  '.repeat(depth + 1);
    const name = names[shape] as string;
    const drawn = shapes[shape] as Shape;
    if (kind === 'open') lines.push(`${indent}subgraph ${quoted(`cluster_${name}`)} {`, `${indent}  graph ${frameAttributes(drawn, forLayout)}`);
    else if (kind === 'close') lines.push(`${indent}}`);
    else lines.push(`${indent}${quoted(name)} ${drawn.kind === 'joint' ? jointAttributes(drawn) : boxAttributes(drawn)}`);
  }
  return lines;
}

function boxAttributes(box: Shape): string {
  const attributes = [`label=${labelOf(box)}`, `tooltip=${tooltipOf(box)}`];
  if (box.tone !== 'plain') attributes.push(`class="${box.tone}" fillcolor="${PALETTE[box.tone].fill}" color="${PALETTE[box.tone].line}"`);
  if (box.stacked) attributes.push('peripheries=2');
  if (!box.certain) attributes.push('style="rounded,filled,dashed"');
  return `[${attributes.join(' ')}]`;
}

function frameAttributes(frame: Shape, forLayout: boolean): string {
  const style = frame.certain ? 'rounded,filled' : 'rounded,filled,dashed';
  const label = `label=${forLayout ? boldLabelOf(frame) : labelOf(frame)} labelloc=t labeljust=l fontsize=${NAME_SIZE}`;
  const look = `style="${style}" fillcolor="${INK.frame}" color="${PALETTE[frame.tone].line}" margin=14`;
  return `[${label} tooltip=${tooltipOf(frame)}${frame.tone === 'plain' ? '' : ` class="${frame.tone}"`} ${look}]`;
}

function jointAttributes(joint: Shape): string {
  return `[shape=circle label="" style=filled fillcolor="${INK.order}" color="${INK.order}" width=0.1 height=0.1 tooltip=${tooltipOf(joint)}]`;
}

function linkLines(picture: Picture, names: readonly string[], forLayout: boolean): string[] {
  const { shapes, links } = picture;
  const anchors = anchorsOf(picture);
  const air = forLayout ? '  ' : '';
  const labelled = !forLayout || shapes.length <= CROWDED;
  return links.map((link, place) => {
    const { from, to, labels } = link;
    const attributes = linkStyle(link);
    if (labels.length > 0 && labelled) attributes.unshift(`label="${labels.map((label) => air + escString(label) + air).join('\\n')}"`);
    if (shapes[from]?.kind === 'frame') attributes.push(`ltail=${quoted(`cluster_${names[from]}`)}`);
    if (shapes[to]?.kind === 'frame') attributes.push(`lhead=${quoted(`cluster_${names[to]}`)}`);
    if (shapes[to]?.kind === 'joint') attributes.push('arrowhead=none');
    if (forLayout) attributes.push(`id="${place}"`);
    const ends = `${quoted(names[anchors.exit(from)] as string)} -> ${quoted(names[anchors.entry(to)] as string)}`;
    return `  ${ends}${attributes.length === 0 ? '' : ` [${attributes.join(' ')}]`}`;
  });
}

function linkStyle({ kind }: Link): string[] {
  if (kind === 'order') return [`style=dashed color="${INK.order}"`];
  if (kind === 'control') return [`style=dotted color="${INK.order}" arrowhead=open`];
  return [];
}

function labelOf({ label, detail }: Shape): string {
  return detail === undefined ? `"${escString(label)}"` : `<${markup(label)}<BR/>${small(detail)}>`;
}

/** As the SVG writes the names of frames, which takes more room. */
function boldLabelOf({ label, detail }: Shape): string {
  return `<<B>${markup(label)}</B>${detail === undefined ? '' : `<BR/>${small(detail)}`}>`;
}

function tooltipOf({ tooltip }: Shape): string {
  return `"${tooltip.map(escString).join('\\n')}"`;
}

function small(text: string): string {
  return `<FONT POINT-SIZE="${DETAIL_SIZE}" COLOR="${INK.faint}">${markup(text)}</FONT>`;
}

/** The names Graphviz knows shapes by. An id holds no `^` but in `^hex;` once encoded, so no node can take the name of a joint. */
export function nameOf(shape: Shape): string {
  return shape.kind === 'joint' ? `^${shape.id}` : encodedId(shape.id);
}

/**
 * Quotes, backslashes, entities and what cannot be printed as `^hex;`, and `%`, since Graphviz takes names that begin with it for its own.
 * Different ids stay different, and the ids of every day stay as they are.
 */
function encodedId(id: string): string {
  return id.replace(/[%^"\\&\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, (character) => `^${(character.codePointAt(0) as number).toString(16)};`);
}

function quoted(name: string): string {
  return `"${name}"`;
}

/** For quoted labels: a backslash would start `\N` and the like, `&` an entity. */
function escString(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
}

/** For labels between `<` and `>`, where Graphviz still looks for `\N`. */
function markup(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
