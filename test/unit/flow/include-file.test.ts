import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ParameterSources, type ParamSpec, resolveParameters } from '../../../src/flow/parameters.js';
import { cache, ctx, type FileRef, file, flow, includeFile, localStore, ParameterError, task } from '../../../src/index.js';
import { PARAMETERS_PLACE } from '../../../src/model/records.js';
import { openProject } from '../../../src/runtime/project.js';
import { freshHome, recorded } from '../engine/workbench.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-include-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => void freshHome());

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function value(data: ParamSpec[keyof ParamSpec], sources: ParameterSources): Promise<unknown> {
  return (await resolveParameters({ data } as ParamSpec, sources)).values.data;
}

/** What is wrong, without the folder. */
async function refusal(data: unknown, sources: ParameterSources): Promise<string> {
  const thrown = await resolveParameters({ data } as ParamSpec, sources).then(
    (resolved) => resolved,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ParameterError)) throw new Error(`expected a ParameterError; got ${JSON.stringify(thrown)}`);
  return thrown.message.replaceAll(`${folder}/`, '');
}

const Rows = z.array(z.object({ id: z.string(), n: z.number(), ok: z.boolean().optional(), note: z.string().nullable().optional() }));

describe('S17: includeFile gives the content of a file', () => {
  it('as text, from every source; by its path or as a file', async () => {
    const path = write('text.txt', 'h\u00e9llo\n');
    expect(await value(includeFile(), { commandLine: { data: path } })).toBe('h\u00e9llo\n');
    expect(await value(includeFile(), { environment: { MILLRACE_PARAM_DATA: path } })).toBe('h\u00e9llo\n');
    expect(await value(includeFile(), { file: { name: 'p.json', values: { data: path } } })).toBe('h\u00e9llo\n');
    expect(await value(includeFile(), { argument: { data: file(path) } })).toBe('h\u00e9llo\n');
    expect(await value(includeFile({ default: path }), {})).toBe('h\u00e9llo\n');
  });

  it('as JSON that fits a schema, and parsed by a function', async () => {
    const path = write('conf.json', '\ufeff{"a": [1, 2], "__proto__": 1}');
    const schema = z.object({ a: z.array(z.number()), b: z.string().default('x') });
    expect(await value(includeFile({ parse: 'json', schema }), { commandLine: { data: path } })).toEqual({ a: [1, 2], b: 'x' });
    expect(await value(includeFile({ parse: (text: string) => text.length }), { commandLine: { data: path } })).toBe(29);
  });

  it('as CSV: cells become what the schema asks for', async () => {
    const path = write('rows.csv', 'id,n,ok,note\r\n007,1.5,true,\r\n"a\r\nb",2,,"x, y"\r\n\r\n');
    expect(await value(includeFile({ parse: 'csv', schema: Rows }), { commandLine: { data: path } })).toEqual([
      { id: '007', n: 1.5, ok: true, note: null },
      { id: 'a\r\nb', n: 2, note: 'x, y' },
    ]);
    const texts = z.array(z.record(z.string(), z.string()));
    expect(await value(includeFile({ parse: 'csv', schema: texts }), { commandLine: { data: write('n.csv', 'a,b\n1,\n') } })).toEqual([
      { a: '1', b: '' },
    ]);
  });

  it('as CSV, where the schema does not tell its types: by the columns, and as text where that is refused', async () => {
    const schema = v.array(v.object({ zip: v.string(), n: v.number(), ok: v.boolean(), gap: v.nullable(v.number()) }));
    const path = write('zip.tsv', 'zip\tn\tok\tgap\n12345\t1\ttrue\t\n00501\t2\tfalse\t7\n');
    expect(await value(includeFile({ parse: 'csv', schema }), { commandLine: { data: path } })).toEqual([
      { zip: '12345', n: 1, ok: true, gap: null },
      { zip: '00501', n: 2, ok: false, gap: 7 },
    ]);
  });

  it('with a delimiter of its own', async () => {
    const path = write('semi.csv', 'id;n\nx;1\n');
    expect(await value(includeFile({ parse: 'csv', delimiter: ';', schema: Rows }), { commandLine: { data: path } })).toEqual([{ id: 'x', n: 1 }]);
  });

  it.each([
    ['a missing file', includeFile(), 'none.txt', "parameter 'data' (from command line): expected a file at 'none.txt', got none (seen from "],
    ['a folder', includeFile(), '.', "expected a file at '.', got a folder"],
    ['other bytes than UTF-8', includeFile(), write('bytes.bin', Uint8Array.of(0xff, 0xfe)), "expected UTF-8 text in 'bytes.bin', got other bytes"],
    [
      'no JSON',
      includeFile({ parse: 'json', schema: z.any() }),
      write('bad.json', '{\n  "a": 1,\n  b: 2\n}'),
      "expected JSON in 'bad.json', got something else at line 3, column 3",
    ],
    [
      'JSON that does not fit',
      includeFile({ parse: 'json', schema: z.object({ a: z.object({ b: z.number() }) }) }),
      write('misfit.json', '{"a": {"b": "x"}}'),
      "expected the content of 'misfit.json' to fit its schema, got at a.b: Invalid input: expected number, received string",
    ],
    [
      'cells that do not fit, with their lines',
      includeFile({ parse: 'csv', schema: Rows }),
      write('misfit.csv', 'id,n\n"a\nb",1\nx,many\ny,2\nz,few\n'),
      "got line 4, column 'n': Invalid input: expected number, received string; line 6, column 'n': Invalid input: expected number, received string",
    ],
    [
      'a column that is not there',
      includeFile({ parse: 'csv', schema: Rows }),
      write('less.csv', 'id,m\nx,1\n'),
      "line 2, column 'n': Invalid input",
    ],
    [
      'lines of other lengths',
      includeFile({ parse: 'csv', schema: Rows }),
      write('short.csv', 'id,n\nx,1\ny\n'),
      `expected CSV with the delimiter "," in 'short.csv', got Invalid Record Length: expect 2, got 1 on line 3`,
    ],
    ['two columns of one name', includeFile({ parse: 'csv', schema: Rows }), write('twice.csv', 'n,n\n1,2\n'), "got two columns named 'n' in line 1"],
    [
      'what its parser refuses',
      includeFile({
        parse: () => {
          throw new Error('not mine');
        },
      }),
      write('any.txt', ''),
      "expected 'any.txt' to be what its parser takes, got an error: not mine",
    ],
    ['nothing', includeFile(), undefined, "parameter 'data' is missing: expected a file"],
  ])('refuses %s, before anything runs', async (_, data, path, said) => {
    const at = path?.startsWith('/') || path === undefined ? path : join(folder, path);
    expect(await refusal(data, at === undefined ? {} : { commandLine: { data: at } })).toContain(
      said === "expected a file at '.', got a folder" ? 'got a folder' : said,
    );
  });

  it('of many wrong cells, tells the first', async () => {
    const path = write('many.csv', `id,n\n${'x,bad\n'.repeat(100)}`);
    expect(await refusal(includeFile({ parse: 'csv', schema: Rows }), { commandLine: { data: path } })).toMatch(
      /line 6, column 'n': [^;]*; and 95 more$/,
    );
  });

  it.each([
    [() => includeFile({ parse: 'csv' } as never), /expects 'schema' with parse: 'csv'; got undefined/],
    [() => includeFile({ parse: 'xml' } as never), /'parse' to be 'text', 'json', 'csv' or a function; got "xml"/],
    [() => includeFile({ default: 1 } as never), /'default' to be the path of a file; got 1/],
    [() => includeFile({ parse: 'csv', delimiter: ', ', schema: Rows }), /'delimiter' to be one character/],
  ])('a declaration that says nothing is refused %#', (declare, said) => {
    expect(declare).toThrow(said);
  });
});

