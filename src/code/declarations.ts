import { DEFAULT_NAME, type Item, ModuleCode } from './module-code.js';
import { nameOf } from './piece.js';
import { loadParser, type Parser } from './sources.js';
import type { SyntaxNode } from './syntax.js';

/** A top-level declaration or statement, as it stands in the text of its file. */
export interface Declaration {
  /** As code parts and previews have it. */
  readonly name: string;
  /** Offsets in UTF-16 units, with the comment in front of it. */
  readonly start: number;
  readonly end: number;
  /** Of what counts: not of comments, formatting and types. */
  readonly digest: string;
}

/** Undefined: it is no code, or cannot be parsed. */
export type DeclarationReader = (path: string, text: string) => readonly Declaration[] | undefined;

const CODE = /\.(?:[cm]?[jt]sx?)$/;

/** Where the parser cannot be loaded, no text has declarations. */
export async function declarationReader(): Promise<DeclarationReader> {
  const parser = await loadParser().catch(() => undefined);
  return (path, text) => (parser === undefined || !CODE.test(path) ? undefined : declarationsOf(parser, path, text));
}

function declarationsOf(parser: Parser, path: string, source: string): readonly Declaration[] | undefined {
  const offset = source.startsWith('\uFEFF') ? 1 : 0;
  const text = source.slice(offset);
  try {
    const { program, problem } = parser.parse(path, text);
    if (problem !== undefined) return undefined;
    const module = new ModuleCode(path, text, program, () => false);
    const statements = program.body as readonly SyntaxNode[];
    return module.items.map((item) => {
      const { start, end } = rangeOf(item, statements);
      return { name: nameOf(item), start: withComment(text, start) + offset, end: end + offset, digest: module.textOf(item).digest };
    });
  } catch {
    // Whatever a text holds, it can be shown as a text.
    return undefined;
  }
}

/** The whole statement, `export const` and all, unless it declares several. */
function rangeOf({ module, node, names }: Item, statements: readonly SyntaxNode[]): { readonly start: number; readonly end: number } {
  const around = statements.find(({ start, end }) => start <= node.start && node.end <= end) ?? node;
  const isAlone =
    names.includes(DEFAULT_NAME) || module.items.filter((item) => around.start <= item.node.start && item.node.end <= around.end).length === 1;
  return isAlone ? around : node;
}

const COMMENT_BEFORE = /\/\*(?:[^*]|\*(?!\/))*\*\/[ \t]*\r?\n?[ \t]*$/;
const LONGEST_COMMENT = 4_000;

function withComment(text: string, start: number): number {
  const from = Math.max(0, start - LONGEST_COMMENT);
  return from + (COMMENT_BEFORE.exec(text.slice(from, start))?.index ?? start - from);
}
