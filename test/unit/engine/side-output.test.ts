import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as arquero from 'arquero';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ArtifactRef, cache, ctx, type Flow, file, flow, image, markdown, param, plot, table, task } from '../../../src/index.js';
import type { ArtifactData, MetricData } from '../../../src/model/event.js';
import { BODY_PLACE } from '../../../src/model/records.js';
import { shownTable } from '../../../src/results/artifacts/shown-table.js';
import { type SideResults, type SideResultsFilter, sideResultsOf } from '../../../src/runs/side-results.js';
import { openProject } from '../../../src/runtime/project.js';
import { eventsOf, failureOf, freshHome, gate, inMemory } from './workbench.js';

let home: string;
beforeEach(() => {
  home = freshHome();
});

const NO_SERIALIZER = { serializer: undefined, outputs: undefined, store: undefined };

async function shown(run: string, filter: SideResultsFilter = {}): Promise<SideResults> {
  await using project = await openProject();
  const row = await project.record.run(run);
  return await sideResultsOf(project.record, row?.id ?? run, await project.record.taskRuns(row?.id ?? run), filter);
}

async function load(ref: ArtifactRef): Promise<unknown> {
  await using project = await openProject();
  return await project.keeper.load([{ name: '', ref }], NO_SERIALIZER);
}

