import { childrenOf, isClass, isFunction, type SyntaxNode, textOf, withoutTypes } from './syntax.js';

/** A name that a declaration takes out of another module, as an import would. */
export interface Required {
  readonly local: string;
  /** The exporter's name for it, `*` for all of it. */
  readonly imported: string;
}

/** What `const … = require('x')` takes, and from where. */
export interface Requirement {
  readonly specifier: string;
  readonly names: readonly Required[];
}

/** What a statement gives away: `exports.x = …`, `module.exports = …`. */
export interface Given {
  /** Undefined: all that the module is. */
  readonly name: string | undefined;
  readonly node: SyntaxNode;
}

/** The names by which a module calls `require`: its own, and what `createRequire` made. None where that name is something else. */
export function requireNames(program: SyntaxNode): ReadonlySet<string> {
  const names = new Set(['require']);
  for (const given of program.body as SyntaxNode[]) {
    const statement = (given.type === 'ExportNamedDeclaration' && (given.declaration as SyntaxNode | null)) || given;
    for (const one of (statement.specifiers ?? []) as SyntaxNode[]) forget(names, one.local as SyntaxNode);
    if (statement.type === 'FunctionDeclaration') forget(names, statement.id as SyntaxNode);
    if (statement.type !== 'VariableDeclaration') continue;
    for (const { id, init } of statement.declarations as SyntaxNode[]) {
      if (!isNamed(id as SyntaxNode)) continue;
      if (isCreateRequire(init as SyntaxNode | null)) names.add((id as SyntaxNode).name as string);
      else forget(names, id as SyntaxNode);
    }
  }
  return names;
}

function forget(names: Set<string>, id: SyntaxNode): void {
  names.delete(id.name as string);
}

function isNamed(node: SyntaxNode, name?: string): boolean {
  return node.type === 'Identifier' && (name === undefined || node.name === name);
}

function isCreateRequire(init: SyntaxNode | null): boolean {
  if (init?.type !== 'CallExpression') return false;
  const callee = init.callee as SyntaxNode;
  return isNamed(callee, 'createRequire') || memberOf(callee) === 'createRequire';
}

/** The text given to `require`, where the node calls it with one. */
export function requiredBy(node: SyntaxNode | undefined, names: ReadonlySet<string>): string | undefined {
  if (node?.type !== 'CallExpression') return undefined;
  const { type, name } = node.callee as SyntaxNode;
  const [argument] = node.arguments as SyntaxNode[];
  return type === 'Identifier' && names.has(name as string) && argument !== undefined ? textOf(argument) : undefined;
}

/**
 * `const x = require('a')`, `const { x, y: z } = require('a')`, `const x = require('a').x`; undefined for what is none of these.
 * @param specifierOf which module an expression is, all of it
 */
export function requirement(declarator: SyntaxNode, specifierOf: (node: SyntaxNode) => string | undefined): Requirement | undefined {
  const init = declarator.init ? withoutTypes(declarator.init as SyntaxNode) : undefined;
  const id = declarator.id as SyntaxNode;
  if (init === undefined) return undefined;
  const whole = specifierOf(init);
  if (whole !== undefined) {
    const taken = id.type === 'Identifier' ? [{ local: id.name as string, imported: '*' }] : destructured(id);
    return taken && { specifier: whole, names: taken };
  }
  const member = memberOf(init);
  const object = member === undefined ? undefined : withoutTypes(init.object as SyntaxNode);
  const specifier = object && specifierOf(object);
  if (specifier === undefined || member === undefined || id.type !== 'Identifier') return undefined;
  return { specifier, names: [{ local: id.name as string, imported: member }] };
}

function destructured(id: SyntaxNode): readonly Required[] | undefined {
  if (id.type !== 'ObjectPattern') return undefined;
  const names: Required[] = [];
  for (const property of id.properties as SyntaxNode[]) {
    const value = property.value as SyntaxNode | undefined;
    if (property.computed === true || value?.type !== 'Identifier') return undefined;
    names.push({ local: value.name as string, imported: keyName(property.key as SyntaxNode) });
  }
  return names;
}

