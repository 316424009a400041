import type { ModuleCode } from './module-code.js';
import { functionOfTask } from './own-calls.js';
import type { Binding } from './scopes.js';
import { isFunction, type SyntaxNode, textOf, withoutTypes } from './syntax.js';

/**
 * A function, or a constant of one simple value, is code wherever it is declared; of any other variable of a function only the call knows
 * what it holds.
 */
export function localCode(module: ModuleCode, { kind, node }: Binding): SyntaxNode | undefined {
  if (kind === 'function' || kind === 'class') return node;
  if (kind !== 'constant' || node.type !== 'VariableDeclarator' || (node.id as SyntaxNode).type !== 'Identifier') return undefined;
  const init = node.init ? withoutTypes(node.init as SyntaxNode) : undefined;
  if (init === undefined) return undefined;
  if (isFunction(init) || init.type === 'Literal' || textOf(init) !== undefined) return init;
  return functionOfTask(module, init);
}
