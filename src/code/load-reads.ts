import { type KnownArguments, KnownTexts } from './known-text.js';
import type { Links } from './links.js';
import type { Item, ModuleCode } from './module-code.js';
import { rootOf } from './purity.js';
import { calledName } from './source-tree.js';
import { childrenOf, isClass, isFunction, patternNames, type SyntaxNode, textOf, withoutTypes } from './syntax.js';

/** Files and folders that a top-level declaration reads while its module is loaded. */
export interface LoadReads {
  readonly paths: ReadonlySet<string>;
  /** It also reads what only the program knows. */
  readonly isUnsure: boolean;
}

const NONE: LoadReads = { paths: new Set(), isUnsure: false };
const NOT_GIVEN: KnownArguments = new Map();

/** Of one function, with different arguments. */
const MAX_CALLS = 100;

const READERS = /^(?:read(?:File|dir|Json|JSON|link)|exists|pathExists|l?stat|access|open(?:dir|AsBlob)?|createReadStream)(?:Sync)?$/;
/** Methods that call what they are given before they return. */
const AT_ONCE = /^(?:map|flatMap|forEach|filter|reduce|some|every|find|findIndex|from|sort)$/;

const FILE_SYSTEM = /^(?:node:)?fs(?:\/promises)?$|^(?:fs-extra|graceful-fs)$/;

/** Follows what runs when a declaration's module is loaded: it, callbacks in it, functions of the project that it calls. */
export class ModuleReads {
  readonly #links: Links;
  readonly #texts: KnownTexts;
  readonly #known = new Map<Item, LoadReads>();

  constructor(links: Links) {
    this.#links = links;
    this.#texts = new KnownTexts(links);
  }

  of(item: Item): LoadReads {
    let reads = this.#known.get(item);
    if (reads === undefined) {
      reads = isDefinition(item.node) ? NONE : new Reader(this.#links, this.#texts).read(item.module, item.node);
      this.#known.set(item, reads);
    }
    return reads;
  }
}

/** A function does nothing by being there. */
function isDefinition({ type, init }: SyntaxNode): boolean {
  if (type === 'FunctionDeclaration' || type === 'TSEnumDeclaration') return true;
  const value = type === 'VariableDeclarator' && init ? withoutTypes(init as SyntaxNode) : undefined;
  return value !== undefined && (isFunction(value) || value.type === 'Literal');
}

class Reader implements LoadReads {
  readonly paths = new Set<string>();
  isUnsure = false;
  readonly #links: Links;
  readonly #texts: KnownTexts;
  /** Functions with what they were called with. */
  readonly #seen = new Map<SyntaxNode, Set<string>>();

  constructor(links: Links, texts: KnownTexts) {
    this.#links = links;
    this.#texts = texts;
  }

  read(module: ModuleCode, node: SyntaxNode): LoadReads {
    this.#visit(module, node, NOT_GIVEN);
    return this.paths.size === 0 && !this.isUnsure ? NONE : this;
  }

  #visit(module: ModuleCode, given: SyntaxNode, args: KnownArguments): void {
    const node = withoutTypes(given);
    if (node === undefined || isFunction(node)) return;
    if (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition' || node.type === 'AccessorProperty') {
      if (node.type === 'MethodDefinition' || node.static !== true) return;
    }
    if (node.type === 'CallExpression' || node.type === 'NewExpression') this.#call(module, node, args);
    for (const child of childrenOf(node)) this.#visit(module, child, args);
  }

