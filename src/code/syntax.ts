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
const WRAPPERS = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'ParenthesizedExpression',
]);

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

/** What of a node is there at run time: the expression inside `x as T`, nothing of an interface, an overload, a `declare`. */
export function withoutTypes(node: SyntaxNode): SyntaxNode | undefined {
  const { type } = node;
  if (WRAPPERS.has(type)) return withoutTypes(node.expression as SyntaxNode);
  if (type.startsWith('TS') && !VALUES_OF_TYPESCRIPT.has(type)) return undefined;
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

/** The properties of a node that are code; what is absent, false or an empty list says nothing. */
export function* codeKeys(node: SyntaxNode): Generator<readonly [key: string, value: unknown]> {
  for (const key in node) {
    if (NOT_CODE.has(key)) continue;
    const value = node[key];
    if (value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0)) continue;
    yield [key, value];
  }
}

/** Its child nodes, in the order of the tree, without what is about types. */
export function* childrenOf(node: SyntaxNode): Generator<SyntaxNode> {
  for (const [, value] of codeKeys(node)) {
    if (Array.isArray(value)) {
      for (const child of value) if (isNode(child)) yield* present(child);
    } else if (isNode(value)) yield* present(value);
  }
}

function* present(node: SyntaxNode): Generator<SyntaxNode> {
  const code = withoutTypes(node);
  if (code !== undefined) yield code;
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
