import { builtinKind, builtinName, bytesOf, hasExtraProperties } from './builtin-kind.js';
import { columnsOfTable, writeTable } from './canonical-table.js';
import { orderOf, scalarText, stringText } from './canonical-text.js';
import { createHasher, type Hasher } from './digest.js';
import { MillraceError } from './error.js';
import { errorClassOf, errorProperties } from './error-class.js';
import { hexOfShort, textDigest } from './text-digest.js';
import { MAX_DEPTH, nameKind, pathThrough, propertyStep, stepTo } from './value-path.js';

/** What a taught class instance counts as: its registered name and the plain form that its encoder gives. */
export interface TaughtForm {
  readonly name: string;
  readonly form: unknown;
}

/** Looks a class instance up among the classes that were taught; undefined when it is of none. */
export type TaughtLookup = (instance: object) => TaughtForm | undefined;

/**
 * The digest of a value, whatever format it may be stored in (S21): hex of a canonical, type-tagged encoding; of most values 32 characters, its
 * sha256 cut short; of small numbers and the like fewer, the encoding itself.
 *
 * Objects are equal in whatever order their keys come, because a key is a name. A list of many alike is written by columns (`canonical-table`). Maps and sets count *with* their order: it is part of
 * their contract (a ranking, the rows of a pivot), a task that iterates sees it, and a needless run is a lesser evil than a stale value.
 * An error counts by class, name, message, cause and own properties, one of an unknown class by the nearest class known; its stack says where it was made, not what it is.
 *
 * @throws MillraceError `VALUE_NOT_CANONICAL`, naming the path inside the value: functions, symbols, cycles, instances of classes that
 * were not taught, arrays with extra properties, more than 1,000 levels
 */
export function valueDigest(value: unknown, taught?: TaughtLookup): string {
  if (typeof value !== 'object' || value === null) {
    const text = scalarText(value);
    if (text !== undefined) return (typeof value !== 'string' && hexOfShort(text)) || textDigest(text);
  }
  return new CanonicalWriter(taught).digest(value);
}

/** Text is handed on to the hash when it has grown to this many characters, so that a large value does not exist twice. */
const FLUSH_AT = 1 << 16;

/**
 * Every piece is self-delimiting: a tag, then either a fixed form that ends in `;` or a count followed by exactly that many
 * characters, bytes or pieces. So no two different values give the same text.
 */
class CanonicalWriter {
  readonly #taught: TaughtLookup | undefined;
  readonly #ancestors: object[] = [];
  #text = '';
  #hasher: Hasher | undefined;

  constructor(taught: TaughtLookup | undefined) {
    this.#taught = taught;
  }

