import { canonicalText } from './canonical-text.js';
import type { LoadReads } from './load-reads.js';
import { DEFAULT_NAME, type Item, type ModuleCode, type PieceText, pieceText, WHOLE_NAME } from './module-code.js';
import type { Region } from './region.js';
import type { SyntaxNode } from './syntax.js';

/** One part of what a task's code reaches. */
export interface Piece {
  readonly module: ModuleCode;
  readonly name: string;
  readonly text: PieceText;
  readonly region: Region | undefined;
  readonly node: SyntaxNode | undefined;
  /** Reached through a value: of classes that it names, the methods count that are called by their names. */
  readonly isGiven?: boolean;
  /** A declaration or statement of the module itself: nothing is around it. */
  readonly isTop?: boolean;
  /** What it reads when its module is loaded. */
  readonly reads?: LoadReads;
}

/** Of a namespace, which is no text of its own. */
export const MODULE = pieceText('module');

/** Of what is no item. */
const texts = new WeakMap<SyntaxNode, PieceText>();

export function textOf(node: SyntaxNode): PieceText {
  let text = texts.get(node);
  if (text === undefined) {
    text = pieceText(canonicalText(node));
    texts.set(node, text);
  }
  return text;
}

const MAX_NAME = 40;

/** Tasks share most of what they reach. */
const itemNames = new WeakMap<Item, string>();

export function nameOf(item: Item): string {
  let name = itemNames.get(item);
  if (name === undefined) {
    name = readName(item);
    itemNames.set(item, name);
  }
  return name;
}

/** What has no name in its module. */
const SHOWN_NAMES: Readonly<Record<string, string>> = { [DEFAULT_NAME]: 'default', [WHOLE_NAME]: 'module.exports' };

/** Of a statement, how it begins. */
function readName({ names, node, module }: Item): string {
  if (names.length > 0) return names.map((name) => SHOWN_NAMES[name] ?? name).join(', ');
  const text = module.text.slice(node.start, Math.min(node.end, node.start + MAX_NAME * 4)).replace(/\s+/g, ' ');
  return text.length > MAX_NAME ? `${text.slice(0, MAX_NAME - 1)}…` : text;
}
