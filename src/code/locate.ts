import type { CodeMember, CodeSite, SourcePlace } from '../model/code-site.js';
import type { Links } from './links.js';
import type { ModuleCode } from './module-code.js';
import { namesFor } from './own-calls.js';
import type { Start } from './reach.js';
import type { Binding } from './scopes.js';
import { ancestorsOf, callAt, scopesAround } from './source-tree.js';
import type { Sources } from './sources.js';
import { isClass, isFunction, keyName, type SyntaxNode, withoutTypes } from './syntax.js';

export interface Located {
  readonly starts: readonly Start[];
  /** Members that no source was found for: their texts count. */
  readonly missing: readonly CodeMember[];
  /** How many of the calls that led there had to be looked at. */
  readonly depth: number;
}

/** The functions of a definition in their sources; a text says why they are not found there. */
export function locate(sources: Sources, links: Links, site: CodeSite): Located | string {
  const places = site.places();
  const [place] = places;
  if (place === undefined) return 'the call that made it is in no source file';
  const module = sources.module(place.file);
  if (typeof module === 'string') return module;
  const call = findCall(module, place, site);
  if (call === undefined) return `the call that made it is not found in ${place.file}:${place.line}`;
  if (site.kind === 'method') return locateMembers(links, site, module, call);
  if (site.kind === 'class') return locateClass(module, call);
  const argument = functionArgument(site, call);
  if (argument === undefined) return `the function is not written out in ${place.file}:${place.line}`;
  const found = followParameters(sources, module, argument, places);
  if (typeof found === 'string') return found;
  const { node } = found;
  if (isFunction(node) && site.code !== undefined && countParameters(node) !== site.code.length)
    return `another function stands in ${place.file}:${place.line}`;
  return { starts: [startAt(found.module, node)], missing: [], depth: found.depth };
}

const CALLEES: Readonly<Record<CodeSite['kind'], readonly string[]>> = {
  task: ['task'],
  shell: ['shell'],
  flow: ['flow'],
  method: ['Task'],
  class: ['Flow', 'flowOf'],
};

function findCall(module: ModuleCode, { line, column }: SourcePlace, { kind }: CodeSite): SyntaxNode | undefined {
  const names = new Set(CALLEES[kind].flatMap((name) => [...namesFor(module, name)]));
  return callAt(module, line, column, names) ?? (column === undefined ? undefined : callAt(module, line, column));
}

function functionArgument({ kind }: CodeSite, call: SyntaxNode): SyntaxNode | undefined {
  const args = call.arguments as SyntaxNode[];
  if (args.some(({ type }) => type === 'SpreadElement')) return undefined;
  const argument = kind === 'task' ? args[0] : kind === 'shell' ? args[1] : args.at(-1);
  return argument && withoutTypes(argument);
}

interface Found {
  readonly module: ModuleCode;
  readonly node: SyntaxNode;
}

/** `const step = (fn) => task(fn)`: the function is written where `step` is called, one frame further out. */
function followParameters(
  sources: Sources,
  module: ModuleCode,
  argument: SyntaxNode,
  places: readonly SourcePlace[],
): (Found & { readonly depth: number }) | string {
  let found: Found = { module, node: argument };
  for (let frame = 1; ; frame++) {
    const binding = outerBinding(found);
    if (binding?.kind !== 'parameter') return { ...found, depth: frame };
    const place = places[frame];
    const what = `the function is a variable, '${found.node.name as string}', whose value is known only when it runs`;
    const isOfCaller = ancestorsOf(found.module, found.node).find(isFunction) === binding.node;
    if (place === undefined || binding.place === undefined || !isOfCaller) return what;
    const caller = sources.module(place.file);
    const call = typeof caller === 'string' ? undefined : callAt(caller, place.line, place.column);
    const next = call && (call.arguments as SyntaxNode[])[binding.place];
    const isPlain = call && !(call.arguments as SyntaxNode[]).slice(0, binding.place + 1).some(({ type }) => type === 'SpreadElement');
    const node = next && isPlain ? withoutTypes(next) : undefined;
    if (typeof caller === 'string' || node === undefined) return what;
    found = { module: caller, node };
  }
}