/** What is shown and loaded of the artifacts of a task that gives this one value. */
async function given(
  value: unknown,
): Promise<{ readonly kind: string; readonly contentType: string; readonly loaded: unknown; readonly ref: ArtifactRef }> {
  const give = task(async () => void (await ctx().artifact('it', value)), { name: 'give' });
  await flow('giving', () => give()).run();
  const [{ kind, contentType, ref } = expect.fail('nothing was given')] = (await shown('giving/latest')).artifacts;
  return { kind, contentType, loaded: await load(ref), ref };
}

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3);
const SVG = '<svg width="1" height="1"></svg>';
const SPEC = { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', mark: 'bar', data: { values: [{ a: 1 }] } };

describe('what an artifact is shows itself', () => {
  it.each([
    { what: 'rows', value: [{ a: 1, b: 'x' }], kind: 'table', contentType: 'application/json' },
    { what: 'nested rows', value: [{ a: { b: 1 } }], kind: 'value', contentType: 'application/json' },
    { what: 'plain data', value: { a: [1, 2] }, kind: 'value', contentType: 'application/json' },
    { what: 'nothing', value: undefined, kind: 'value', contentType: 'application/json' },
    { what: 'a text', value: 'hello', kind: 'text', contentType: 'text/plain; charset=utf-8' },
    { what: 'an SVG text', value: SVG, kind: 'image', contentType: 'image/svg+xml' },
    { what: 'a PNG', value: PNG, kind: 'image', contentType: 'image/png' },
    { what: 'other bytes', value: Uint8Array.of(1, 2), kind: 'file', contentType: 'application/octet-stream' },
    { what: 'a Vega-Lite spec', value: SPEC, kind: 'plot', contentType: 'application/vnd.vegalite.v6+json' },
  ])('$what: $kind', async ({ value, kind, contentType }) => {
    const { loaded, ...artifact } = await given(value);
    expect(artifact).toMatchObject({ kind, contentType });
    expect(loaded).toEqual(value);
  });

  it.each([
    ['jpeg', [0xff, 0xd8, 0xff, 0xe0]],
    ['gif', [...Buffer.from('GIF89a')]],
    ['webp', [...Buffer.from('RIFF\0\0\0\0WEBPVP8 ')]],
    ['svg+xml', [...Buffer.from(`<?xml version="1.0"?>\n<!-- made by hand -->\n${SVG}`)]],
  ])('image bytes: %s', async (format, bytes) => {
    expect(await given(Buffer.from(bytes))).toMatchObject({ kind: 'image', contentType: `image/${format}`, loaded: Uint8Array.from(bytes) });
  });

  it('an arquero table is a table, stored as Parquet', async () => {
    const { kind, contentType, loaded } = await given(arquero.table({ a: [1, 2], b: ['x', 'y'] }));
    expect({ kind, contentType }).toEqual({ kind: 'table', contentType: 'application/vnd.apache.parquet' });
    const [first, second] = [
      [1, 'x'],
      [2, 'y'],
    ];
    expect(shownTable(loaded, 1)).toEqual({ columns: ['a', 'b'], rows: [first], total: 2 });
    expect(shownTable(loaded, 9)?.rows).toEqual([first, second]);
  });

  it('a figure is kept as what it looks like, and can stand alone', async () => {
    expect(await given({ outerHTML: SVG, nodeType: 1 })).toMatchObject({
      kind: 'plot',
      contentType: 'image/svg+xml',
      loaded: '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>',
    });
    expect(await given(plot({ outerHTML: `<figure>${SVG}</figure>` }))).toMatchObject({ kind: 'plot', contentType: 'text/html; charset=utf-8' });
  });

  it('or is said', async () => {
    expect(await given(markdown('# Title'))).toMatchObject({ kind: 'markdown', contentType: 'text/markdown; charset=utf-8', loaded: '# Title' });
    expect(await given(table([]))).toMatchObject({ kind: 'table', loaded: [] });
    expect(await given(image(Uint8Array.of(9), { contentType: 'image/avif' }))).toMatchObject({ kind: 'image', contentType: 'image/avif' });
    const { $schema: _, ...rest } = SPEC;
    expect(await given(plot(rest))).toMatchObject({ kind: 'plot', loaded: SPEC });
    expect(await given(plot({ toSpec: () => SPEC }))).toMatchObject({ kind: 'plot', loaded: SPEC });
  });

  it('what it is said to be and is not is refused', () => {
    expect(() => image(Uint8Array.of(1))).toThrow(/image\(\) expects bytes of a PNG.*got 1 other bytes/);
    expect(() => plot({ a: 1 })).toThrow(/plot\(\) expects a Vega-Lite or Vega spec/);
    expect(() => table([1] as never)).toThrow(/table\(\) expects/);
    expect(() => markdown(1 as never)).toThrow(/markdown\(\) expects a text; got 1/);
  });

  it('a file is stored as it is, and read back as what it holds', async () => {
    const at = (name: string, content: string | Uint8Array): string => {
      writeFileSync(join(home, name), content);
      return join(home, name);
    };
    expect(await given(file(at('rows.csv', 'a,b\n1,x\n')))).toMatchObject({
      kind: 'table',
      contentType: 'text/csv; charset=utf-8',
      loaded: [{ a: 1, b: 'x' }],
    });
    expect(await given(file(at('rows.tsv', 'a\tb\n1\tx\n')))).toMatchObject({ kind: 'table', loaded: [{ a: 1, b: 'x' }] });
    expect(await given(file(at('comma.csv', '"a;b;c",d\n1,x\n')))).toMatchObject({ loaded: [{ 'a;b;c': 1, d: 'x' }] });
    expect(await given(file(at('euro.csv', 'a;b\n1;"x;y"\n')))).toMatchObject({ kind: 'table', loaded: [{ a: 1, b: 'x;y' }] });
    expect(await given(file(at('note.md', '# Note')))).toMatchObject({ kind: 'markdown', loaded: '# Note' });
    expect(await given(file(at('dot.png', PNG)))).toMatchObject({ kind: 'image', contentType: 'image/png', loaded: PNG });
    const { kind, loaded, ref } = await given(file(at('model.onnx', Buffer.alloc(100_000, 7))));
    expect([kind, ref.key.endsWith('.onnx')]).toEqual(['file', true]);
    expect(Buffer.from(await (loaded as { read(): Promise<Uint8Array> }).read()).equals(Buffer.alloc(100_000, 7))).toBe(true);
  });
});

describe('artifacts of a run', () => {
  it('S13: those of a failed attempt stay hidden; of one name, the last', async () => {
    const flaky = task(
      async () => {
        const { artifact, attempt } = { artifact: ctx().artifact.bind(ctx()), attempt: ctx().attempt };
        await artifact('tries', attempt);
        await artifact('tries', attempt * 10);
        if (attempt === 1) await artifact('first', true);
        if (attempt < 3) throw new Error('again');
      },
      { retries: { max: 2, delay: 0 }, name: 'flaky' },
    );
    await flow('flaky-flow', () => flaky()).run();
    const { artifacts } = await shown('flaky-flow/latest');
    expect(artifacts).toMatchObject([{ name: 'tries', attempt: 3 }]);
    expect(await load(artifacts[0]?.ref as ArtifactRef)).toBe(30);
  });

  it('S13: of a task that failed for good only on demand', async () => {
    const failing = task(async () => {
      await ctx().artifact('why', 'because');
      ctx().metric('loss', 1);
      throw new Error('no');
    });
    await failureOf(flow('failing-flow', () => failing()).run());
    expect(await shown('failing-flow/latest')).toEqual({ artifacts: [], metrics: [] });
    const last = await shown('failing-flow/latest', { lastAttempt: true });
    expect([last.artifacts, last.metrics]).toMatchObject([[{ name: 'why' }], [{ name: 'loss' }]]);
  });

  it('of the body, of a sub-flow, and of a reused task run', async () => {
    const cached = task(
      async () => {
        await ctx().artifact('made', [{ a: 1 }]);
        ctx().metric('rows', 1);
        return 1;
      },
      { cache: cache.default, name: 'cached' },
    );
    const inner = flow('inner', async () => {
      await ctx().artifact('inside', 1);
      return 2;
    });
    const outer = flow('outer', () => {
      void ctx().artifact('summary', markdown('all is well'));
      ctx().metric('score', 0.5);
      return [cached(), inner.asTask()()];
    });
    await outer.run();
    const first = await shown('outer/latest');
    await outer.run();
    const second = await shown('outer/latest');
    const named = ({ artifacts, metrics }: SideResults) => [...artifacts, ...metrics].map(({ index, name }) => `${index} ${name}`);
    expect(named(first)).toEqual([`${BODY_PLACE} summary`, '0 made', '1 inside', `${BODY_PLACE} score`, '0 rows']);
    expect(named(second)).toEqual(named(first));
    expect(named(await shown('outer/latest', { index: 0 }))).toEqual(['0 made', '0 rows']);
  });

  it('are stored when nobody awaits them; what cannot be stored is told in the log', async () => {
    const careless = task(
      () => {
        void ctx().artifact('large', Buffer.alloc(100_000, 1));
        ctx().artifact('bad', () => 1);
        ctx().artifact('no/name', 1);
        return 1;
      },
      { name: 'careless' },
    );
    expect(await flow('careless-flow', () => careless()).run()).toBe(1);
    expect((await shown('careless-flow/latest')).artifacts).toMatchObject([{ name: 'large', kind: 'file' }]);
    await using project = await openProject();
    const run = await project.record.run('careless-flow/latest');
    const lines = (await project.record.logs(run?.id ?? '')).map(({ level, text }) => `${level} ${text}`);
    expect(lines.sort()).toEqual([
      expect.stringMatching(/^warn not kept: artifact 'bad': it cannot be stored faithfully/),
      expect.stringMatching(/^warn not kept: expected the name of an artifact: .* got "no\/name"/),
    ]);
  });

  it('fail the task that awaits what cannot be stored', async () => {
    const failing = task(async () => await ctx().artifact('bad', Symbol('x')), { name: 'failing' });
    expect(await failureOf(flow('bad-artifact', () => failing()).run())).toMatchObject({ message: expect.stringContaining("artifact 'bad'") });
  });

  it('cannot be given when the attempt is over', async () => {
    const over = gate();
    let late: Promise<unknown> | undefined;
    const early = task(() => {
      const context = ctx();
      void over.opened.then(() => {
        context.metric('late', 1);
        late = context.artifact('late', 1);
      });
    });
    const after = task(async () => {
      over.open();
      await over.opened;
      await expect(late).rejects.toMatchObject({ code: 'ATTEMPT_OVER' });
    });
    await flow('late-flow', () => after().after(early())).run();
    expect(await shown('late-flow/latest')).toEqual({ artifacts: [], metrics: [] });
  });

  it('S29: a preview keeps nothing', async () => {
    const tracing = flow('traced', async () => {
      ctx().metric('m', 1);
      return (await ctx().artifact('a', 1)).uri;
    });
    await tracing.preview();
    await using project = await openProject();
    expect(await project.record.runs()).toEqual([]);
  });

  it('a project in memory has them as long as it lasts', async () => {
    inMemory();
    await flow('in-memory', () => void ctx().artifact('it', 'x')).run();
    const [{ kind, ref } = expect.fail('nothing was given')] = (await shown('in-memory/latest')).artifacts;
    expect([kind, await load(ref)]).toEqual(['text', 'x']);
  });
});

describe('metrics', () => {
  const training = (name: string, body: () => void): Flow<Record<never, never>, void> => {
    const train = task(body, { name: 'train' });
    return flow(name, () => train()) as never;
  };

  it('are series of numbers; a point without a step comes after the last', async () => {
    await training('series', () => {
      const { metric } = { metric: ctx().metric.bind(ctx()) };
      for (const loss of [3, 2, Number.NaN]) metric('train/loss', loss);
      metric('train/loss', 1, 10);
      metric('train/loss', 0.5);
    }).run();
    const [loss] = (await shown('series/latest', { points: true })).metrics;
    expect(loss).toMatchObject({ name: 'train/loss', count: 5, min: 0.5, max: 3, last: { step: 11, value: 0.5 } });
    expect(loss?.points).toEqual({ steps: [0, 1, 2, 10, 11], values: [3, 2, Number.NaN, 1, 0.5] });
  });

  it.each([
    ['a name that could be a path', () => ctx().metric('../loss', 1)],
    ['a value that is no number', () => ctx().metric('loss', '1' as never)],
    ['a step that is not finite', () => ctx().metric('loss', 1, Number.POSITIVE_INFINITY)],
  ])('refuses %s', async (_, body) => {
    expect(await failureOf(training('refused', body).run())).toMatchObject({ message: expect.stringMatching(/metric/) });
  });

  it('100,000 points cost little', async () => {
    const points = 100_000;
    const body = () => {
      const context = ctx();
      for (let at = 0; at < points; at++) context.metric('loss', 1 / (at + 1));
    };
    await training('warm', () => ctx().metric('loss', 1)).run();
    // Of the processor, which others may be using too.
    const before = process.cpuUsage();
    await training('many', body).run();
    const { user, system } = process.cpuUsage(before);
    const [loss] = (await shown('many/latest', { points: true })).metrics;
    expect(loss).toMatchObject({ count: points, last: { step: points - 1 } });
    expect(loss?.points?.values.length).toBe(points);
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });
});

describe('while it runs', () => {
  it('events tell of artifacts and metrics when they are recorded', async () => {
    const train = task(
      async () => {
        for (let step = 0; step < 3; step++) ctx().metric('loss', 3 - step);
        await ctx().artifact('curve', SPEC);
      },
      { name: 'train' },
    );
    const handle = flow('told', () => train()).start();
    const events = await eventsOf(handle);
    const told = events.filter(({ type }) => type === 'artifact' || type === 'metric');
    expect(told).toHaveLength(2);
    expect(told.find(({ type }) => type === 'metric')).toMatchObject({
      node: 'train#0',
      data: { attempt: 1, name: 'loss', steps: [0, 1, 2], values: [3, 2, 1] } satisfies MetricData,
    });
    expect(told.find(({ type }) => type === 'artifact')).toMatchObject({
      node: 'train#0',
      data: { attempt: 1, name: 'curve', kind: 'plot' } satisfies Partial<ArtifactData>,
    });
  });

  it('the last progress is recorded', async () => {
    const slow = task(
      () => {
        for (let at = 0; at <= 10; at++) ctx().progress(at / 20, `part ${at}`);
      },
      { name: 'slow' },
    );
    await flow('slow-flow', () => slow()).run();
    await using project = await openProject();
    const run = await project.record.run('slow-flow/latest');
    expect((await project.record.taskRuns(run?.id ?? ''))[0]?.progress).toMatchObject({ attempt: 1, fraction: 0.5, message: 'part 10' });
  });
});

describe('S18: secrets are masked', () => {
  it('in texts, in data, in names, and in files, whatever their encoding', async () => {
    const token = 'sëcret-7f3a';
    const path = join(home, 'log.txt');
    const latin1 = Buffer.concat([Buffer.from('caf\xe9 ', 'latin1'), Buffer.from(`${token}\nand ${encodeURIComponent(token)}`)]);
    writeFileSync(path, latin1);
    const leak = task(
      async (secret: string) => {
        await ctx().artifact('a-text', markdown(`it is **${secret}**`));
        await ctx().artifact('b-rows', [{ [secret]: 1, text: secret, list: [new Map([[secret, new Set([secret])]])] }]);
        await ctx().artifact('c-file', file(path));
        await ctx().artifact('d-svg', Buffer.from(`<svg><text>${secret}</text></svg>`));
        ctx().metric('of-7f3a-name', 1);
      },
      { name: 'leak' },
    );
    const leaking = flow(
      'leaking',
      { params: { token: param(z.string(), { secret: true }), short: param(z.string(), { secret: true }) } },
      ({ token: it }) => leak(it),
    );
    await leaking.run({ token, short: '7f3a' });
    const { artifacts, metrics } = await shown('leaking/latest');
    const [text, rows, stream, svg] = await Promise.all(
      artifacts.map(({ ref }) => load({ ...ref, format: ref.format === 'text' ? 'bytes' : ref.format })),
    );
    expect(Buffer.from(text as Uint8Array).toString()).toBe('it is *******');
    expect(rows).toEqual([{ '***': 1, text: '***', list: [new Map([['***', new Set(['***'])]])] }]);
    expect(Buffer.from(stream as Uint8Array).toString('latin1')).toBe('caf\xe9 ***\nand ***');
    expect(Buffer.from(svg as Uint8Array).toString()).toBe('<svg><text>***</text></svg>');
    expect(metrics.map(({ name }) => name)).toEqual(['of-***-name']);
  });
});