  #call(module: ModuleCode, call: SyntaxNode, args: KnownArguments): void {
    const callee = withoutTypes(call.callee as SyntaxNode);
    if (callee === undefined) return;
    const root = rootOf(callee);
    if (root !== undefined && module.isOwn(root)) return;
    const given = call.arguments as SyntaxNode[];
    const called = calledName(call) ?? '';
    const name = callee.type === 'Identifier' ? (module.imports.get(called)?.imported ?? called) : called;
    if (root !== undefined && isFileSystem(module, root) && READERS.test(name)) {
      const path = this.#texts.path(module, given[0], args);
      if (path === undefined) this.isUnsure = true;
      else this.paths.add(path);
      return;
    }
    // What is called here and now: an arrow in brackets, and the callbacks of who calls them.
    if (isFunction(callee)) this.#function(module, callee, given, module, args);
    for (const argument of given) if (isFunction(argument)) this.#callback(module, argument, AT_ONCE.test(calledName(call) ?? ''), args);
    if (callee.type === 'Identifier') this.#items(module, callee.name as string, undefined, given, args);
    else if (callee.type === 'MemberExpression' && root !== undefined && (callee.object as SyntaxNode).type === 'Identifier')
      this.#items(module, root, calledName(call), given, args);
  }

  /** One that may be called later, or never, makes nothing unsure. */
  #callback(module: ModuleCode, fn: SyntaxNode, isAtOnce: boolean, args: KnownArguments): void {
    const before = this.isUnsure;
    this.#function(module, fn, [], module, args);
    if (!isAtOnce) this.isUnsure = before;
  }

  #items(module: ModuleCode, name: string, member: string | undefined, given: readonly SyntaxNode[], args: KnownArguments): void {
    const target = this.#links.target(module, name, member);
    if (target.kind !== 'items') return;
    for (const { module: owner, node } of target.items) {
      const value = withoutTypes((node.type === 'VariableDeclarator' ? (node.init as SyntaxNode | null) : node) ?? node);
      if (value === undefined) continue;
      if (isFunction(value)) this.#function(owner, value, given, module, args);
      else if (isClass(value)) for (const one of constructing(value)) this.#body(owner, one, NOT_GIVEN);
    }
  }

  #function(owner: ModuleCode, fn: SyntaxNode, given: readonly SyntaxNode[], caller: ModuleCode, args: KnownArguments): void {
    const known = new Map(owner === caller ? args : []);
    for (const [place, parameter] of (fn.params as SyntaxNode[]).entries()) {
      const argument = given[place];
      const value = argument && this.#texts.text(caller, argument, args);
      const byDefault = parameter.type === 'AssignmentPattern' && argument === undefined ? (parameter.right as SyntaxNode) : undefined;
      const text = byDefault === undefined ? value : this.#texts.text(owner, byDefault, NOT_GIVEN);
      for (const name of patternNames(parameter))
        known.set(name, parameter.type === 'Identifier' || parameter.type === 'AssignmentPattern' ? text : undefined);
    }
    this.#body(owner, fn, known);
  }

  #body(module: ModuleCode, fn: SyntaxNode, args: KnownArguments): void {
    const key = JSON.stringify([...args]);
    const seen = this.#seen.get(fn) ?? new Set();
    this.#seen.set(fn, seen);
    if (seen.has(key)) return;
    // It calls itself with ever other texts.
    if (seen.size >= MAX_CALLS) {
      this.isUnsure = true;
      return;
    }
    seen.add(key);
    for (const child of childrenOf(fn)) this.#visit(module, child, args);
  }
}

/** What runs when an instance is made. */
function constructing(node: SyntaxNode): readonly SyntaxNode[] {
  return ((node.body as SyntaxNode).body as SyntaxNode[]).flatMap((member) => {
    const isNow = member.type === 'MethodDefinition' ? member.kind === 'constructor' : member.static !== true;
    return isNow && member.value ? [member.value as SyntaxNode] : [];
  });
}

function isFileSystem(module: ModuleCode, root: string): boolean {
  const from = module.imports.get(root);
  if (from !== undefined) return FILE_SYSTEM.test(from.specifier);
  // `const { readFileSync } = require('fs')`
  return (module.declared(root) ?? []).some(({ node }) => {
    const init = node.type === 'VariableDeclarator' && node.init ? withoutTypes(node.init as SyntaxNode) : undefined;
    return init?.type === 'CallExpression' && calledName(init) === 'require' && FILE_SYSTEM.test(textOf((init.arguments as SyntaxNode[])[0]) ?? '');
  });
}
