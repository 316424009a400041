import type { ModuleCode } from './module-code.js';
import { type Scope, scopeOf } from './scopes.js';
import { childrenOf, type SyntaxNode } from './syntax.js';

/** The nodes around a stretch of source, the outermost first, down to the smallest that covers it. */
function pathAt(module: ModuleCode, start: number, end: number): readonly SyntaxNode[] {
  const path: SyntaxNode[] = [];
  for (let node: SyntaxNode | undefined = module.program; node !== undefined; ) {
    path.push(node);
    node = childrenOf(node).find((child) => covers(child, start, end));
  }
  return path;
}

/** The nodes around a node, the innermost first, without the module itself. */
export function ancestorsOf(module: ModuleCode, node: SyntaxNode): readonly SyntaxNode[] {
  const path = pathAt(module, node.start, node.end);
  const at = path.indexOf(node);
  return path.slice(1, at < 0 ? undefined : at).reverse();
}

/** The scopes around a node, the innermost first, without the module's. */
export function scopesAround(module: ModuleCode, node: SyntaxNode): readonly Scope[] {
  return ancestorsOf(module, node)
    .map(scopeOf)
    .filter(({ size }) => size > 0);
}

/** Decorators belong to their class, though they may stand before the `export` in front of it. */
function covers(node: SyntaxNode, start: number, end: number): boolean {
  if (node.start <= start && end <= node.end) return true;
  const decorated = node.type.startsWith('Export') ? ((node.declaration as SyntaxNode | null) ?? node) : node;
  const decorators = decorated.decorators as readonly SyntaxNode[] | undefined;
  return decorators?.some((decorator) => decorator.start <= start && end <= decorator.end) ?? false;
}

/** Source maps place a call at its name, or at what stands before the dot; further away than this it is another one. */
const TOLERANCE = 24;

/** The call that a stack frame is at. Lines and columns count from 1. `callees` are the names it may be called by, where they are known. */
export function callAt(module: ModuleCode, line: number, column: number | undefined, callees?: ReadonlySet<string>): SyntaxNode | undefined {
  const start = module.lineStarts[line - 1];
  if (start === undefined) return undefined;
  const end = module.lineStarts[line] ?? module.text.length;
  if (column !== undefined) {
    const offset = start + column - 1;
    const closest = pathAt(module, offset, offset).findLast((node) => isCall(node, callees) && isAt(node, offset));
    if (closest !== undefined) return closest;
  }
  const [only, ...more] = callsOn(module, start, end).filter((call) => isCall(call, callees));
  if (only === undefined || more.length > 0) return undefined;
  return column === undefined || Math.abs(calleeOf(only).start - (start + column - 1)) <= TOLERANCE ? only : undefined;
}

/** Calls whose names stand on a line. */
function callsOn(module: ModuleCode, start: number, end: number): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  const open: SyntaxNode[] = [module.program];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'CallExpression') {
      const at = nameStart(node);
      if (at >= start && at < end) found.push(node);
    }
    for (const child of childrenOf(node))
      if (child.type === 'Decorator' || isClassLike(child) || (child.start < end && child.end > start)) open.push(child);
  }
  return found;
}

function isClassLike({ type }: SyntaxNode): boolean {
  return type === 'ClassDeclaration' || type.startsWith('Export');
}

function calleeOf(call: SyntaxNode): SyntaxNode {
  return call.callee as SyntaxNode;
}

function isAt(call: SyntaxNode, offset: number): boolean {
  const { start, end } = calleeOf(call);
  return offset >= start && offset <= end;
}

function nameStart(call: SyntaxNode): number {
  const callee = calleeOf(call);
  return callee.type === 'MemberExpression' ? (callee.property as SyntaxNode).start : callee.start;
}

function isCall(node: SyntaxNode, callees: ReadonlySet<string> | undefined): boolean {
  if (node.type !== 'CallExpression') return false;
  if (callees === undefined) return true;
  const name = calledName(node);
  return name !== undefined && callees.has(name);
}

/** `task` of `task(…)`, `millrace.task(…)` and `(0, millrace.task)(…)`. */
export function calledName(call: SyntaxNode): string | undefined {
  let callee = calleeOf(call);
  if (callee.type === 'SequenceExpression') callee = (callee.expressions as SyntaxNode[]).at(-1) ?? callee;
  if (callee.type === 'MemberExpression') return (callee.property as SyntaxNode).name as string | undefined;
  return callee.type === 'Identifier' ? (callee.name as string) : undefined;
}
