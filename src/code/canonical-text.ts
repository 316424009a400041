import { eachProperty, isNode, type SyntaxNode, withoutTypes } from './syntax.js';

/**
 * The text of a syntax tree that only changes when the code does: without positions, comments, types, and the choices that formatters make
 * (quotes, parentheses, `{ a: a }`, how numbers are written, line breaks in JSX).
 */
export function canonicalText(node: SyntaxNode): string {
  const out: string[] = [];
  write(node, out);
  return out.join('');
}

/** Where `optional` is code: `a?.b`, `f?.()`. Elsewhere it is a type's question mark. */
const OPTIONAL_CODE = new Set(['MemberExpression', 'CallExpression']);
/** Nodes with a key that may be written as a name or as a text. */
const KEYED = new Set(['Property', 'MethodDefinition', 'PropertyDefinition', 'AccessorProperty']);

function write(given: SyntaxNode, out: string[]): void {
  const node = withoutTypes(given);
  if (node === undefined) return;
  switch (node.type) {
    case 'Identifier':
    case 'JSXIdentifier':
      out.push(node.name as string, ' ');
      return;
    case 'PrivateIdentifier':
      out.push('#', node.name as string, ' ');
      return;
    case 'Literal':
      out.push(literal(node), ' ');
      return;
    case 'TemplateElement':
      out.push(JSON.stringify((node.value as { raw: string }).raw.replaceAll('\r\n', '\n')), ' ');
      return;
    case 'JSXText': {
      const text = jsxText(node.value as string);
      if (text !== '') out.push(JSON.stringify(text), ' ');
      return;
    }
  }
  out.push(node.type, '(');
  eachProperty(node, (key, value) => writeProperty(node, key, value, out));
  out.push(')');
}

function writeProperty(node: SyntaxNode, key: string, value: unknown, out: string[]): void {
  if (key === 'optional' && !OPTIONAL_CODE.has(node.type)) return;
  // Of an arrow function: whether its body is an expression, which the body says itself.
  if (key === 'expression' && value === true) return;
  out.push(key, ':');
  if (key === 'key' && KEYED.has(node.type)) writeKey(node, value as SyntaxNode, out);
  else if (Array.isArray(value)) {
    out.push('[');
    for (const element of value) {
      if (isNode(element)) write(element, out);
      else out.push(String(element), ' ');
    }
    out.push(']');
  } else if (isNode(value)) write(value, out);
  else out.push(JSON.stringify(value) ?? '', ' ');
}

function writeKey(node: SyntaxNode, key: SyntaxNode, out: string[]): void {
  if (node.computed !== true && key.type === 'Literal' && typeof key.value === 'string') out.push(key.value, ' ');
  else write(key, out);
}

function literal({ value, regex, bigint }: SyntaxNode): string {
  if (regex) {
    const { pattern, flags } = regex as { pattern: string; flags: string };
    return `/${pattern}/${flags}`;
  }
  if (typeof bigint === 'string') return `${bigint}n`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** As compilers of JSX read it: lines are trimmed and joined, those without text do not count. */
function jsxText(text: string): string {
  const lines = text.split(/\r\n|\n|\r/);
  return lines
    .map((line, at) => (at === 0 ? line : line.trimStart()))
    .map((line, at) => (at === lines.length - 1 ? line : line.trimEnd()))
    .filter((line) => line !== '')
    .join(' ');
}
