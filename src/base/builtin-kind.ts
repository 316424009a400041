import { inspect, types } from 'node:util';
import { errorClassOf, isDomException } from './error-class.js';

/** The classes of the language and platform whose instances are values like any other: they can be digested and stored. */
export type BuiltinKind = 'Date' | 'Map' | 'Set' | 'RegExp' | 'URL' | 'Error' | 'ArrayBuffer' | 'View';

const KIND_BY_PROTOTYPE = new Map<object, BuiltinKind>([
  [Date.prototype, 'Date'],
  [Map.prototype, 'Map'],
  [Set.prototype, 'Set'],
  [RegExp.prototype, 'RegExp'],
  [URL.prototype, 'URL'],
  [ArrayBuffer.prototype, 'ArrayBuffer'],
]);

type ViewClass = new (buffer: ArrayBuffer) => ArrayBufferView;

/** Views over bytes by name, without Buffer. Float16Array exists from Node 24 on. */
export const VIEW_CLASSES: ReadonlyMap<string, ViewClass> = new Map(
  [
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
    'Uint32Array',
    'Float16Array',
    'Float32Array',
    'Float64Array',
    'BigInt64Array',
    'BigUint64Array',
    'DataView',
  ].flatMap((name) => {
    const viewClass = (globalThis as Readonly<Record<string, unknown>>)[name];
    return typeof viewClass === 'function' ? [[name, viewClass as ViewClass] as const] : [];
  }),
);

const NAME_BY_PROTOTYPE = new Map<object, string>([
  [Buffer.prototype, 'Buffer'],
  ...[...VIEW_CLASSES].map(([name, builtin]) => [builtin.prototype as object, name] as const),
]);

/**
 * Which built-in kind a value is, if it is exactly that: an instance of a subclass, an impostor made with `Object.create`, or a Date that
 * somebody hung properties on is none, because those parts would be lost.
 */
export function builtinKind(value: object): BuiltinKind | undefined {
  const prototype: object = Object.getPrototypeOf(value);
  if (ArrayBuffer.isView(value)) return NAME_BY_PROTOTYPE.has(prototype) ? 'View' : undefined;
  if (types.isNativeError(value) || isDomException(value)) return errorClassOf(value)?.isExact ? 'Error' : undefined;
  const kind = KIND_BY_PROTOTYPE.get(prototype);
  return kind !== undefined && isGenuine(kind, value) && Object.keys(value).length === 0 ? kind : undefined;
}

/** The class name of a View: `Float32Array`, `Buffer`. */
export function builtinName(value: object): string {
  return NAME_BY_PROTOTYPE.get(Object.getPrototypeOf(value)) ?? 'Uint8Array';
}

/** The bytes a view looks at, not copied. */
export function bytesOf(view: ArrayBufferView | ArrayBuffer): Uint8Array {
  return ArrayBuffer.isView(view) ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view);
}

const LISTABLE = 64;

/**
 * Has this array properties that are no elements, as the result of `RegExp.exec` has? Listing a million indices as text takes longer than
 * writing the array, so a long one is shown to `inspect` with its elements left out: it looks at named properties only.
 */
export function hasExtraProperties(array: readonly unknown[]): boolean {
  if (array.length > LISTABLE) {
    const shown = inspect(array, { maxArrayLength: 0, depth: 0, customInspect: false });
    if (shown === `[ ... ${array.length} more items ]`) return false;
  }
  // Elements are listed first, in ascending order: with something else in the list, the last entry is no index.
  const last = Object.keys(array).at(-1);
  return (last !== undefined && String(Number(last) >>> 0) !== last) || Object.getOwnPropertySymbols(array).length > 0;
}

function isGenuine(kind: BuiltinKind, value: object): boolean {
  switch (kind) {
    case 'Date':
      return types.isDate(value);
    case 'Map':
      return types.isMap(value);
    case 'Set':
      return types.isSet(value);
    case 'RegExp':
      return types.isRegExp(value);
    case 'ArrayBuffer':
      return types.isArrayBuffer(value);
    default:
      return isUrl(value);
  }
}

/** Only the accessors of URL can tell: they throw when the object was not made by its constructor. */
function isUrl(value: object): boolean {
  try {
    return Reflect.get(URL.prototype, 'href', value) !== undefined;
  } catch {
    return false;
  }
}
