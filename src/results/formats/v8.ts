import type { Serializer } from '../../model/serializer.js';
import { checkCloneable } from './cloneable.js';

/**
 * Node's structured clone: fast, exact, and readable by Node alone, by the version that wrote it or a later one. Keeps what JSON has no
 * word for, such as objects that refer to each other in a circle or to the same third. Stored bytes are decoded only once their digest was
 * verified; do not decode with it what others give you.
 *
 * `encode` throws MillraceError `RESULT_NOT_STORABLE`, with the path inside the value, for functions, symbols, instances of classes,
 * accessors, and whatever else would not come back equal; `decode` throws when the bytes are none of its own.
 */
// biome-ignore lint/suspicious/noExplicitAny: as the port, it serves values of every type
export function v8<T = any>(): Serializer<T> {
  return V8;
}

/** Most programs keep nothing in this form: what Node takes for it is loaded when it is used. */
const engine = (): typeof import('node:v8') => process.getBuiltinModule('node:v8');

const V8: Serializer = Object.freeze({
  exact: true,
  name: 'v8',
  ext: 'v8',
  contentType: 'application/x-nodejs-v8',
  encode: (value: unknown) => {
    checkCloneable(value);
    return engine().serialize(value);
  },
  decode: (bytes: Uint8Array): unknown => engine().deserialize(bytes),
});
