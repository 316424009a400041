import type { ModuleCode } from './module-code.js';
import { rootOf } from './purity.js';
import { calledName } from './source-tree.js';
import { type SyntaxNode, withoutTypes } from './syntax.js';

/** A task's own methods that give a task again. */
const SAME_TASK = new Set(['with', 'after', 'external']);

/** `task(fn, …)`, also with `.with(…)` behind it: what is given to it first. Inside another task's body a task is that function and no more (S6). */
export function functionOfTask(module: ModuleCode, given: SyntaxNode | null | undefined): SyntaxNode | undefined {
  let node = given ? withoutTypes(given) : undefined;
  while (node?.type === 'CallExpression' && SAME_TASK.has(calledName(node) ?? '')) {
    const callee = withoutTypes(node.callee as SyntaxNode);
    node = callee?.type === 'MemberExpression' ? withoutTypes(callee.object as SyntaxNode) : undefined;
  }
  if (node?.type !== 'CallExpression') return undefined;
  const root = rootOf(node.callee as SyntaxNode);
  if (root === undefined || !module.isOwn(root) || ownName(module, node) !== 'task') return undefined;
  const first = (node.arguments as SyntaxNode[])[0];
  return first === undefined ? undefined : withoutTypes(first);
}

/** By which name Millrace exports the function that is called. */
function ownName(module: ModuleCode, call: SyntaxNode): string | undefined {
  const callee = withoutTypes(call.callee as SyntaxNode);
  if (callee?.type === 'Identifier') return module.imports.get(callee.name as string)?.imported;
  return calledName(call);
}

/** The names by which a module may call a function of Millrace: its own, and what it is imported as. */
export function namesFor(module: ModuleCode, callee: string): ReadonlySet<string> {
  const names = new Set([callee]);
  for (const [local, { imported }] of module.imports) if (imported === callee) names.add(local);
  return names;
}
