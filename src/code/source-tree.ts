import { childrenOf, type SyntaxNode } from './syntax.js';

/** What finding a place in a module takes: who is inside of whom, every call, where lines begin. Made when a module is first asked. */
export interface SourceTree {
  readonly parents: ReadonlyMap<SyntaxNode, SyntaxNode>;
  /** Calls, in order of their callees. */
  readonly calls: readonly SyntaxNode[];
  readonly lineStarts: readonly number[];
}

export function readTree(program: SyntaxNode, text: string): SourceTree {
  const parents = new Map<SyntaxNode, SyntaxNode>();
  const calls: SyntaxNode[] = [];
  const open: SyntaxNode[] = [program];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'CallExpression') calls.push(node);
    for (const child of childrenOf(node)) {
      parents.set(child, node);
      open.push(child);
    }
  }
  return { parents, calls, lineStarts: lineStartsOf(text) };
}

/** As JavaScript engines count lines. */
function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (const { index, 0: mark } of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(index + mark.length);
  return starts;
}

/** Source maps place a call at its name, or at what stands before the dot; further away than this it is another one. */
const TOLERANCE = 24;

/** The call that a stack frame is at. Lines and columns count from 1. `callees` are the names it may be called by, where they are known. */
export function callAt(tree: SourceTree, line: number, column: number | undefined, callees?: ReadonlySet<string>): SyntaxNode | undefined {
  const start = tree.lineStarts[line - 1];
  if (start === undefined) return undefined;
  const end = tree.lineStarts[line] ?? Number.POSITIVE_INFINITY;
  if (column !== undefined) {
    const offset = start + column - 1;
    const covering = tree.calls.filter((call) => isAt(call, offset) && isCalled(call, callees));
    const closest = covering.sort((a, b) => width(a) - width(b))[0];
    if (closest !== undefined) return closest;
  }
  const onLine = tree.calls.filter((call) => {
    const at = nameStart(call);
    return at >= start && at < end && isCalled(call, callees);
  });
  const [only] = onLine;
  if (onLine.length !== 1 || only === undefined) return undefined;
  return column === undefined || Math.abs(calleeOf(only).start - (start + column - 1)) <= TOLERANCE ? only : undefined;
}

function calleeOf(call: SyntaxNode): SyntaxNode {
  return call.callee as SyntaxNode;
}

function isAt(call: SyntaxNode, offset: number): boolean {
  const { start, end } = calleeOf(call);
  return offset >= start && offset <= end;
}

function width(call: SyntaxNode): number {
  const { start, end } = calleeOf(call);
  return end - start;
}

function nameStart(call: SyntaxNode): number {
  const callee = calleeOf(call);
  return callee.type === 'MemberExpression' ? (callee.property as SyntaxNode).start : callee.start;
}

function isCalled(call: SyntaxNode, callees: ReadonlySet<string> | undefined): boolean {
  if (callees === undefined) return true;
  const name = calledName(call);
  return name !== undefined && callees.has(name);
}

/** `task` of `task(…)`, `millrace.task(…)` and `(0, millrace.task)(…)`. */
export function calledName(call: SyntaxNode): string | undefined {
  let callee = calleeOf(call);
  if (callee.type === 'SequenceExpression') callee = (callee.expressions as SyntaxNode[]).at(-1) ?? callee;
  if (callee.type === 'MemberExpression') return (callee.property as SyntaxNode).name as string | undefined;
  return callee.type === 'Identifier' ? (callee.name as string) : undefined;
}
