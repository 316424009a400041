/** A node of a syntax tree as ESTree has it, with TypeScript's own nodes. */
export interface SyntaxNode {
  readonly type: string;
  /** Offsets in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** Expressions that are only wrapped in something about types, or in nothing. */
const WRAPPERS = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression', 'TSTypeAssertion', 'TSInstantiationExpression']);

/** Nodes of TypeScript that are there at run time. */
const VALUES_OF_TYPESCRIPT = new Set([
  'TSEnumDeclaration',
  'TSEnumBody',
  'TSEnumMember',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSParameterProperty',
  'TSExportAssignment',
  'TSImportEqualsDeclaration',
  'TSExternalModuleReference',
  'TSQualifiedName',
]);

const [LETTER_T, LETTER_S] = [84, 83];

/** What of a node is there at run time: the expression inside `x as T`, nothing of an interface, an overload, a `declare`. */
export function withoutTypes(node: SyntaxNode): SyntaxNode | undefined {
  const { type } = node;
  if (type === 'ParenthesizedExpression') return withoutTypes(node.expression as SyntaxNode);
  if (type.charCodeAt(0) === LETTER_T && type.charCodeAt(1) === LETTER_S) {
    if (WRAPPERS.has(type)) return withoutTypes(node.expression as SyntaxNode);
    if (!VALUES_OF_TYPESCRIPT.has(type)) return undefined;
  }
  if (type === 'EmptyStatement' || node.declare === true) return undefined;
  if (type === 'MethodDefinition' && (node.value as SyntaxNode).type === 'TSEmptyBodyFunctionExpression') return undefined;
  if (type === 'Identifier' && node.name === 'this') return undefined;
  return node;
}

/** Keys that say nothing about what happens at run time. */
const NOT_CODE = new Set([
  'type',
  'start',
  'end',
  'range',
  'loc',
  'parent',
  'raw',
  'typeAnnotation',
  'typeParameters',
  'typeArguments',
  'superTypeArguments',
  'superTypeParameters',
  'returnType',
  'implements',
  'accessibility',
  'declare',
  'definite',
  'override',
  'readonly',
  'abstract',
  'shorthand',
  'importKind',
  'exportKind',
  'phase',
  'hashbang',
]);

/** Calls back with each property of a node that is code; what is absent, false or an empty list says nothing. Written for speed: it sees every node. */
export function eachProperty(node: SyntaxNode, see: (key: string, value: unknown) => void): void {
  for (const key in node) {
    const value = node[key];
    if (value === null || value === undefined || value === false || NOT_CODE.has(key)) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    see(key, value);
  }
}

/** Its child nodes, in the order of the tree, without what is about types. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (const key in node) {
    const value = node[key];
    if (typeof value !== 'object' || value === null || NOT_CODE.has(key)) continue;
    if (Array.isArray(value)) for (const child of value) addChild(child, children);
    else addChild(value, children);
  }
  return children;
}

function addChild(child: unknown, children: SyntaxNode[]): void {
  if (!isNode(child)) return;
  const code = withoutTypes(child);
  if (code !== undefined) children.push(code);
}

export function isFunction({ type }: SyntaxNode): boolean {
  return type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';
}

export function isClass({ type }: SyntaxNode): boolean {
  return type === 'ClassDeclaration' || type === 'ClassExpression';
}

/** The names that a pattern binds: of a parameter, a declaration, a `catch`. */
export function patternNames(pattern: SyntaxNode | null | undefined, found: string[] = []): string[] {
  if (!pattern) return found;
  switch (pattern.type) {
    case 'Identifier':
      found.push(pattern.name as string);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties as SyntaxNode[]) patternNames((property.value ?? property.argument) as SyntaxNode, found);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements as (SyntaxNode | null)[]) patternNames(element, found);
      break;
    case 'AssignmentPattern':
      patternNames(pattern.left as SyntaxNode, found);
      break;
    case 'RestElement':
      patternNames(pattern.argument as SyntaxNode, found);
      break;
    case 'TSParameterProperty':
      patternNames(pattern.parameter as SyntaxNode, found);
      break;
  }
  return found;
}

/** A property's key where it is written down: a name, or a text. */
export function keyName(node: SyntaxNode): string | undefined {
  const key = node.key as SyntaxNode | undefined;
  if (!key) return undefined;
  if (key.type === 'Identifier' && node.computed !== true) return key.name as string;
  if (key.type === 'PrivateIdentifier') return `#${key.name as string}`;
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined;
}

/** A text that is known without running anything: a string, or a template without substitutions. */
export function textOf(node: SyntaxNode | null | undefined): string | undefined {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node?.type !== 'TemplateLiteral' || (node.expressions as unknown[]).length > 0) return undefined;
  return ((node.quasis as SyntaxNode[])[0]?.value as { cooked?: string } | undefined)?.cooked;
}
