import { builtinKind, builtinName, bytesOf, hasExtraProperties } from '../base/builtin-kind.js';
import { valueDigest } from '../base/canonical.js';
import { asError, MillraceError } from '../base/error.js';
import { type ErrorClass, errorClassOf, errorProperties, isDomException } from '../base/error-class.js';
import { MAX_DEPTH, nameKind, pathThrough, propertyStep, stepTo } from '../base/value-path.js';
import { findClassByName, findTaughtClass, type TaughtClass, taughtForm } from './class-registry.js';
import { revive } from './json-decode.js';
import { ESCAPE_KEY, type Escape, marked, setOwn } from './json-escape.js';

/**
 * A tree that `JSON.stringify` writes without loss. A value that is plain JSON already is returned as it is, nothing copied; along the way
 * everything is refused that could not come back equal.
 * @throws MillraceError `RESULT_NOT_STORABLE`, naming the path inside the value
 */
export function toPlain(value: unknown): Plain {
  const encoder = new PlainEncoder();
  const tree = encoder.encode(value);
  return { tree, isAltered: encoder.isAltered };
}

export interface Plain {
  readonly tree: unknown;
  /** An error of an unknown class is in it, which comes back as one of the nearest class that is known. */
  readonly isAltered: boolean;
}

const UNDEFINED = Object.freeze(marked('undefined'));

/** Prototypes whose instances were seen to survive `decode(encode(…))`; checked once each. */
const survivors = new WeakSet<object>();

class PlainEncoder {
  isAltered = false;
  readonly #ancestors: object[] = [];

