import { isMethod, isProtocol, memberKey } from './member-names.js';
import { isClass, type SyntaxNode, withoutTypes } from './syntax.js';

const known = new WeakMap<SyntaxNode, SyntaxNode | undefined>();

/**
 * A class without the methods that are called by their names: what makes its instances, and what the language calls by itself. Always the same
 * node for a class; undefined for what declares none.
 */
export function skeletonOf(node: SyntaxNode): SyntaxNode | undefined {
  if (!known.has(node)) known.set(node, readSkeleton(node));
  return known.get(node);
}

function readSkeleton(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type === 'VariableDeclarator') {
    const init = node.init ? withoutTypes(node.init as SyntaxNode) : undefined;
    const inside = init && skeletonOf(init);
    return inside && { ...node, init: inside };
  }
  if (!isClass(node)) return undefined;
  const body = node.body as SyntaxNode;
  return { ...node, body: { ...body, body: (body.body as SyntaxNode[]).filter((member) => !isCalledByName(member)) } };
}

function isCalledByName(member: SyntaxNode): boolean {
  const name = memberKey(member);
  return name !== undefined && isMethod(member) && !isProtocol(name);
}