/** What the function around it means by a name. */
function outerBinding({ module, node }: Found): Binding | undefined {
  if (node.type !== 'Identifier') return undefined;
  for (const scope of scopesAround(module, node)) {
    const binding = scope.get(node.name as string);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

function startAt(module: ModuleCode, node: SyntaxNode): Start {
  return { module, node, name: nameAround(module, node), outer: scopesAround(module, node) };
}

/** The function's own name, or the variable or property that what it is part of is assigned to. */
function nameAround(module: ModuleCode, node: SyntaxNode): string {
  const own = node.id as SyntaxNode | null | undefined;
  if (own) return own.name as string;
  if (node.type === 'Identifier') return node.name as string;
  for (const around of ancestorsOf(module, node)) {
    if (around.type === 'VariableDeclarator' && (around.id as SyntaxNode).type === 'Identifier') return (around.id as SyntaxNode).name as string;
    if (around.type === 'Property' || around.type === 'MethodDefinition') return keyName(around) ?? 'function';
    if (around.type === 'ExportDefaultDeclaration') return 'default';
    if (isFunction(around)) break;
  }
  return 'function';
}

/** As `Function.length` counts: up to the first that may be left out. */
function countParameters(node: SyntaxNode): number {
  const parameters = (node.params as SyntaxNode[]).filter((one) => withoutTypes(one) !== undefined);
  const optional = parameters.findIndex(({ type }) => type === 'AssignmentPattern' || type === 'RestElement');
  return optional < 0 ? parameters.length : optional;
}

// ── classes ──

function locateClass(module: ModuleCode, call: SyntaxNode): Located | string {
  const decorated = decoratedClass(module, call);
  const node = decorated ?? withoutTypes((call.arguments as SyntaxNode[])[0] ?? call);
  if (node === undefined) return 'the class is not written out';
  return { starts: [startAt(module, node)], missing: [], depth: 1 };
}

function locateMembers(links: Links, site: CodeSite, module: ModuleCode, call: SyntaxNode): Located | string {
  const owner = decoratedClass(module, call);
  if (owner === undefined) return 'the class of the method is not found';
  const classes = new ClassesNear(links, module, owner);
  const starts: Start[] = [];
  const missing: CodeMember[] = [];
  for (const member of site.members ?? []) {
    const found = classes.find(member.className);
    const nodes = found === undefined ? [] : member.name === undefined ? [found.node] : membersNamed(found.node, member.name);
    if (found === undefined || nodes.length === 0) missing.push(member);
    else {
      const name = member.name === undefined ? member.className : `${member.className}.${member.name}`;
      for (const node of nodes) starts.push({ module: found.module, node, name, outer: scopesAround(found.module, node) });
    }
  }
  return starts.length === 0 ? 'the method is not found in its class' : { starts, missing, depth: 1 };
}

function decoratedClass(module: ModuleCode, call: SyntaxNode): SyntaxNode | undefined {
  const around = ancestorsOf(module, call);
  const decorator = around.findIndex(({ type }) => type === 'Decorator');
  return decorator < 0 ? undefined : around.slice(decorator).find(isClass);
}

function membersNamed(node: SyntaxNode, name: string): readonly SyntaxNode[] {
  return ((node.body as SyntaxNode).body as SyntaxNode[]).filter(
    (member) => member.type === 'MethodDefinition' && member.static !== true && keyName(member) === name && withoutTypes(member) !== undefined,
  );
}

/** The class that was found by its decorator, those beside it in its file, and what they extend. */
class ClassesNear {
  readonly #byName = new Map<string, Found>();

  constructor(links: Links, module: ModuleCode, owner: SyntaxNode) {
    for (const { node } of module.items) if (isClass(node)) this.#add(links, module, node);
    this.#add(links, module, owner);
  }

  find(name: string): Found | undefined {
    return this.#byName.get(name);
  }

  #add(links: Links, module: ModuleCode, node: SyntaxNode): void {
    const name = (node.id as SyntaxNode | null)?.name as string | undefined;
    if (name !== undefined) {
      if (this.#byName.get(name)?.node === node) return;
      this.#byName.set(name, { module, node });
    }
    const base = node.superClass ? withoutTypes(node.superClass as SyntaxNode) : undefined;
    if (base?.type !== 'Identifier') return;
    const target = links.target(module, base.name as string);
    const item = target.kind === 'items' ? target.items.find((one) => isClass(one.node)) : undefined;
    if (item) this.#add(links, item.module, item.node);
  }
}