/** Modules that are loaded with this one by `require('x')`, outside of functions. */
export function requiredAtOnce(node: SyntaxNode, names: ReadonlySet<string>): readonly string[] {
  const found: string[] = [];
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const specifier = requiredBy(next, names);
    if (specifier !== undefined) found.push(specifier);
    if (!isFunction(next)) open.push(...childrenOf(next).toReversed());
  }
  return found;
}

/** Undefined: the statement is none that gives something away and does nothing else. */
export function givenBy(statement: SyntaxNode): readonly Given[] | undefined {
  let node = statement.type === 'ExpressionStatement' ? withoutTypes(statement.expression as SyntaxNode) : undefined;
  if (node !== undefined && isMark(node)) return [];
  const places: (string | undefined)[] = [];
  while (node?.type === 'AssignmentExpression' && node.operator === '=' && isExportPlace(node.left as SyntaxNode)) {
    const left = node.left as SyntaxNode;
    if (left.type !== 'Identifier') places.push(isModuleExports(left) ? undefined : memberOf(left));
    node = withoutTypes(node.right as SyntaxNode);
  }
  if (node === undefined || places.length === 0) return undefined;
  const value = node;
  return places.flatMap((name) => (name === undefined && listed(value)) || [{ name, node: value }]);
}

/** `Object.defineProperty(exports, '__esModule', …)`, as compilers write it. */
function isMark(node: SyntaxNode): boolean {
  if (node.type !== 'CallExpression' || memberOf(node.callee as SyntaxNode) !== 'defineProperty') return false;
  const [object, name] = node.arguments as SyntaxNode[];
  return object !== undefined && name !== undefined && isNamed(object, 'exports') && textOf(name) === '__esModule';
}

/** `exports`, `exports.x`, `module.exports`, `module.exports.x`. */
function isExportPlace(node: SyntaxNode): boolean {
  if (isNamed(node, 'exports') || isModuleExports(node)) return true;
  const object = memberOf(node) === undefined ? undefined : (node.object as SyntaxNode);
  return object !== undefined && (isNamed(object, 'exports') || isModuleExports(object));
}

function isModuleExports(node: SyntaxNode): boolean {
  return memberOf(node) === 'exports' && isNamed(node.object as SyntaxNode, 'module');
}

/** The members of an object that is written out; undefined where one has no name. */
function listed(node: SyntaxNode): readonly Given[] | undefined {
  if (node.type !== 'ObjectExpression') return undefined;
  const found: Given[] = [];
  for (const property of node.properties as SyntaxNode[]) {
    if (property.type !== 'Property' || property.computed === true) return undefined;
    found.push({ name: keyName(property.key as SyntaxNode), node: property.value as SyntaxNode });
  }
  return found;
}

/** `exports.a` may be reached as `this.a` by what is given away with it. */
export function usesThis(node: SyntaxNode): boolean {
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.type === 'ThisExpression') return true;
    if (!isClass(next)) open.push(...childrenOf(next));
  }
  return false;
}

const CODE = /\.[cm]?[jt]sx?$/;

/** `new URL('./worker.js', import.meta.url)`: what a worker or another program is started from. */
export function codeAtUrl(node: SyntaxNode): string | undefined {
  if (node.type !== 'NewExpression' || !isNamed(node.callee as SyntaxNode, 'URL')) return undefined;
  const [file, base] = node.arguments as SyntaxNode[];
  if (file === undefined || base === undefined || memberOf(base) !== 'url' || (base.object as SyntaxNode).type !== 'MetaProperty') return undefined;
  const text = textOf(file);
  return text !== undefined && CODE.test(text) && !/^[a-z]+:/i.test(text) ? relative(text) : undefined;
}

/** As an address, `worker.js` lies beside; as an import it would be a package. */
function relative(path: string): string {
  return /^\.{0,2}\//.test(path) ? path : `./${path}`;
}

function memberOf(node: SyntaxNode): string | undefined {
  if (node.type !== 'MemberExpression' || node.computed === true) return undefined;
  const property = node.property as SyntaxNode;
  return property.type === 'Identifier' ? (property.name as string) : undefined;
}

function keyName(key: SyntaxNode): string {
  return (key.name ?? key.value ?? '') as string;
}
