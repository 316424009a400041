import { isFunction, keyName, type SyntaxNode, textOf, withoutTypes } from './syntax.js';

/** Names of members that are used of values of which the code does not say where they come from; with them, these. */
export const ANY_METHOD = '*';
/** A call of a method whose name none of the language's own values has: it may be one of a package. */
export const OWN_METHOD = '()';
/** All fields of a value: it is copied, listed, turned into text. */
export const WHOLE = '@@whole';

const ITERATOR = '@@iterator';
const ASYNC_ITERATOR = '@@asyncIterator';
const PRIMITIVE = ['@@toPrimitive', 'toString', 'valueOf'] as const;
const WELL_KNOWN: Readonly<Record<string, string>> = { iterator: ITERATOR, asyncIterator: ASYNC_ITERATOR, toPrimitive: '@@toPrimitive' };

/** Members that the language calls by itself. */
export function isProtocol(name: string): boolean {
  return name.startsWith('@@') || name === 'toString' || name === 'valueOf' || name === 'toJSON' || name === 'then';
}

/** The name of a member, also of `[Symbol.iterator]`; undefined: it is calculated. */
export function memberKey(node: SyntaxNode): string | undefined {
  const name = keyName(node);
  const key = node.key as SyntaxNode | undefined;
  if (name !== undefined || key === undefined) return name;
  if (key.type === 'Literal') return String(key.value);
  if (key.type !== 'MemberExpression') return textOf(key);
  const { object, property } = key as SyntaxNode & { object: SyntaxNode; property: SyntaxNode };
  return object.name === 'Symbol' ? `@@${property.name as string}` : undefined;
}

/**
 * Adds the names of the members that one node uses of values known only when it runs, its children apart. Of `lib.size`, where `lib` is a name of
 * the module, none: what that stands for is followed.
 */
export function noteMembers(node: SyntaxNode, isLocal: (name: string) => boolean, found: Set<string>): void {
  switch (node.type) {
    case 'MemberExpression':
      return noteMember(node, isLocal, found);
    case 'CallExpression':
    case 'NewExpression':
      return noteCall(node, isLocal, found);
    case 'ObjectPattern':
      return notePattern(node, found);
    case 'Literal':
      // `get(model, 'score')`, `model['score']`, `'score' in model`.
      if (typeof node.value === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(node.value)) found.add(node.value);
      return;
    case 'ForInStatement':
      found.add(WHOLE);
      return;
    case 'ForOfStatement':
      if (node.await === true) found.add(ASYNC_ITERATOR);
      found.add(ITERATOR);
      return;
    case 'ObjectExpression':
      if ((node.properties as SyntaxNode[]).some(({ type }) => type === 'SpreadElement')) found.add(WHOLE);
      return;
    default:
      return noteOperator(node, found);
  }
}

function noteOperator(node: SyntaxNode, found: Set<string>): void {
  switch (node.type) {
    case 'SpreadElement':
    case 'ArrayPattern':
      found.add(ITERATOR);
      return;
    case 'YieldExpression':
      if (node.delegate === true) for (const name of [ITERATOR, ASYNC_ITERATOR]) found.add(name);
      return;
    case 'TemplateLiteral':
      if ((node.expressions as unknown[]).length > 0) addPrimitive(found);
      return;
    case 'BinaryExpression':
      if (!/^(?:[!=]==|in|instanceof)$/.test(node.operator as string)) addPrimitive(found);
      return;
    case 'UnaryExpression':
      if (/^[-+~]$/.test(node.operator as string)) addPrimitive(found);
      return;
    case 'AwaitExpression':
      found.add('then');
      return;
  }
}

