import { basename, dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Links } from './links.js';
import type { ModuleCode } from './module-code.js';
import { scopesAround } from './source-tree.js';
import { type SyntaxNode, textOf, withoutTypes } from './syntax.js';

/** What the parameters of a function are known to be in one call of it. */
export type KnownArguments = ReadonlyMap<string, string | undefined>;

/** Deep enough for every path that people write; circles end. */
const MAX_DEPTH = 24;

const ON_PATHS: Readonly<Record<string, (...parts: string[]) => string>> = {
  join,
  resolve,
  dirname,
  basename,
  normalize,
  fileURLToPath: (url = '') => fileURLToPath(url),
};

/** Finds out what a path comes to without running anything: texts, `import.meta`, `new URL(…)`, `join(…)`, constants of the project. */
export class KnownTexts {
  readonly #links: Links;

  constructor(links: Links) {
    this.#links = links;
  }

  /** An absolute path; undefined where only the program knows. */
  path(module: ModuleCode, node: SyntaxNode | undefined, given: KnownArguments): string | undefined {
    try {
      const text = node && this.text(module, node, given);
      if (text === undefined) return undefined;
      return text.startsWith('file:') ? fileURLToPath(text) : resolve(text);
    } catch {
      // `new URL` and `fileURLToPath` refuse what is none; so will the program.
      return undefined;
    }
  }

  text(module: ModuleCode, given: SyntaxNode, args: KnownArguments, depth = 0): string | undefined {
    const node = withoutTypes(given);
    if (node === undefined || depth > MAX_DEPTH) return undefined;
    const plain = textOf(node);
    if (plain !== undefined) return plain;
    const inside = (one: unknown): string | undefined => this.text(module, one as SyntaxNode, args, depth + 1);
    switch (node.type) {
      case 'Identifier':
        return this.#name(module, node, args, depth);
      case 'TemplateLiteral':
        return joined(
          (node.quasis as SyntaxNode[]).flatMap((quasi, at) => [cooked(quasi), ...(node.expressions as SyntaxNode[]).slice(at, at + 1).map(inside)]),
        );
      case 'BinaryExpression':
        return node.operator === '+' ? joined([inside(node.left), inside(node.right)]) : undefined;
      case 'MemberExpression':
        return member(module, node, inside);
      case 'CallExpression':
        return call(node, inside);
      case 'NewExpression':
        return url(node, inside);
      default:
        return undefined;
    }
  }

  #name(module: ModuleCode, node: SyntaxNode, args: KnownArguments, depth: number): string | undefined {
    const name = node.name as string;
    for (const scope of scopesAround(module, node)) {
      const binding = scope.get(name);
      if (binding === undefined) continue;
      if (binding.kind === 'parameter') return args.get(name);
      return binding.kind === 'constant' ? this.#constant(module, binding.node, args, depth) : undefined;
    }
    if (name === '__filename') return module.path;
    if (name === '__dirname') return dirname(module.path);
    const target = this.#links.target(module, name);
    const [item, ...more] = target.kind === 'items' ? target.items : [];
    return item?.keyword === 'const' && more.length === 0 ? this.#constant(item.module, item.node, new Map(), depth) : undefined;
  }

  #constant(module: ModuleCode, { type, id, init }: SyntaxNode, args: KnownArguments, depth: number): string | undefined {
    if (type !== 'VariableDeclarator' || (id as SyntaxNode).type !== 'Identifier' || !init) return undefined;
    return this.text(module, init as SyntaxNode, args, depth + 1);
  }
}

function cooked({ value }: SyntaxNode): string {
  return (value as { readonly cooked: string }).cooked;
}

function joined(parts: readonly (string | undefined)[]): string | undefined {
  return parts.every((part) => part !== undefined) ? parts.join('') : undefined;
}

type Inside = (node: unknown) => string | undefined;

/** `import.meta.dirname`, and of a URL its parts. */
function member(module: ModuleCode, { object, property, computed }: SyntaxNode, inside: Inside): string | undefined {
  if (computed === true) return undefined;
  const name = (property as SyntaxNode).name as string;
  if ((object as SyntaxNode).type === 'MetaProperty') {
    if (name === 'url') return pathToFileURL(module.path).href;
    return name === 'dirname' ? dirname(module.path) : name === 'filename' ? module.path : undefined;
  }
  if (name !== 'href' && name !== 'pathname') return undefined;
  const text = inside(object);
  if (text === undefined || !text.startsWith('file:')) return undefined;
  return name === 'href' ? text : new URL(text).pathname;
}

function call({ callee, arguments: args }: SyntaxNode, inside: Inside): string | undefined {
  const target = withoutTypes(callee as SyntaxNode);
  const name = target?.type === 'MemberExpression' ? (target.property as SyntaxNode).name : target?.name;
  const object = target?.type === 'MemberExpression' ? ((target.object as SyntaxNode).name as string | undefined) : undefined;
  if (object === 'process' && name === 'cwd') return process.cwd();
  if (name === 'toString' && target?.type === 'MemberExpression') return inside(target.object);
  const on = typeof name === 'string' && Object.hasOwn(ON_PATHS, name) ? ON_PATHS[name] : undefined;
  const parts = (args as SyntaxNode[]).map(inside);
  return on !== undefined && parts.every((part) => part !== undefined) ? on(...parts) : undefined;
}

function url({ callee, arguments: args }: SyntaxNode, inside: Inside): string | undefined {
  if ((callee as SyntaxNode).name !== 'URL') return undefined;
  const [address, base] = (args as SyntaxNode[]).map(inside);
  if (address === undefined || ((args as SyntaxNode[]).length > 1 && base === undefined)) return undefined;
  return new URL(address, base).href;
}
