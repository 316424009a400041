import assert from 'node:assert/strict';
import type { Serializer } from '../model/serializer.js';
import { type ContractCase, listCases, type SkippedCases } from './contract-case.js';

export interface SerializerContractOptions<T> {
  /** Values it must store, each under a name for people. At least one. */
  readonly values: Readonly<Record<string, T>>;
  /** Values it must refuse, when encoding or by `accepts`, rather than store something else. */
  readonly refused?: Readonly<Record<string, unknown>>;
  /** @default `assert.deepStrictEqual`, which tells -0 and undefined apart */
  readonly equal?: (actual: T, expected: T) => void;
  readonly skip?: SkippedCases;
}

/** What every `Serializer` must do. Run each case in your own test runner. */
export function serializerContract<T>(serializer: Serializer<T>, options: SerializerContractOptions<T>): readonly ContractCase[] {
  const equal = options.equal ?? ((actual: T, expected: T) => assert.deepStrictEqual(actual, expected));
  const bodies: Record<string, () => Promise<void>> = {
    'has a name and a plain file extension': async () => {
      assert.match(serializer.name, /^[A-Za-z0-9][\w.+-]*$/);
      assert.match(serializer.ext, /^[A-Za-z0-9][A-Za-z0-9.]*$/);
    },
    'was given values to try': async () => assert.ok(Object.keys(options.values).length > 0),
  };
  for (const [name, value] of Object.entries(options.values)) {
    bodies[`stores ${name}`] = async () => {
      const bytes = await collect(serializer.encode(value));
      const decoded = await serializer.decode(bytes, {});
      if (serializer.exact !== false) equal(decoded, value);
      // Also one that is not exact must come to rest: what downstream got once, it gets always (S16).
      equal(await serializer.decode(await collect(serializer.encode(decoded)), {}), decoded);
    };
    bodies[`encodes ${name} the same way twice, and accepts it`] = async () => {
      assert.ok(serializer.accepts?.(value) ?? true);
      assert.equal(Buffer.compare(await collect(serializer.encode(value)), await collect(serializer.encode(value))), 0);
    };
    bodies[`reads ${name} from bytes in the middle of a buffer, and leaves them as they are`] = async () => {
      const bytes = await collect(serializer.encode(value));
      const larger = new Uint8Array(bytes.length + 16).fill(0x7b);
      larger.set(bytes, 7);
      const before = Uint8Array.from(larger);
      const decoded = await serializer.decode(larger.subarray(7, 7 + bytes.length), {});
      equal(decoded, await serializer.decode(bytes, {}));
      assert.equal(Buffer.compare(larger, before), 0);
    };
  }
  for (const [name, value] of Object.entries(options.refused ?? {})) {
    bodies[`refuses ${name}`] = async () => {
      if (serializer.accepts?.(value) === false) return;
      await assert.rejects(async () => await collect(serializer.encode(value as T)));
    };
  }
  return listCases(bodies, options.skip);
}

async function collect(encoded: Uint8Array | Promise<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (!(Symbol.asyncIterator in encoded)) {
    const bytes = await encoded;
    assert.ok(bytes instanceof Uint8Array, 'encode gives a Uint8Array');
    return bytes;
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of encoded) {
    assert.ok(piece instanceof Uint8Array, 'encode gives pieces that are Uint8Arrays');
    pieces.push(Uint8Array.from(piece));
  }
  return Buffer.concat(pieces);
}
