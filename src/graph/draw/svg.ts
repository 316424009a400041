import { MillraceError } from '../../base/error.js';
import type { DotOptions, GraphData } from '../graph-view.js';
import { DETAIL_SIZE, NAME_SIZE, nameOf, pictureToDot, TITLE_SIZE } from './dot.js';
import { type Layout, type LayoutEdge, type LayoutObject, layOut } from './layout.js';
import { nestedSteps } from './nested.js';
import { INK, PALETTE } from './palette.js';
import { pictureOf } from './picture.js';
import { grouped } from './printable.js';
import type { Link, Picture, Shape } from './shape.js';

/** More shapes, or lines, than this are no picture, and their layout would take minutes. */
const MOST_SHAPES = 3_000;
const MOST_LINKS = 6_000;
/** White space around the graph, in points. */
const EDGE_OF_PAGE = 18;
/** More of it between the title and the graph. */
const BELOW_TITLE = 8;
const POINTS_PER_INCH = 72;
/** Between the two outlines of a stack: where Graphviz draws the second one, and ends its lines. */
const RIM = 3;

/**
 * The graph as an SVG document that stands alone: no scripts, no fonts, styles or images from elsewhere, a white page, so that it reads on dark
 * ones. Graphviz says where things lie; what is written is ours, so that every text goes through one escape and is centred whatever the font.
 * @throws MillraceError `GRAPH_TOO_LARGE` when, folded, it still has more than 3,000 shapes or 6,000 lines; `DRAWING_FAILED`
 */
