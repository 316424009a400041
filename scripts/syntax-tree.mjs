import { parseSync } from 'rolldown/experimental';

/**
 * Every node of the syntax tree of a file, in no order; its place is a place in the text.
 * @param name says by its extension what language it is
 * @returns {Generator<Record<string, any>>}
 */
export function* nodesOf(name, code) {
  const { program, errors } = parseSync(name, code);
  if (errors.length > 0) throw new Error(`expected ${name} to be of its language; got ${errors[0].message}`);
  const waiting = [program];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node.type === 'string') yield node;
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) waiting.push(...value.filter((one) => one !== null && typeof one === 'object'));
      else if (value !== null && typeof value === 'object') waiting.push(value);
    }
  }
}