function noteMember(node: SyntaxNode, isLocal: (name: string) => boolean, found: Set<string>): void {
  const object = withoutTypes(node.object as SyntaxNode);
  if (object?.type === 'Identifier' && !isLocal(object.name as string)) return;
  const property = node.property as SyntaxNode;
  if (node.computed !== true) {
    const name = property.name as string;
    found.add(property.type === 'PrivateIdentifier' ? `#${name}` : name);
    // `model[name].call(model)`
    if (/^(?:call|apply|bind)$/.test(name) && object !== undefined && isCalculated(object)) found.add(ANY_METHOD);
  } else if (property.type === 'MemberExpression' && (property.object as SyntaxNode).name === 'Symbol') {
    const name = (property.property as SyntaxNode).name as string;
    found.add(WELL_KNOWN[name] ?? `@@${name}`);
  }
}

const WHOLE_OF = /^(?:stringify|keys|values|entries|assign|getOwnPropertyNames|getOwnPropertyDescriptors|ownKeys)$/;

function noteCall(node: SyntaxNode, isLocal: (name: string) => boolean, found: Set<string>): void {
  const callee = withoutTypes(node.callee as SyntaxNode);
  if (callee?.type === 'Identifier') {
    const name = callee.name as string;
    if (isLocal(name)) return;
    if (name === 'structuredClone') found.add(WHOLE);
    if (name === 'String' || name === 'Number' || name === 'BigInt') addPrimitive(found);
    return;
  }
  if (callee?.type !== 'MemberExpression') return;
  const object = withoutTypes(callee.object as SyntaxNode);
  const isOfModule = object?.type === 'Identifier' && !isLocal(object.name as string);
  if (!isOfModule) {
    if (isCalculated(callee)) found.add(ANY_METHOD);
    noteMember(callee, isLocal, found);
    if (callee.computed !== true && !isBuiltinMember((callee.property as SyntaxNode).name as string)) found.add(OWN_METHOD);
    if (callee.computed !== true && (callee.property as SyntaxNode).name === 'join') addPrimitive(found);
    return;
  }
  const name = callee.computed === true ? undefined : ((callee.property as SyntaxNode).name as string);
  if (!/^(?:JSON|Object|Reflect)$/.test(object.name as string) || name === undefined) return;
  if (WHOLE_OF.test(name)) found.add(WHOLE);
  if (name === 'stringify') found.add('toJSON');
}

let builtin: ReadonlySet<string> | undefined;

function isBuiltinMember(name: string): boolean {
  builtin ??= new Set(
    [Object, Array, String, Number, BigInt, Map, Set, Date, RegExp, Promise, Function, ArrayBuffer, Object.getPrototypeOf(Uint8Array)].flatMap(
      (one) => Object.getOwnPropertyNames((one as { readonly prototype: object }).prototype),
    ),
  );
  return builtin.has(name);
}

/** `model[name]`, where nobody can say which; `list[0]` is none. */
function isCalculated(node: SyntaxNode): boolean {
  if (node.type !== 'MemberExpression' || node.computed !== true) return false;
  const property = node.property as SyntaxNode;
  return property.type !== 'Literal' && textOf(property) === undefined && !(property.type === 'MemberExpression' && isSymbol(property));
}

function isSymbol({ object }: SyntaxNode): boolean {
  return (object as SyntaxNode).name === 'Symbol';
}

function notePattern(node: SyntaxNode, found: Set<string>): void {
  for (const property of node.properties as SyntaxNode[]) {
    if (property.type === 'RestElement') found.add(WHOLE);
    else {
      const name = memberKey(property);
      if (name !== undefined) found.add(name);
    }
  }
}

function addPrimitive(found: Set<string>): void {
  for (const name of PRIMITIVE) found.add(name);
}

/** Whether a member of an object or a class is a function, or one behind a getter or setter. */
export function isMethod(node: SyntaxNode): boolean {
  if (node.type === 'MethodDefinition') return node.kind !== 'constructor';
  if (node.type === 'Property' && (node.kind === 'get' || node.kind === 'set')) return true;
  if (node.type !== 'Property' && node.type !== 'PropertyDefinition' && node.type !== 'AccessorProperty') return false;
  const value = node.value ? withoutTypes(node.value as SyntaxNode) : undefined;
  return value !== undefined && isFunction(value);
}
