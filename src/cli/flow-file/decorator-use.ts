/** The entry whose decorators take either kind of lowering. */
const OWN_ENTRY = 'millrace/decorators';

/** True when a module's text may use decorators, or the `accessor` fields that came with them: a cheap look, strings and comments included. */
export const MAY_HAVE_DECORATORS = /(?:^|[\s;{}()[\],=>:?])@\s*[\p{L}$_(\\]|\baccessor\s+[\p{L}$_#['"\\\d]/u;

/** What of the decorators' proposal a module uses. */
export interface DecoratorUse {
  /** Start of each decorator that is not bound to an import of `millrace/decorators`; in the order of the text. */
  readonly foreign: readonly number[];
}

/**
 * Undefined for a module with neither decorators nor `accessor` fields.
 * @param program the module's syntax tree, as ESTree has it
 */
export function decoratorUseOf(program: object): DecoratorUse | undefined {
  const walk = new ModuleWalk(program);
  if (walk.decorators.length === 0 && !walk.hasAccessors) return undefined;
  const foreign = walk.decorators.filter(({ root, scope }) => root === undefined || !walk.own.has(root) || isShadowed(root, scope));
  return { foreign: foreign.map(({ start }) => start).sort((a, b) => a - b) };
}

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/** A function, block, class or loop, and the names declared in it. */
interface Scope {
  readonly names: Set<string>;
  readonly isFunction: boolean;
  /** Undefined for the module itself. */
  readonly outer: Scope | undefined;
}

/** Imported names cannot be declared anew by their module, only by a scope in it. */
function isShadowed(name: string, scope: Scope): boolean {
  for (let inner = scope; inner.outer !== undefined; inner = inner.outer) if (inner.names.has(name)) return true;
  return false;
}

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'StaticBlock',
  'TSModuleBlock',
]);
const BLOCKS: ReadonlySet<string> = new Set(['BlockStatement', 'SwitchStatement', 'ForStatement', 'ForInStatement', 'ForOfStatement', 'CatchClause']);
/** What is known outside by its own name. */
const NAMED: ReadonlySet<string> = new Set(['FunctionDeclaration', 'ClassDeclaration', 'TSEnumDeclaration', 'TSModuleDeclaration']);

class ModuleWalk {
  readonly decorators: { readonly start: number; readonly root: string | undefined; readonly scope: Scope }[] = [];
  /** Names bound to imports of our own entry. */
  readonly own = new Set<string>();
  hasAccessors = false;

  /** Walks with a list of its own: generated files nest deeper than the stack goes. */
  constructor(program: object) {
    const open: { readonly value: object; readonly scope: Scope }[] = [
      { value: program, scope: { names: new Set(), isFunction: true, outer: undefined } },
    ];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const scope = this.#visit(next.value as SyntaxNode, next.scope);
      for (const child of Object.values(next.value)) if (typeof child === 'object' && child !== null) open.push({ value: child, scope });
    }
  }

  /** @returns the scope of what is inside */
  #visit(node: SyntaxNode, scope: Scope): Scope {
    if (node.type === 'ImportDeclaration') this.#noteImport(node);
    else if (node.type === 'Decorator') this.decorators.push({ start: node.start, root: rootOf(node.expression as SyntaxNode), scope });
    else if (node.type === 'AccessorProperty') this.hasAccessors = true;
    else if (node.type === 'VariableDeclaration') declareVariables(node, scope);
    if (NAMED.has(node.type)) declare(node.id, scope);
    const isFunction = FUNCTIONS.has(node.type);
    if (!isFunction && !BLOCKS.has(node.type)) return scope;
    const inside: Scope = { names: new Set(), isFunction, outer: scope };
    if (node.type === 'FunctionExpression') declare(node.id, inside);
    if (node.type === 'CatchClause') declare(node.param, inside);
    if (Array.isArray(node.params)) for (const parameter of node.params) declare(parameter, inside);
    return inside;
  }

  #noteImport({ source, importKind, specifiers }: SyntaxNode): void {
    if ((source as SyntaxNode).value !== OWN_ENTRY || importKind === 'type') return;
    for (const { local } of specifiers as readonly { readonly local: { readonly name: string } }[]) this.own.add(local.name);
  }
}

/** `Task` of `@Task`, `@Task({ … })`, `@(Task())`, `@millrace.Task()`. */
function rootOf(expression: SyntaxNode): string | undefined {
  let node: SyntaxNode | undefined = expression;
  while (node !== undefined && node.type !== 'Identifier') {
    const { callee, object, expression: inner } = node as { [key: string]: SyntaxNode | undefined };
    if (node.type === 'CallExpression') node = callee;
    else if (node.type === 'MemberExpression') node = object;
    else node = node.type === 'ParenthesizedExpression' ? inner : undefined;
  }
  return node?.name as string | undefined;
}

/** `var` belongs to the function around it, whatever block it stands in. */
function declareVariables({ kind, declarations }: SyntaxNode, scope: Scope): void {
  let target = scope;
  if (kind === 'var') while (!target.isFunction && target.outer !== undefined) target = target.outer;
  for (const { id } of declarations as readonly SyntaxNode[]) declare(id, target);
}

/** Every name in a pattern: `a`, `{ a, b: [c = 1], ...d }`, `private e`. */
function declare(pattern: unknown, { names }: Scope): void {
  const open: unknown[] = [pattern];
  while (open.length > 0) {
    const node = open.pop() as SyntaxNode | null | undefined;
    if (node === null || node === undefined) continue;
    if (node.type === 'Identifier') names.add(node.name as string);
    else if (node.type === 'ObjectPattern') open.push(...(node.properties as readonly unknown[]));
    else if (node.type === 'ArrayPattern') open.push(...(node.elements as readonly unknown[]));
    else open.push(node.type === 'Property' ? node.value : (node.left ?? node.argument ?? node.parameter));
  }
}