describe('S18: the content is kept with the run', () => {
  const length = task((rows: readonly unknown[]) => rows.length, { cache: cache.default, name: 'length' });
  const counting = flow('counting', { params: { data: includeFile({ parse: 'csv', schema: Rows, help: 'the rows' }) } }, ({ data }) => length(data));

  async function contentKept(): Promise<{ readonly kind: string; readonly rows: unknown }> {
    await using project = await openProject();
    const { run } = await recorded('counting/latest');
    const [row] = await project.record.runArtifacts(run.id, { index: PARAMETERS_PLACE });
    if (row === undefined) throw new Error('nothing is kept');
    const rows = await project.keeper.load([{ name: '', ref: row.ref }], { serializer: undefined, outputs: undefined, store: undefined });
    return { kind: `${row.name} ${row.kind}`, rows };
  }

  it('and read back as the run has read it, whatever stands between the cells', async () => {
    const odd = flow('counting', { params: { data: includeFile({ parse: 'csv', delimiter: '#', schema: Rows }) } }, ({ data }) => length(data));
    await odd.run({ data: file(write('odd.csv', 'id#n\nx#1\n')) });
    expect(await contentKept()).toEqual({ kind: 'data table', rows: [{ id: 'x', n: 1 }] });
    // Points are in numbers: our own tables are never written so.
    const dots = flow('counting', { params: { data: includeFile({ parse: 'csv', delimiter: '.', schema: Rows }) } }, ({ data }) => length(data));
    await dots.run({ data: file(write('dots.csv', 'id.n\nx.1\n')) });
    expect(await contentKept()).toEqual({ kind: 'data table', rows: 'id.n\nx.1\n' });
  });

  it('and looked up; keys count the content, not the path', async () => {
    const path = write('kept.csv', 'id,n\nx,1\n');
    expect(await counting.run({ data: file(path) })).toBe(1);
    expect(await contentKept()).toEqual({ kind: 'data table', rows: [{ id: 'x', n: 1 }] });
    const latest = await counting.latest();
    expect(latest?.params.data).toMatchObject({ path, bytes: 9 } satisfies Partial<FileRef>);
    expect((await counting.latest({ params: { data: file(path) } }))?.id).toBe(latest?.id);
    mkdirSync(join(folder, 'elsewhere'), { recursive: true });
    await counting.run({ data: file(write('elsewhere/moved.csv', 'id,n\nx,1\n')) });
    expect((await recorded('counting/latest')).states).toEqual({ 'length#0': 'cached' });
    await counting.run({ data: file(write('kept.csv', 'id,n\nx,2\n')) });
    expect((await recorded('counting/latest')).states).toEqual({ 'length#0': 'success' });
  });

  it.each([
    ['small, in the record', 1],
    ['large, in the store', 20_000],
  ])('a run that is taken up again gets what was used, although the file has changed: %s', async (_, rows) => {
    const path = write('changing.csv', `id,n\n${'x,1\n'.repeat(rows)}`);
    await counting.run({ data: file(path) });
    const given = (await counting.latest())?.params as { readonly data: FileRef };
    write('changing.csv', 'id,n\n');
    expect(await counting.run(given)).toBe(rows);
    rmSync(path);
    expect(await counting.run(given)).toBe(rows);
  });

  it('also in the store of the flow', async () => {
    const inStore = counting.with({ store: localStore(join(folder, 'store')) });
    const path = write('stored.csv', 'id,n\nx,1\n');
    await inStore.run({ data: file(path) });
    const given = (await counting.latest())?.params as { readonly data: FileRef };
    rmSync(path);
    expect(await inStore.run(given)).toBe(1);
    // Another store has it not.
    freshHome();
    await expect(counting.run(given)).rejects.toThrow(/expected a file at .*stored\.csv', got none/);
  });

  it('a file that was given and has changed is refused where nobody kept it', async () => {
    const path = write('changed.csv', 'id,n\nx,1\n');
    const given = { data: file(path) };
    write('changed.csv', 'id,n\nx,2\n');
    await expect(counting.run(given)).rejects.toThrow(/expected the file '.*changed\.csv' as it was, with digest [0-9a-f]{16}…, got another content/);
  });

  it('in a sub-flow too', async () => {
    const path = write('inner.csv', 'id,n\nx,1\n');
    const outer = flow('around', () => {
      ctx().log.info('here');
      return counting.asTask()({ data: file(path) });
    });
    expect(await outer.run()).toBe(1);
  });

  it('S22b: a sub-flow that is reused as a whole runs again when its file has changed', async () => {
    const path = write('default.csv', 'id,n\nx,1\n');
    const inner = flow('inner', { params: { data: includeFile({ default: path }) } }, ({ data }) => length([...data]));
    const outer = flow('around-default', () => inner.asTask({ cache: cache.default })());
    expect([await outer.run(), await outer.run()]).toEqual([9, 9]);
    expect((await recorded('around-default/latest')).states).toEqual({ 'inner#0': 'cached' });
    write('default.csv', 'id,n\nx,1\ny,2\n');
    expect(await outer.run()).toBe(13);
  });
});
