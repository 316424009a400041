import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Serializer } from '../../src/model/serializer.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../../src/model/task-definition.js';
import { arrow } from '../../src/results/formats/arrow.js';
import { csv } from '../../src/results/formats/csv.js';
import { parquet } from '../../src/results/formats/parquet.js';
import { v8 } from '../../src/results/formats/v8.js';
import { localStore } from '../../src/results/local-store.js';
import { createResultKeeper } from '../../src/results/result-keeper.js';

const collect = async (encoded: ReturnType<Serializer['encode']>): Promise<Uint8Array> => {
  if (!(Symbol.asyncIterator in encoded)) return await encoded;
  const pieces: Uint8Array[] = [];
  for await (const piece of encoded) pieces.push(piece);
  return Buffer.concat(pieces);
};

const through = async (serializer: Serializer, value: unknown): Promise<unknown> => serializer.decode(await collect(serializer.encode(value)), {});

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'true', '1', 'null', 'NaN', '\ufeff', '\r', '"', '2020-01-01T00:00:00.000Z', '01'),
);
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 2 ** 53, 2 ** 64));
const CELLS = {
  text,
  number,
  boolean: fc.boolean(),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  date: fc.date({ noInvalidDate: true }),
};

/** Rows of the same columns, each of one type, with nulls here and there. */
const table = fc
  .uniqueArray(
    fc.tuple(
      text.filter((name) => !name.startsWith('\ufeff')),
      fc.constantFrom(...(Object.keys(CELLS) as (keyof typeof CELLS)[])),
    ),
    {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 5,
    },
  )
  .chain((columns) =>
    fc
      .array(fc.tuple(...columns.map(([, type]) => fc.option(CELLS[type] as fc.Arbitrary<unknown>))), { maxLength: 30 })
      .map((rows) =>
        rows.map((cells) =>
          Object.defineProperties(
            {},
            Object.fromEntries(columns.map(([name], at) => [name, { value: cells[at], writable: true, enumerable: true, configurable: true }])),
          ),
        ),
      ),
  );

describe('S16: what is read back equals what was stored', () => {
  it.each([parquet() as Serializer, arrow(), v8()])('$name', async (serializer) => {
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        expect(await through(serializer, rows)).toStrictEqual(rows);
      }),
      { numRuns: 150 },
    );
  });

  it('csv: the first time it is read settles what it is', async () => {
    const comma = csv();
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const settled = (await through(comma, rows)) as Record<string, unknown>[];
        expect(settled).toHaveLength(rows.length);
        expect(await through(comma, settled)).toStrictEqual(settled);
      }),
      { numRuns: 200 },
    );
  });

  it('csv: texts, numbers, booleans, dates and null come back as they were', async () => {
    const row = fc.record({ text: fc.option(text), number: fc.option(number), flag: fc.option(fc.boolean()), at: fc.option(CELLS.date) });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1 }), async (rows) => {
        expect(await through(csv({ delimiter: '\t' }), rows)).toStrictEqual(rows.map((cells) => ({ ...cells })));
      }),
      { numRuns: 200 },
    );
  });
});

describe('S25: damage is never read as a value', () => {
  const definition = (serializer: Serializer): TaskDefinition => ({ ...TASK_DEFAULTS, kind: 'task', name: 'make', fn: () => undefined, serializer });
  const rows = Array.from({ length: 40 }, (_, id) => ({ id, name: `name ${id % 5}`, at: new Date(id), x: id / 7 }));

  it.each([parquet() as Serializer, arrow(), csv() as Serializer, v8()])('$name: a flipped bit or a cut is RESULT_CORRUPTED', async (serializer) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-formats-'));
    try {
      const store = localStore(folder, { durable: false });
      const keeper = createResultKeeper({ store, inlineLimit: 0, readInline: async () => new Map() });
      const { artifacts, value } = await keeper.keep(rows, definition(serializer));
      const key = artifacts[0]?.ref.key as string;
      const good = await store.read(key);
      await fc.assert(
        fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), fc.boolean(), async (at, bit, cut) => {
          const bad = cut ? good.slice(0, at) : good.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
          await store.write(key, bad);
          await expect(keeper.load(artifacts, definition(serializer))).rejects.toMatchObject({ code: 'RESULT_CORRUPTED' });
        }),
        { numRuns: 40 },
      );
      await store.write(key, good);
      expect(await keeper.load(artifacts, definition(serializer))).toStrictEqual(value);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([parquet() as Serializer, arrow()])('$name: bytes that are none of its own are refused, whatever they are', async (serializer) => {
    const good = await collect(serializer.encode(rows));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), async (length) => {
        await expect(Promise.resolve().then(() => serializer.decode(good.slice(0, length), {}))).rejects.toThrow();
      }),
      { numRuns: 60 },
    );
    await expect(Promise.resolve().then(() => serializer.decode(Buffer.from('neither the one nor the other'), {}))).rejects.toMatchObject({
      code: 'RESULT_UNREADABLE',
    });
  });
});