  digest(value: unknown): string {
    try {
      this.#write(value);
    } catch (error) {
      // The stack may be nearly used up by who calls us, and a text may be as long as texts can be.
      if (error instanceof RangeError) throw notCanonical('', `is too deep or too large (${error.message})`);
      throw error;
    }
    if (this.#hasher === undefined) return textDigest(this.#text);
    this.#hasher.update(this.#text);
    return this.#hasher.sha256().slice(0, 32);
  }

  #write(value: unknown): void {
    if (typeof value === 'object' && value !== null) {
      this.#enter(value);
      this.#writeObject(value);
      this.#ancestors.pop();
      if (this.#text.length > FLUSH_AT) this.#flush();
      return;
    }
    const text = scalarText(value);
    if (text === undefined) throw this.#refuseLeaf(value);
    this.#text += text;
  }

  #writeObject(value: object): void {
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) this.#writeRecord(value as Readonly<Record<string, unknown>>, 'o');
    else if (prototype === null) this.#writeRecord(value as Readonly<Record<string, unknown>>, 'O');
    else if (prototype === Array.prototype && Array.isArray(value)) this.#writeArray(value);
    else this.#writeInstance(value);
  }

  #writeRecord(value: Readonly<Record<string, unknown>>, tag: string): void {
    const symbol = Object.getOwnPropertySymbols(value)[0];
    if (symbol !== undefined) throw this.#refusal(propertyStep(symbol), 'is a property with a symbol as its key');
    const { sorted, texts } = orderOf(Object.keys(value));
    this.#text += `${tag}${sorted.length}:`;
    for (let at = 0; at < sorted.length; at++) {
      this.#text += texts[at];
      this.#write(value[sorted[at] as string]);
    }
  }

  #writeArray(value: readonly unknown[]): void {
    if (hasExtraProperties(value)) throw this.#refusal('', 'is an array with properties of its own');
    const columns = columnsOfTable(value);
    if (columns !== undefined) return this.#writeTable(value as readonly Readonly<Record<string, unknown>>[], columns);
    this.#text += `a${value.length}:`;
    for (let index = 0; index < value.length; index++) {
      const member = value[index];
      if (member === undefined && !(index in value)) this.#text += 'h';
      else this.#write(member);
      if (this.#text.length > FLUSH_AT) this.#flush();
    }
  }

  #writeTable(rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]): void {
    this.#text += `T${rows.length}:${columns.length}:`;
    for (const name of columns) this.#text += stringText(name);
    writeTable(rows, columns, {
      text: (text) => {
        this.#text += text;
      },
      bytes: (bytes) => this.#flush().update(bytes),
      cell: (row, cell) => {
        this.#ancestors.push(row);
        this.#write(cell);
        this.#ancestors.pop();
        if (this.#text.length > FLUSH_AT) this.#flush();
      },
    });
  }

  #writeInstance(value: object): void {
    switch (builtinKind(value)) {
      case 'Date':
        this.#text += `D${(value as Date).getTime()};`;
        break;
      case 'Map':
        this.#writeMap(value as ReadonlyMap<unknown, unknown>);
        break;
      case 'Set':
        this.#writeSet(value as ReadonlySet<unknown>);
        break;
      case 'RegExp': {
        const { source, flags, lastIndex } = value as RegExp;
        this.#text += `R${stringText(source)}${stringText(flags)}${lastIndex};`;
        break;
      }
      case 'URL':
        this.#text += `U${stringText((value as URL).href)}`;
        break;
      case 'Error':
        this.#writeError(value as Error);
        break;
      case 'ArrayBuffer':
        this.#writeBytes('ArrayBuffer', value as ArrayBuffer);
        break;
      case 'View':
        this.#writeBytes(builtinName(value), value as ArrayBufferView);
        break;
      default:
        this.#writeTaught(value);
        break;
    }
  }

  #writeMap(value: ReadonlyMap<unknown, unknown>): void {
    this.#text += `M${value.size}:`;
    for (const [key, member] of value) {
      this.#write(key);
      this.#write(member);
      if (this.#text.length > FLUSH_AT) this.#flush();
    }
  }

  #writeSet(value: ReadonlySet<unknown>): void {
    this.#text += `S${value.size}:`;
    for (const member of value) {
      this.#write(member);
      if (this.#text.length > FLUSH_AT) this.#flush();
    }
  }

  #writeError(value: Error): void {
    const { shown, hidden } = errorProperties(value);
    const { sorted: keys } = orderOf([...shown, ...hidden]);
    this.#text += `E${stringText(errorClassOf(value)?.name ?? 'Error')}${stringText(String(value.name))}${stringText(value.message)}${Object.hasOwn(value, 'cause') ? 'c' : '-'}`;
    if (Object.hasOwn(value, 'cause')) this.#write(value.cause);
    if (value instanceof AggregateError) this.#write(value.errors);
    this.#text += `${keys.length}:`;
    for (const key of keys) {
      this.#text += stringText(key);
      this.#write((value as unknown as Readonly<Record<string, unknown>>)[key]);
    }
  }

  /** Bytes go into the hash as they are: turning them into text would cost more than hashing them. */
  #writeBytes(kind: string, value: ArrayBufferView | ArrayBuffer): void {
    const bytes = bytesOf(value);
    this.#text += `B${kind}:${bytes.length}:`;
    this.#flush().update(bytes);
  }

  #writeTaught(value: object): void {
    const taught = this.#taught?.(value);
    if (taught === undefined) {
      if (errorClassOf(value) !== undefined) return this.#writeError(value as Error);
      throw this.#refuseLeaf(value);
    }
    this.#text += `C${stringText(taught.name)}`;
    this.#write(taught.form);
  }

  #enter(value: object): void {
    if (this.#ancestors.includes(value)) throw this.#refuseLeaf(value, 'refers back to an object that contains it');
    if (this.#ancestors.length >= MAX_DEPTH) throw this.#refusal('', `nests deeper than ${MAX_DEPTH} levels`);
    this.#ancestors.push(value);
  }

  #flush(): Hasher {
    this.#hasher ??= createHasher();
    this.#hasher.update(this.#text);
    this.#text = '';
    return this.#hasher;
  }

  #refuseLeaf(leaf: unknown, complaint = `is ${nameKind(leaf)}`): MillraceError {
    const parents =
      this.#ancestors.at(-1) === leaf && this.#ancestors.indexOf(leaf as object) === this.#ancestors.length - 1
        ? this.#ancestors.slice(0, -1)
        : this.#ancestors;
    const parent = parents.at(-1);
    return notCanonical(pathThrough(parents, parent === undefined ? '' : stepTo(parent, leaf)), complaint);
  }

  #refusal(tail: string, complaint: string): MillraceError {
    return notCanonical(pathThrough(this.#ancestors, tail), complaint);
  }
}

function notCanonical(path: string, complaint: string): MillraceError {
  return new MillraceError(
    'VALUE_NOT_CANONICAL',
    `a value of plain data was expected, to be known again by its digest; ${path === '' ? 'it' : `'${path}'`} ${complaint}`,
    {
      hint: 'Pass plain data, or teach the class with registerClass(Class, { name, encode, decode }).',
    },
  );
}
