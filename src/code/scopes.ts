import { childrenOf, isClass, isFunction, patternNames, type SyntaxNode, withoutTypes } from './syntax.js';

/** What a name stands for in a scope inside a module. */
export interface Binding {
  readonly kind: 'parameter' | 'variable' | 'constant' | 'function' | 'class' | 'own-name';
  /** The declaration; of a parameter its place in the list. */
  readonly node: SyntaxNode;
  readonly place?: number;
}

export type Scope = ReadonlyMap<string, Binding>;

const EMPTY: Scope = new Map();
const known = new WeakMap<SyntaxNode, Scope>();

/** Nodes that declare names. Most are none, and are not looked up. */
const SCOPES = new Set(
  (
    'FunctionDeclaration FunctionExpression ArrowFunctionExpression ClassDeclaration ClassExpression BlockStatement TSModuleBlock StaticBlock ForStatement ' +
    'ForInStatement ForOfStatement SwitchStatement CatchClause TSEnumDeclaration'
  ).split(' '),
);

/** The names that a node declares for what is inside it; empty for nodes that open no scope. */
export function scopeOf(node: SyntaxNode): Scope {
  if (!SCOPES.has(node.type)) return EMPTY;
  let scope = known.get(node);
  if (scope === undefined) {
    scope = readScope(node);
    known.set(node, scope);
  }
  return scope;
}

function readScope(node: SyntaxNode): Scope {
  const names = new Map<string, Binding>();
  if (isFunction(node)) addFunction(node, names);
  else if (isClass(node)) addOwnName(node, names);
  else
    switch (node.type) {
      case 'BlockStatement':
      case 'TSModuleBlock':
        addLexical(node.body as SyntaxNode[], names);
        break;
      case 'StaticBlock':
        addVars(node, names);
        addLexical(node.body as SyntaxNode[], names);
        break;
      case 'ForStatement':
        addDeclaration(node.init as SyntaxNode | null, names);
        break;
      case 'ForInStatement':
      case 'ForOfStatement':
        addDeclaration(node.left as SyntaxNode, names, 'variable');
        break;
      case 'SwitchStatement':
        addLexical(
          (node.cases as SyntaxNode[]).flatMap((one) => one.consequent as SyntaxNode[]),
          names,
        );
        break;
      case 'CatchClause':
        for (const name of patternNames(node.param as SyntaxNode | null)) names.set(name, { kind: 'variable', node });
        break;
      case 'TSEnumDeclaration':
        addEnumMembers(node, names);
        break;
    }
  return names.size === 0 ? EMPTY : names;
}

function addFunction(node: SyntaxNode, names: Map<string, Binding>): void {
  addOwnName(node, names);
  const body = node.body as SyntaxNode | null;
  if (body) addVars(body, names);
  for (const [place, parameter] of (node.params as SyntaxNode[]).entries()) {
    const isPlain = parameter.type === 'Identifier' || parameter.type === 'AssignmentPattern';
    for (const name of patternNames(parameter)) names.set(name, { kind: 'parameter', node, ...(isPlain ? { place } : {}) });
  }
  if (node.type !== 'ArrowFunctionExpression') names.set('arguments', { kind: 'parameter', node });
}

function addOwnName(node: SyntaxNode, names: Map<string, Binding>): void {
  const id = node.id as SyntaxNode | null;
  if (id) names.set(id.name as string, { kind: 'own-name', node });
}

function addEnumMembers(node: SyntaxNode, names: Map<string, Binding>): void {
  for (const member of (node.body as SyntaxNode).members as SyntaxNode[]) {
    const id = member.id as SyntaxNode;
    names.set((id.name ?? id.value) as string, { kind: 'own-name', node: member });
  }
}

/** `let`, `const`, classes and functions that are declared right in a block. */
function addLexical(statements: readonly SyntaxNode[], names: Map<string, Binding>): void {
  for (const statement of statements) {
    const node = withoutTypes((statement.type === 'ExportNamedDeclaration' ? (statement.declaration as SyntaxNode | null) : statement) ?? statement);
    if (node === undefined) continue;
    if (node.type === 'VariableDeclaration') addDeclaration(node, names);
    else if (node.type === 'FunctionDeclaration') addNamed(node, 'function', names);
    else if (node.type === 'ClassDeclaration') addNamed(node, 'class', names);
    else if (node.type === 'TSEnumDeclaration' || node.type === 'TSModuleDeclaration') addNamed(node, 'constant', names);
  }
}

function addNamed(node: SyntaxNode, kind: Binding['kind'], names: Map<string, Binding>): void {
  const id = node.id as SyntaxNode | null;
  if (id?.type === 'Identifier') names.set(id.name as string, { kind, node });
}

function addDeclaration(node: SyntaxNode | null, names: Map<string, Binding>, kind?: Binding['kind']): void {
  if (node?.type !== 'VariableDeclaration') return;
  for (const declarator of node.declarations as SyntaxNode[]) {
    const own = kind ?? (node.kind === 'const' ? 'constant' : 'variable');
    for (const name of patternNames(declarator.id as SyntaxNode)) names.set(name, { kind: own, node: declarator });
  }
}

/** `var` belongs to the function around it, however deep in blocks it stands. */
function addVars(root: SyntaxNode, names: Map<string, Binding>): void {
  const open: SyntaxNode[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') addDeclaration(node, names, 'variable');
    for (const child of childrenOf(node)) if (!isFunction(child) && !isClass(child)) open.push(child);
  }
}

/** The names of `var` declarations inside a top-level statement: they are the module's. */
export function varNames(statement: SyntaxNode): string[] {
  const names = new Map<string, Binding>();
  addVars(statement, names);
  return [...names.keys()];
}