  encode(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : marked('number', { value: Object.is(value, -0) ? '-0' : String(value) });
      case 'undefined':
        return UNDEFINED;
      case 'bigint':
        return marked('bigint', { value: String(value) });
      case 'object':
        return value === null ? null : this.#encodeObject(value);
      default:
        throw this.#refuseLeaf(value);
    }
  }

  #encodeObject(value: object): unknown {
    if (this.#ancestors.includes(value)) throw this.#refuseLeaf(value, 'refers back to an object that contains it');
    if (this.#ancestors.length >= MAX_DEPTH) throw this.#refuse('', `nests deeper than ${MAX_DEPTH} levels`);
    this.#ancestors.push(value);
    const plain = this.#encodeEntered(value);
    this.#ancestors.pop();
    return plain;
  }

  #encodeEntered(value: object): unknown {
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#encodeRecord(value);
    if (prototype === null) return marked('NullObject', { value: this.#encodeRecord(value) });
    if (prototype === Array.prototype && Array.isArray(value)) return this.#encodeArray(value);
    return this.#encodeInstance(value);
  }

  #encodeArray(value: readonly unknown[]): unknown {
    if (hasExtraProperties(value)) throw this.#refuse('', 'is an array with properties of its own');
    let copy: unknown[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const member = value[index];
      if (member === undefined && !(index in value)) throw this.#refuse(`[${index}]`, 'is a hole in an array');
      const plain = this.encode(member);
      if (plain !== member) copy ??= value.slice(0, index);
      copy?.push(plain);
    }
    return copy ?? value;
  }

  #encodeRecord(value: object): unknown {
    const keys = Object.keys(value);
    this.#checkShape(value, keys);
    let copy: object | undefined;
    let looksEscaped = false;
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] as string;
      const member = this.#dataProperty(value, key);
      const plain = this.encode(member);
      if (plain !== member && copy === undefined) copy = copyFirst(value, keys, at);
      if (copy !== undefined) setOwn(copy, key, plain);
      if (key === ESCAPE_KEY) looksEscaped = true;
    }
    if (looksEscaped) return marked('Object', { entries: Object.entries(copy ?? value) });
    return copy ?? value;
  }

  #encodeInstance(value: object): unknown {
    switch (builtinKind(value)) {
      case 'Date': {
        const time = (value as Date).getTime();
        return marked('Date', { value: Number.isNaN(time) ? null : new Date(time).toISOString() });
      }
      case 'Map':
        return marked('Map', {
          entries: Array.from(value as ReadonlyMap<unknown, unknown>, ([key, member]) => [this.encode(key), this.encode(member)]),
        });
      case 'Set':
        return marked('Set', { values: Array.from(value as ReadonlySet<unknown>, (member) => this.encode(member)) });
      case 'RegExp': {
        const { source, flags, lastIndex } = value as RegExp;
        return marked('RegExp', { source, flags, ...(lastIndex === 0 ? {} : { lastIndex }) });
      }
      case 'URL':
        return marked('URL', { value: (value as URL).href });
      case 'Error':
        return this.#encodeError(value as Error);
      case 'ArrayBuffer':
        return marked('ArrayBuffer', { base64: toBase64(value as ArrayBuffer) });
      case 'View':
        return marked('View', { class: builtinName(value), base64: toBase64(value as ArrayBufferView) });
      default:
        return this.#encodeTaught(value);
    }
  }

  #encodeError(value: Error): Escape {
    const { name, isExact } = errorClassOf(value) as ErrorClass;
    if (!isExact) this.isAltered = true;
    const parts: Record<string, unknown> = { class: name };
    if (value.name !== name || Object.hasOwn(value, 'name') || isDomException(value)) parts.name = this.encode(value.name);
    if (Object.prototype.propertyIsEnumerable.call(value, 'name')) parts.showsName = true;
    if (Object.hasOwn(value, 'message') || value.message !== '' || isDomException(value)) parts.message = this.encode(value.message);
    if (typeof value.stack === 'string') parts.stack = value.stack;
    if (Object.hasOwn(value, 'cause')) parts.cause = this.encode(value.cause);
    if (value instanceof AggregateError) parts.errors = this.encode(value.errors);
    // What a DOMException has is in its name and message.
    if (isDomException(value)) return marked('Error', parts);
    const { shown, hidden } = errorProperties(value);
    const encoded = (keys: readonly string[]) => keys.map((key) => [key, this.encode(this.#dataProperty(value, key))]);
    if (shown.length > 0) parts.properties = encoded(shown);
    if (hidden.length > 0) parts.hidden = encoded(hidden);
    return marked('Error', parts);
  }

  #encodeTaught(value: object): Escape {
    const taught = findTaughtClass(value);
    if (taught === undefined) {
      if (errorClassOf(value) !== undefined) return this.#encodeError(value as Error);
      throw this.#refuseLeaf(value);
    }
    let form: unknown;
    try {
      form = taught.encode(value);
    } catch (error) {
      throw this.#refuse('', `is ${nameKind(value)}, whose registered encode threw: ${asError(error).message}`, error);
    }
    const plain = this.encode(form);
    const prototype: object = Object.getPrototypeOf(value);
    if (!survivors.has(prototype)) {
      this.#checkSurvival(value, taught, form, plain);
      survivors.add(prototype);
    }
    return marked('Class', { name: taught.name, value: plain });
  }

  /** A class taught wrongly would otherwise be found out when its results are read, long after the values are gone (S16). */
  #checkSurvival(value: object, taught: TaughtClass, form: unknown, plain: unknown): void {
    let back: object;
    try {
      back = (findClassByName(taught.name) as TaughtClass).decode(revive(JSON.parse(JSON.stringify(plain))));
    } catch (error) {
      throw this.#refuse('', `is ${nameKind(value)}, whose registered decode threw: ${asError(error).message}`, error);
    }
    if (typeof back !== 'object' || back === null || Object.getPrototypeOf(back) !== Object.getPrototypeOf(value)) {
      throw this.#refuse('', `is ${nameKind(value)}, registered as '${taught.name}', which decodes to ${nameKind(back)}`);
    }
    if (valueDigest(taught.encode(back), taughtForm) !== valueDigest(form, taughtForm)) {
      throw this.#refuse(
        '',
        `is ${nameKind(value)}, registered as '${taught.name}', which does not come back the same: encode(decode(encode(value))) differs from encode(value)`,
      );
    }
  }

  #checkShape(value: object, keys: readonly string[]): void {
    const symbol = Object.getOwnPropertySymbols(value)[0];
    if (symbol !== undefined) throw this.#refuse(propertyStep(symbol), 'is a property with a symbol as its key');
    const names = Object.getOwnPropertyNames(value);
    if (names.length === keys.length) return;
    const hidden = names.find((name) => !Object.prototype.propertyIsEnumerable.call(value, name)) as string;
    throw this.#refuse(propertyStep(hidden), 'is a property that is not enumerable');
  }

  /** Never runs a getter: what it gives may change from call to call, and it would not come back as one. */
  #dataProperty(value: object, key: string): unknown {
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (descriptor?.get !== undefined || descriptor?.set !== undefined)
      throw this.#refuse(propertyStep(key), 'is a property with a getter or setter');
    return descriptor?.value;
  }

  #refuseLeaf(leaf: unknown, complaint = `is ${nameKind(leaf)}`): MillraceError {
    const entered = this.#ancestors.length > 0 && this.#ancestors.indexOf(leaf as object) === this.#ancestors.length - 1;
    const parents = entered ? this.#ancestors.slice(0, -1) : this.#ancestors;
    const parent = parents.at(-1);
    return notStorable(pathThrough(parents, parent === undefined ? '' : stepTo(parent, leaf)), complaint);
  }

  #refuse(tail: string, complaint: string, cause?: unknown): MillraceError {
    return notStorable(pathThrough(this.#ancestors, tail), complaint, cause);
  }
}

/** The refusal of a value, told by where in it the trouble lies. */
export function notStorable(path: string, complaint: string, cause?: unknown): MillraceError {
  return new MillraceError('RESULT_NOT_STORABLE', `the result cannot be stored faithfully: ${path === '' ? 'it' : `'${path}'`} ${complaint}`, {
    cause,
    hint: 'Return plain data, teach the class with registerClass(Class, { name, encode, decode }), or give the task a serializer of its own.',
  });
}

function copyFirst(value: object, keys: readonly string[], count: number): object {
  const copy = {};
  for (let at = 0; at < count; at++) {
    const key = keys[at] as string;
    setOwn(copy, key, Object.getOwnPropertyDescriptor(value, key)?.value);
  }
  return copy;
}

function toBase64(view: ArrayBufferView | ArrayBuffer): string {
  const bytes = bytesOf(view);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