export async function toSvg(data: GraphData, options?: DotOptions): Promise<string> {
  const picture = pictureOf(data, options);
  const { shapes, links } = picture;
  if (shapes.length > MOST_SHAPES || links.length > MOST_LINKS) {
    throw new MillraceError(
      'GRAPH_TOO_LARGE',
      `a drawing can have ${grouped(MOST_SHAPES)} shapes and ${grouped(MOST_LINKS)} lines; ` +
        `flow '${picture.title}' still has ${grouped(shapes.length)} and ${grouped(links.length)} after like ones were folded`,
      { hint: 'print it with toString() or toTree(), or give the text of toDot() to another program' },
    );
  }
  return draw(picture, await layOut(pictureToDot(picture, true)));
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** From Graphviz's points, which count upwards, to the page's. */
type Place = (x: number, y: number) => Point;

function draw(picture: Picture, layout: Layout): string {
  const [left, bottom, right, top] = numbers(layout.bb) as [number, number, number, number];
  const place: Place = (x, y) => ({ x: x - left + EDGE_OF_PAGE, y: top - y + EDGE_OF_PAGE + BELOW_TITLE });
  const width = Math.ceil(right - left + 2 * EDGE_OF_PAGE);
  const height = Math.ceil(top - bottom + 2 * EDGE_OF_PAGE + BELOW_TITLE);
  const found = new Map((layout.objects ?? []).map((object) => [object.name, object]));
  const frames: string[] = [];
  const boxes: string[] = [];
  for (const { kind, shape } of nestedSteps(picture.shapes)) {
    const drawn = picture.shapes[shape] as Shape;
    const name = nameOf(drawn);
    if (kind === 'open') frames.push(frameOf(drawn, found.get(`cluster_${name}`), place));
    if (kind === 'leaf') boxes.push(boxOf(drawn, found.get(name), place));
  }
  const edges = (layout.edges ?? []).map((edge) => ({ edge, link: picture.links[Number(edge.id)] as Link }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"` +
      ` font-family="Helvetica, Arial, sans-serif" font-size="${NAME_SIZE}" fill="${INK.text}">`,
    `<title>${escaped(picture.title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${INK.page}"/>`,
    ...heading(picture, layout, place),
    ...frames,
    ...edges.map(({ edge, link }) => lineOf(picture, link, edge, place)),
    ...boxes,
    ...edges.flatMap(({ edge, link }) => labelOf(link, edge, place)),
    '</svg>\n',
  ].join('\n');
}

function heading({ title, note }: Picture, { lp }: Layout, place: Place): string[] {
  if (lp === undefined) return [];
  const [x, y] = numbers(lp) as [number, number];
  const middle = place(x, y);
  const titleAt = { x: middle.x, y: middle.y - BELOW_TITLE - (note === undefined ? 0 : DETAIL_SIZE * 0.75) };
  const lines = [textAt(titleAt, title, TITLE_SIZE, { bold: true })];
  if (note !== undefined) lines.push(textAt({ x: middle.x, y: titleAt.y + TITLE_SIZE * 1.1 }, note, DETAIL_SIZE));
  return lines;
}

function frameOf(frame: Shape, object: LayoutObject | undefined, place: Place): string {
  if (object?.bb === undefined) return '';
  const [left, bottom, right, top] = numbers(object.bb) as [number, number, number, number];
  const corner = place(left, top);
  const outline = rectangle(corner, right - left, top - bottom, `fill="${INK.frame}" stroke="${PALETTE[frame.tone].line}"${dashes(frame)}`);
  // Below each other, as the layout has measured them: side by side they would be wider than a frame around little.
  const texts = [`<text x="${round(corner.x + 9)}" y="${round(corner.y + 17)}" font-weight="bold">${escaped(frame.label)}</text>`];
  const below = `x="${round(corner.x + 9)}" y="${round(corner.y + 30)}" font-size="${DETAIL_SIZE}" fill="${INK.faint}"`;
  if (frame.detail !== undefined) texts.push(`<text ${below}>${escaped(frame.detail)}</text>`);
  return element(frame, [outline, ...texts]);
}

function boxOf(box: Shape, object: LayoutObject | undefined, place: Place): string {
  if (object?.pos === undefined) return '';
  const [x, y] = numbers(object.pos) as [number, number];
  const centre = place(x, y);
  if (box.kind === 'joint') return element(box, [`<circle cx="${round(centre.x)}" cy="${round(centre.y)}" r="3.6" fill="${INK.order}"/>`]);
  const width = Number(object.width) * POINTS_PER_INCH;
  const height = Number(object.height) * POINTS_PER_INCH;
  const { fill, line } = PALETTE[box.tone];
  const corner = { x: centre.x - width / 2, y: centre.y - height / 2 };
  const look = `fill="${fill}" stroke="${line}"${dashes(box)}`;
  const parts = [rectangle(corner, width, height, look)];
  if (box.stacked) parts.unshift(rectangle({ x: corner.x - RIM, y: corner.y - RIM }, width + 2 * RIM, height + 2 * RIM, look));
  parts.push(textAt({ x: centre.x, y: centre.y + (box.detail === undefined ? 0 : -6.5) }, box.label));
  if (box.detail !== undefined) parts.push(textAt({ x: centre.x, y: centre.y + 7.5 }, box.detail, DETAIL_SIZE));
  return element(box, parts);
}

/** `e,x,y` is the arrow's tip; then a start and three points for each Bézier curve. */
function lineOf({ shapes }: Picture, { from, to, kind, labels }: Link, { pos }: LayoutEdge, place: Place): string {
  const points = pos
    .split(' ')
    .map((text) => ({ tip: text.startsWith('e,'), at: place(...(numbers(text.replace(/^[es],/, '')) as [number, number])) }));
  const tip = points.find((point) => point.tip)?.at;
  const [start, ...curve] = points.filter((point) => !point.tip).map((point) => point.at) as [Point, ...Point[]];
  const colour = INK[kind === 'data' ? 'data' : 'order'];
  const dash = kind === 'data' ? '' : ` stroke-dasharray="${kind === 'order' ? '6 4' : '1.5 3.5'}"`;
  const path = `<path d="M${pair(start)}C${curve.map(pair).join(' ')}" fill="none" stroke="${colour}"${dash}/>`;
  const ends = [from, to].map((shape) => shapes[shape]?.tooltip[0] ?? '').join(' → ');
  const title = `<title>${escaped([ends, ...labels].join('\n'))}</title>`;
  const head = tip === undefined ? [] : [arrowHead(curve.at(-1) ?? start, tip, colour)];
  return [`<g class="edge ${kind}">${title}`, path, ...head, '</g>'].join('\n');
}

function arrowHead(from: Point, tip: Point, colour: string): string {
  const length = Math.hypot(tip.x - from.x, tip.y - from.y) || 1;
  const across = { x: ((tip.y - from.y) / length) * 2.8, y: ((from.x - tip.x) / length) * 2.8 };
  const corners = [{ x: from.x + across.x, y: from.y + across.y }, tip, { x: from.x - across.x, y: from.y - across.y }];
  return `<polygon points="${corners.map(pair).join(' ')}" fill="${colour}"/>`;
}

function labelOf({ labels }: Link, { lp }: LayoutEdge, place: Place): string[] {
  if (lp === undefined) return [];
  const [x, y] = numbers(lp) as [number, number];
  const middle = place(x, y);
  const yOf = (line: number): number => middle.y + (line - (labels.length - 1) / 2) * DETAIL_SIZE * 1.2;
  return labels.map((label, line) => textAt({ x: middle.x, y: yOf(line) }, label, DETAIL_SIZE, { rim: true }));
}

/** `data-node` and the class let a page find a node and follow its state. */
function element(shape: Shape, parts: readonly string[]): string {
  const kind = shape.tone === 'plain' ? shape.kind : `${shape.kind} ${shape.tone}`;
  const tooltip = `<title>${escaped(shape.tooltip.join('\n'))}</title>`;
  return [`<g class="${kind}" data-node="${escaped(shape.kind === 'joint' ? '' : shape.id)}">${tooltip}`, ...parts, '</g>'].join('\n');
}

function rectangle(corner: Point, width: number, height: number, look: string): string {
  return `<rect x="${round(corner.x)}" y="${round(corner.y)}" width="${round(width)}" height="${round(height)}" rx="6" ${look}/>`;
}

function dashes(shape: Shape): string {
  return shape.certain ? '' : ' stroke-dasharray="5 4"';
}

interface TextLook {
  readonly bold?: boolean;
  /** A white rim, for text that may lie on a line. */
  readonly rim?: boolean;
}

/** Centred on the point; not every program that shows SVG knows `dominant-baseline`, so half a capital's height is added instead. */
function textAt({ x, y }: Point, text: string, size = NAME_SIZE, look: TextLook = {}): string {
  const attributes = [`x="${round(x)}" y="${round(y + size * 0.35)}" text-anchor="middle"`];
  if (size !== NAME_SIZE) attributes.push(`font-size="${size}"`);
  if (size === DETAIL_SIZE) attributes.push(`fill="${INK.faint}"`);
  if (look.bold) attributes.push('font-weight="bold"');
  if (look.rim) attributes.push(`paint-order="stroke" stroke="${INK.page}" stroke-width="3" stroke-linejoin="round"`);
  return `<text ${attributes.join(' ')}>${escaped(text)}</text>`;
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}

function pair({ x, y }: Point): string {
  return `${round(x)},${round(y)}`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text and attributes alike; what XML cannot hold at all is replaced first, since ids come here as they are. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string).replace(/(?!\n)[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\ufffd');
}
