import { inspect } from 'node:util';
import type { MillraceError } from '../../base/error.js';
import { NODE, OWNER, PATH, type Path, pathText, type Ref } from '../../graph/ref.js';

/** What a trace tells when the body does something that needs the value. */
export type StopTrace = (what: string) => MillraceError;

/**
 * Stands for a value that a trace does not have (S29). It may be passed on, destructured by name and returned; whatever needs the value
 * itself stops the trace.
 */
export function placeholder(owner: object, node: number, path: Path | undefined, name: string, stop: StopTrace): object {
  // Node looks through a proxy when it prints: what is printed has to stand on the target.
  const ref: Ref = {
    [OWNER]: owner,
    [NODE]: node,
    [PATH]: path,
    [inspect.custom]: () => `(${pathText(name, path)}: not known before it has run)`,
  } as Ref;
  const parts = new Map<string, object>();
  const refuse = (what: string) => (): never => {
    throw stop(`${what} ${pathText(name, path)}`);
  };
  const partOf = (key: string): object => {
    const known = parts.get(key);
    if (known) return known;
    const part = placeholder(owner, node, [...(path ?? []), key], name, stop);
    parts.set(key, part);
    return part;
  };
  return new Proxy(ref, {
    get(target, key) {
      if (key === OWNER || key === NODE || key === PATH) return target[key as typeof NODE];
      // Not a promise: it can be awaited and returned from async functions, which gives it back.
      if (key === 'then' || key === Symbol.toStringTag || key === Symbol.isConcatSpreadable) return undefined;
      if (key === Symbol.iterator || key === Symbol.asyncIterator) return refuse('the body iterates');
      if (key === Symbol.toPrimitive || key === 'toJSON') return refuse('the body calculates with');
      return typeof key === 'string' ? partOf(key) : undefined;
    },
    has: refuse('the body looks for a property of'),
    ownKeys: refuse('the body lists the properties of'),
    set: refuse('the body changes'),
    deleteProperty: refuse('the body changes'),
    defineProperty: refuse('the body changes'),
  });
}
