import { type SyntaxNode, withoutTypes } from './syntax.js';

/** Methods of lists, maps, texts and dates that change nothing; a method of any other name may change what it is called on. */
const CHANGING_NOTHING = new Set(
  (
    'map filter slice concat join reduce reduceRight some every find findIndex findLast findLastIndex includes indexOf lastIndexOf keys values entries ' +
    'flatMap flat at get has forEach toString toLocaleString toUpperCase toLowerCase split trim trimStart trimEnd replaceAll startsWith endsWith ' +
    'padStart padEnd charAt charCodeAt codePointAt substring repeat localeCompare toSorted toReversed toSpliced toISOString getTime toFixed toJSON valueOf'
  ).split(' '),
);

/** Globals whose functions read what they are given, and no more. */
const READING = new Set(
  'console Math JSON Number String Boolean BigInt Symbol Date parseInt parseFloat isNaN isFinite Array Map Set WeakMap WeakSet URL RegExp Error TypeError RangeError Promise structuredClone Intl Buffer Uint8Array Float64Array Float32Array Int32Array performance'.split(
    ' ',
  ),
);
const READING_OBJECT = new Set('keys values entries fromEntries is hasOwn getPrototypeOf getOwnPropertyNames freeze create'.split(' '));

/** The identifier at the bottom of `a.b[c].d`, also through calls and in `(0, a.b)`: what a method is called on, or an assignment changes, belongs to it. */
export function rootOf(given: SyntaxNode): string | undefined {
  let node = withoutTypes(given);
  for (;;) {
    if (node === undefined) return undefined;
    if (node.type === 'Identifier') return node.name as string;
    if (node.type === 'MemberExpression') node = withoutTypes(node.object as SyntaxNode);
    else if (node.type === 'ChainExpression' || node.type === 'AwaitExpression')
      node = withoutTypes((node.expression ?? node.argument) as SyntaxNode);
    else if (node.type === 'CallExpression') node = withoutTypes(node.callee as SyntaxNode);
    else if (node.type === 'SequenceExpression') node = withoutTypes((node.expressions as SyntaxNode[]).at(-1) as SyntaxNode);
    else return undefined;
  }
}

/** Whether calling this changes neither what it is called on nor what it is given. */
export function isReading(callee: SyntaxNode, isGlobal: (name: string) => boolean): boolean {
  const root = callee.type === 'MemberExpression' ? withoutTypes(callee.object as SyntaxNode) : callee;
  if (root?.type !== 'Identifier' || !isGlobal(root.name as string)) return false;
  if (root.name === 'Object') return callee !== root && READING_OBJECT.has(methodName(callee) ?? '');
  return READING.has(root.name as string);
}

function methodName(callee: SyntaxNode): string | undefined {
  const property = callee.property as SyntaxNode | undefined;
  return callee.computed !== true && property?.type === 'Identifier' ? (property.name as string) : undefined;
}

/** Whether the method may change what it is called on. */
export function mayChangeItsObject(callee: SyntaxNode): boolean {
  const name = methodName(callee);
  return name === undefined || !CHANGING_NOTHING.has(name);
}

/** The names whose values an expression hands on as they are: `x`, `x.y`, `{ x }`, `[x]`, `...x`, `c ? x : y`. */
export function handedOn(given: SyntaxNode | null | undefined, found: string[] = []): string[] {
  const node = given ? withoutTypes(given) : undefined;
  if (node === undefined) return found;
  switch (node.type) {
    case 'Identifier':
    case 'MemberExpression':
    case 'ChainExpression': {
      const root = rootOf(node);
      if (root !== undefined) found.push(root);
      break;
    }
    case 'ObjectExpression':
      for (const property of node.properties as SyntaxNode[]) handedOn((property.value ?? property.argument) as SyntaxNode, found);
      break;
    case 'ArrayExpression':
      for (const element of node.elements as (SyntaxNode | null)[]) handedOn(element, found);
      break;
    case 'SpreadElement':
    case 'AwaitExpression':
      handedOn(node.argument as SyntaxNode, found);
      break;
    case 'ConditionalExpression':
      handedOn(node.consequent as SyntaxNode, found);
      handedOn(node.alternate as SyntaxNode, found);
      break;
    case 'LogicalExpression':
    case 'AssignmentExpression':
      handedOn(node.left as SyntaxNode, found);
      handedOn(node.right as SyntaxNode, found);
      break;
    case 'SequenceExpression':
      handedOn((node.expressions as SyntaxNode[]).at(-1), found);
      break;
  }
  return found;
}

/** What an assignment, a `delete`, a loop's head changes: each a name, with what is assigned to it or inside of it. */
export function assignedRoots(given: SyntaxNode, found: string[] = []): string[] {
  const node = withoutTypes(given);
  if (node === undefined) return found;
  switch (node.type) {
    case 'ObjectPattern':
      for (const property of node.properties as SyntaxNode[]) assignedRoots((property.value ?? property.argument) as SyntaxNode, found);
      break;
    case 'ArrayPattern':
      for (const element of node.elements as (SyntaxNode | null)[]) if (element) assignedRoots(element, found);
      break;
    case 'AssignmentPattern':
      assignedRoots(node.left as SyntaxNode, found);
      break;
    case 'RestElement':
      assignedRoots(node.argument as SyntaxNode, found);
      break;
    default: {
      const root = rootOf(node);
      if (root !== undefined) found.push(root);
    }
  }
  return found;
}
