import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { MillraceError } from '../../../src/base/error.js';
import {
  describeParameters,
  type Param,
  ParameterError,
  type ParameterSources,
  type ParamSpec,
  type ParamsIn,
  type ParamsOf,
  param,
  parseParamArguments,
  readParamFile,
  resolveParameters,
} from '../../../src/flow/parameters.js';

const spec = {
  path: param(z.string().min(1), { help: 'Where the data lie' }),
  testRatio: param({ default: 0.2, env: 'RATIO' }),
  kind: z.enum(['rf', 'gb']).default('rf'),
  k: v.optional(v.number(), 3),
  verbose: param({ default: false }),
};

async function values(parameters: ParamSpec, sources: ParameterSources): Promise<unknown> {
  return (await resolveParameters(parameters, sources)).values;
}

async function failure(parameters: ParamSpec, sources: ParameterSources): Promise<ParameterError> {
  const thrown: unknown = await resolveParameters(parameters, sources).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ParameterError) return thrown;
  throw new Error(`expected a ParameterError, got ${String(thrown)}`);
}

describe('S17 sources by precedence', () => {
  const all: Required<Omit<ParameterSources, 'secrets' | 'contents'>> = {
    argument: { testRatio: 0.1 },
    commandLine: { testRatio: '0.3' },
    file: { name: 'p.json', values: { testRatio: 0.4 } },
    recorded: { testRatio: 0.45 },
    environment: { MILLRACE_PARAM_TEST_RATIO: '0.5', MILLRACE_PARAM_TESTRATIO: '0.6', RATIO: '0.7' },
  };
  const only = { testRatio: spec.testRatio };
  const { environment } = all;

  it.each<[ParameterSources, number, string]>([
    [all, 0.1, 'argument'],
    [{ ...all, argument: { testRatio: undefined } }, 0.3, 'command line'],
    [{ file: all.file, environment }, 0.4, 'file p.json'],
    [{ recorded: all.recorded, environment }, 0.45, 'earlier run'],
    [{ environment }, 0.5, 'environment MILLRACE_PARAM_TEST_RATIO'],
    [{ environment: { ...environment, MILLRACE_PARAM_TEST_RATIO: undefined } }, 0.6, 'environment MILLRACE_PARAM_TESTRATIO'],
    [{ environment: { RATIO: '0.7' } }, 0.7, 'environment RATIO'],
    [{}, 0.2, 'default'],
  ])('%#: %o', async (sources, value, origin) => {
    expect(await resolveParameters(only, sources)).toEqual({ values: { testRatio: value }, sources: { testRatio: origin }, secrets: [], files: {} });
  });

  it('takes each parameter from its own source', async () => {
    const resolved = await resolveParameters(spec, {
      argument: { path: 'a.csv' },
      commandLine: { kind: 'gb' },
      environment: { MILLRACE_PARAM_K: '7' },
    });
    expect(resolved.values).toEqual({ path: 'a.csv', testRatio: 0.2, kind: 'gb', k: 7, verbose: false });
    expect(resolved.sources).toEqual({
      path: 'argument',
      testRatio: 'default',
      kind: 'command line',
      k: 'environment MILLRACE_PARAM_K',
      verbose: 'default',
    });
  });
});

describe('S17 text becomes a value', () => {
  const zod: readonly [ParamSpec[string & keyof ParamSpec], string, unknown][] = [
    [z.number(), '0.5', 0.5],
    [z.number(), ' -1e3 ', -1000],
    [z.int(), '12', 12],
    [z.string(), '12', '12'],
    [z.string(), '', ''],
    [z.boolean(), 'true', true],
    [z.array(z.number()), '[1,2]', [1, 2]],
    [z.object({ a: z.number() }), '{"a":1}', { a: 1 }],
    [z.record(z.string(), z.number()), '{"a":1,"__proto__":{"b":2},"constructor":3}', { a: 1 }],
    [z.enum(['1', 'true']), '1', '1'],
    [z.literal([1, 'two', null]), '1', 1],
    [z.literal(true), 'true', true],
    [z.nullable(z.number()), 'null', null],
    [z.union([z.number(), z.string()]), '5', 5],
    [z.union([z.string(), z.number()]), '5', '5'],
    [z.union([z.literal('auto'), z.number()]), 'auto', 'auto'],
    [z.union([z.literal('auto'), z.number()]), '5', 5],
    [
      z
        .string()
        .default('a,b')
        .transform((list) => list.split(',')),
      'c,d',
      ['c', 'd'],
    ],
    [z.iso.date(), '2026-01-02', '2026-01-02'],
    [z.coerce.date(), '2026-01-02', new Date('2026-01-02')],
    [z.any(), '{"a":1}', '{"a":1}'],
    [z.number().refine(async (n) => n > 1), '5', 5],
    [v.number(), '5', 5],
    [v.string(), '5', '5'],
    [z.array(z.number()), '1, 2,3', [1, 2, 3]],
    [z.array(z.number()), '', []],
    [z.array(z.string()), 'a,1', ['a', '1']],
    [z.array(z.enum(['rf', 'gb'])), 'gb,rf', ['gb', 'rf']],
    [z.array(z.boolean()).default([]), 'true,false', [true, false]],
    [z.union([z.number(), z.array(z.number())]), '1,2', [1, 2]],
    [param(z.array(z.number()), { delimiter: ';' }), '1;2', [1, 2]],
    [v.array(v.string()), '["a"]', ['a']],
    [v.optional(v.array(v.number()), [1]), '5,6', [5, 6]],
    [v.optional(v.number(), 3), '5', 5],
    [v.optional(v.boolean(), false), 'true', true],
    [
      v.pipe(
        v.optional(v.string(), 'a'),
        v.transform((text) => text.length),
      ),
      'four',
      4,
    ],
    [param({ default: 3 }), '5', 5],
    [param({ default: 'x' }), '5', '5'],
    [param({ default: false }), 'true', true],
  ];
  it.each(zod.map(([schema, text, value], index) => ({ index, schema, text, value })))(
    '$index: $text gives $value',
    async ({ schema, text, value }) => {
      expect(await values({ x: schema } as ParamSpec, { commandLine: { x: text } })).toEqual({ x: value });
      expect(await values({ x: schema } as ParamSpec, { environment: { MILLRACE_PARAM_X: text } })).toEqual({ x: value });
    },
  );

  it.each<[unknown, string]>([
    [z.number(), 'abc'],
    [z.number(), ''],
    [z.number(), '0x1f'],
    [z.number(), '1e999'],
    [z.number().max(1), '2'],
    [z.coerce.number(), ''],
    [z.boolean(), 'yes'],
    [z.array(z.number()), '1,x'],
    [z.array(z.number()), '[1,2'],
    [z.array(z.array(z.number())), '1,2'],
    [z.enum(['rf', 'gb']), 'svm'],
    [v.number(), 'abc'],
    [param({ default: 3 }), '5x'],
    [param({ default: true }), '1'],
  ])('%#: refuses %o given as %j', async (schema, text) => {
    const error = await failure({ x: schema } as ParamSpec, { commandLine: { x: text } });
    expect(error.issues).toMatchObject([{ parameter: 'x', problem: 'invalid', got: JSON.stringify(text), source: 'command line' }]);
  });

  it('S18: an error about one parameter does not show the secret of another, whole or cut', async () => {
    const params = { token: param(z.string(), { secret: true }), n: z.number(), url: z.url() } as ParamSpec;
    const token = 'tökén "1234567890"';
    const long = `${'x'.repeat(70)}${token}`;
    const { message } = await failure(params, { argument: { token, n: `for ${token}`, url: long } });
    expect(message).toContain('expected number (Invalid input: expected number, received string), got "for ***"');
    expect(message).not.toContain('tökén');
  });

  it('does not coerce what is given as a value', async () => {
    expect((await failure(spec, { argument: { path: 'a', testRatio: '0.3' } })).message).toBe(
      'parameter \'testRatio\' (from argument): expected number, got "0.3"',
    );
    expect((await failure(spec, { argument: { path: 'a' }, file: { name: 'p.json', values: { verbose: 'true' } } })).message).toBe(
      'parameter \'verbose\' (from file p.json): expected boolean, got "true"',
    );
    expect(await values({ n: z.coerce.number() }, { argument: { n: '3' } })).toEqual({ n: 3 });
  });

  it('reads any JSON value back from its text, when the schema says JSON', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer(), fc.boolean(), fc.array(fc.integer()), fc.double({ noNaN: true, noDefaultInfinity: true })),
        async (value) => {
          const schema = typeof value === 'number' ? z.number() : typeof value === 'boolean' ? z.boolean() : z.array(z.number());
          const plain: unknown = JSON.parse(JSON.stringify(value));
          expect(await values({ x: schema }, { commandLine: { x: JSON.stringify(value) } })).toEqual({ x: plain });
        },
      ),
    );
  });
});

describe('S17 errors before anything runs', () => {
  it('reports everything together, each with name, expected, got and source', async () => {
    const error = await failure(spec, { argument: { testRato: 0.3 }, commandLine: { kind: 'svm' }, environment: { MILLRACE_PARAM_K: 'many' } });
    expect(error).toBeInstanceOf(MillraceError);
    expect(error.code).toBe('PARAMETER_INVALID');
    expect(error.issues.map(({ parameter, problem, source }) => [parameter, problem, source])).toEqual([
      ['path', 'missing', 'none'],
      ['kind', 'invalid', 'command line'],
      ['k', 'invalid', 'environment MILLRACE_PARAM_K'],
      ['testRato', 'unknown', 'argument'],
    ]);
    expect(error.message).toContain("parameter 'path' is missing: expected string");
    expect(error.message).toContain("expected 'rf' | 'gb'");
    expect(error.message).toContain("unknown parameter 'testRato' (from argument): did you mean 'testRatio'?");
    expect(error.hint).toContain('MILLRACE_PARAM_PATH');
  });

  it('lists the names when none is near, and ignores the environment, which many flows share', async () => {
    expect((await failure({ a: param({ default: 1 }) }, { argument: { somethingElse: 1 } })).issues[0]?.expected).toBe("one of 'a'");
    expect((await failure({}, { commandLine: { a: '1' } })).issues[0]?.expected).toBe('none, the flow has no parameters');
    expect(await values({}, { environment: { MILLRACE_PARAM_OTHER: '1' } })).toEqual({});
  });

  it('tells a missing value from a default by asking the schema, also a coercing one', async () => {
    expect((await failure({ x: z.coerce.string() }, {})).issues[0]?.problem).toBe('missing');
    expect(await values({ x: z.string().optional(), y: z.number().default(2), w: v.optional(v.string()) }, {})).toEqual({
      x: undefined,
      y: 2,
      w: undefined,
    });
  });

  it('refuses names that would reach a prototype, and drops such keys inside values', async () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "a": {"__proto__": {"x": 1}, "b": 1}}') as Record<
      string,
      unknown
    >;
    const error = await failure({ a: z.any() }, { argument: hostile });
    expect(error.issues.map((issue) => [issue.parameter, issue.problem])).toEqual([
      ['__proto__', 'unknown'],
      ['constructor', 'unknown'],
    ]);
    const { a } = (await values({ a: z.any() }, { argument: { a: hostile.a } })) as { a: object };
    expect(Object.keys(a)).toEqual(['b']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(await values({ toString: param({ default: 1 }) }, {})).toEqual({ toString: 1 });
  });

  it('counts a schema whose code throws as a refusal', async () => {
    const broken = z.number().refine(() => {
      throw new Error('boom');
    });
    expect((await failure({ x: broken }, { argument: { x: 1 } })).message).toContain('boom');
  });

  it('refuses arguments that are no object', async () => {
    for (const argument of [[1], 5, 'x'])
      expect((await failure(spec, { argument: argument as never })).message).toContain('an object with the parameters by name');
  });
});

describe('S18 parameters are immutable, secrets masked', () => {
  it('freezes what the run gets at every depth, and leaves the caller’s own alone', async () => {
    const mine = { deep: { list: [1, { a: 1 }] }, when: new Date(0) };
    const { config } = (await values({ config: z.any() }, { argument: { config: mine } })) as { config: typeof mine };
    expect(config).toEqual(mine);
    expect([config, config.deep, config.deep.list, config.deep.list[1]].every(Object.isFrozen)).toBe(true);
    expect([mine, mine.deep, mine.deep.list].some(Object.isFrozen)).toBe(false);
    expect(config.when).toBe(mine.when);
  });

  it('hands out secret texts for masking, and shows none in messages, defaults or issues', async () => {
    const canary = 'canary-5d1f';
    const token = param(v.pipe(v.string(), v.regex(/^ok/)), { env: 'TOKEN', secret: true });
    const error = await failure({ token, other: z.number() }, { environment: { TOKEN: canary }, argument: { other: 1, toke: canary } });
    expect(JSON.stringify([error.message, error.hint, error.issues, error.stack, error.cause])).not.toContain(canary);
    expect(error.issues[0]).toMatchObject({ parameter: 'token', got: '***' });
    const nested = param(
      z.object({ user: z.string(), pin: z.number() }).transform((o) => ({ ...o, joined: `${o.user}:${o.pin}` })),
      { secret: true },
    );
    const { secrets } = await resolveParameters({ nested }, { commandLine: { nested: '{"user":"me","pin":1234}' } });
    expect(secrets).toEqual(expect.arrayContaining(['{"user":"me","pin":1234}', 'me', '1234', 'me:1234']));
    // Not on a command line, which others see.
    const missing = await failure({ token }, {});
    expect(missing.hint).toBe('Give it as TOKEN, in the environment or as a line TOKEN=… of the file of secrets, .millrace/secrets (mode 0600).');
    expect((await failure({ n: param(z.number(), { env: 'N_OF_MINE' }) }, {})).hint).toMatch(/or as N_OF_MINE\.$/);
    const info = describeParameters({ token: param(z.string().default(canary), { secret: true }) });
    expect(info[0]).toMatchObject({ secret: true, default: '***' });
  });
});

describe('S17 one schema for all parameters', () => {
  const whole = z.object({ path: z.string(), ratio: z.number().default(0.2), tag: z.union([z.number(), z.string()]).optional() });

  it('takes each from its source and lets the schema judge them together', async () => {
    const resolved = await resolveParameters(whole, {
      argument: { path: 'a' },
      commandLine: { tag: '5' },
      environment: { MILLRACE_PARAM_RATIO: '0.5' },
    });
    expect(resolved.values).toEqual({ path: 'a', ratio: 0.5, tag: 5 });
    expect(resolved.sources).toEqual({ path: 'argument', ratio: 'environment MILLRACE_PARAM_RATIO', tag: 'command line' });
    expect((await resolveParameters(whole, { argument: { path: 'a' } })).sources.ratio).toBe('default');
  });

  it('reports what is missing, ill-typed and unknown', async () => {
    const error = await failure(whole, { argument: { pth: 'a' }, file: { name: 'p.json', values: { ratio: 'x' } } });
    expect(error.issues.map(({ parameter, problem, source }) => [parameter, problem, source])).toEqual([
      ['path', 'missing', 'none'],
      ['ratio', 'invalid', 'file p.json'],
      ['pth', 'unknown', 'argument'],
    ]);
    expect(error.issues[2]?.suggestion).toBe('path');
    expect((await failure(whole, { commandLine: { path: 'a', ratio: 'x' } })).issues).toMatchObject([
      { parameter: 'ratio', expected: 'number', got: '"x"' },
    ]);
  });

  it('allows other names where the schema does', async () => {
    expect(await values(z.looseObject({ a: z.number() }), { argument: { a: 1, b: 2 } })).toEqual({ a: 1, b: 2 });
  });

  it('works with valibot, which offers no JSON Schema', async () => {
    const schema = v.object({ path: v.string(), k: v.optional(v.number(), 3), list: v.array(v.number()) });
    expect(await values(schema, { commandLine: { path: '5', k: '7', list: '[1]' } })).toEqual({ path: '5', k: 7, list: [1] });
    expect((await failure(schema, { argument: { path: 'a', list: [], kk: 1 } })).issues).toMatchObject([
      { parameter: 'kk', problem: 'unknown', suggestion: 'k' },
    ]);
    const bad = await failure(schema, { commandLine: { path: 'a', k: 'x', list: '[1]' } });
    expect(bad.issues).toMatchObject([{ parameter: 'k', problem: 'invalid', got: '"x"' }]);
    const checked = v.pipe(
      schema,
      v.check(({ k }) => k > 5, 'k is too small'),
    );
    expect((await failure(checked, { argument: { path: 'a', list: [] } })).message).toContain('k is too small');
  });
});

describe('describeParameters', () => {
  it('says name, type, default and help of each', () => {
    expect(describeParameters(spec)).toEqual([
      { name: 'path', type: 'string', required: true, help: 'Where the data lie', secret: false, significant: true },
      { name: 'testRatio', type: 'number', required: false, default: 0.2, env: 'RATIO', secret: false, significant: true },
      { name: 'kind', type: "'rf' | 'gb'", required: false, default: 'rf', secret: false, significant: true },
      { name: 'k', type: 'number', required: false, default: 3, secret: false, significant: true },
      { name: 'verbose', type: 'boolean', required: false, default: false, secret: false, significant: true },
    ]);
  });

  it('falls back gracefully', () => {
    const odd = {
      when: z.date(),
      name: v.string(),
      list: z.array(z.enum(['a', 'b'])),
      later: z.string().refine(async () => true),
      opt: z.number().nullable().optional(),
    };
    expect(describeParameters(odd).map(({ name, type, required }) => [name, type, required])).toEqual([
      ['when', 'unknown', true],
      ['name', 'unknown', true],
      ['list', "('a' | 'b')[]", true],
      ['later', 'string', true],
      ['opt', 'number | null', false],
    ]);
  });

  it('looks into a schema for all parameters as far as it can', () => {
    const zod = z.object({ path: z.string().describe('The path'), ratio: z.number().default(0.2) });
    expect(describeParameters(zod)).toEqual([
      { name: 'path', type: 'string', required: true, help: 'The path', secret: false, significant: true },
      { name: 'ratio', type: 'number', required: false, default: 0.2, secret: false, significant: true },
    ]);
    expect(describeParameters(v.object({ k: v.optional(v.number(), 3) }))).toMatchObject([
      { name: 'k', type: 'number', required: false, default: 3 },
    ]);
  });
});

describe('declaring', () => {
  it('refuses what is neither a schema nor a default', () => {
    const code = expect.objectContaining({ code: 'PARAM_DECLARATION_INVALID' });
    expect(() => param({ default: [1] } as never)).toThrow(code);
    expect(() => param(undefined as never)).toThrow(code);
    expect(() => describeParameters({ a: 0.2 } as never)).toThrow(code);
    expect(() => describeParameters(JSON.parse('{"__proto__": 1}') as never)).toThrow(code);
  });

  it('infers what the body gets and what a run is given', () => {
    expectTypeOf(spec.path).toEqualTypeOf<Param<string, string, false>>();
    expectTypeOf(spec.testRatio).toEqualTypeOf<Param<number, number, true>>();
    expectTypeOf<ParamsOf<typeof spec>>().toEqualTypeOf<{
      readonly path: string;
      readonly testRatio: number;
      readonly kind: 'rf' | 'gb';
      readonly k: number;
      readonly verbose: boolean;
    }>();
    expectTypeOf<{ path: string }>().toExtend<ParamsIn<typeof spec>>();
    expectTypeOf<{ testRatio: number }>().not.toExtend<ParamsIn<typeof spec>>();
  });
});

describe('parseParamArguments', () => {
  it('splits at the first =', () => {
    expect({ ...parseParamArguments(['a=1', 'b=x=y', 'c=']) }).toEqual({ a: '1', b: 'x=y', c: '' });
  });

  it.each([[['a']], [['=1']], [['a=1', 'a=2']]])('refuses %j', (args) => {
    expect(() => parseParamArguments(args)).toThrow(expect.objectContaining({ code: 'PARAM_SYNTAX' }));
  });

  it('hands a hostile name on to be refused as unknown', async () => {
    expect((await failure({}, { commandLine: parseParamArguments(['__proto__=1']) })).issues).toMatchObject([
      { parameter: '__proto__', problem: 'unknown' },
    ]);
  });
});

describe('readParamFile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-params-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const fileWith = async (text: string): Promise<string> => {
    const path = join(await mkdtemp(join(folder, 'f-')), 'params.json');
    await writeFile(path, text);
    return path;
  };

  it('reads values by name, whatever the byte order mark', async () => {
    const path = await fileWith('\uFEFF{"testRatio": 0.3, "deep": {"__proto__": {"x": 1}, "a": [1]}}');
    expect(await readParamFile(path)).toEqual({ name: path, values: { testRatio: 0.3, deep: { a: [1] } } });
  });

  it.each([
    ['{\n  "a": 1,\n  "b": tru\n}', 'line 3, column 8'],
    ['{"a": 1,}', 'line 1, column 9'],
    ['{"a": 1} x', 'line 1, column 10'],
    ['{"a": 01}', 'line 1, column 7'],
    ['{\n  // why\n  "a": 1\n}', 'line 2, column 3'],
    ["{'a': 1}", 'line 1, column 2'],
    ['{"a": "hunter2}', 'line 1, column 7'],
    ['{"a": [1, 2', 'line 1, column 12'],
    ['{"a": -x}', 'line 1, column 7'],
    ['', 'line 1, column 1'],
  ])('says where %j is no JSON, without quoting it', async (text, place) => {
    const thrown = await readParamFile(await fileWith(text)).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'PARAM_FILE_INVALID', message: expect.stringContaining(place) });
    expect((thrown as Error).message).not.toContain('hunter2');
  });

  it('refuses what is no object, and files that are not there', async () => {
    for (const text of ['[1]', 'null', '3']) await expect(readParamFile(await fileWith(text))).rejects.toMatchObject({ code: 'PARAM_FILE_INVALID' });
    await expect(readParamFile(join(folder, 'none.json'))).rejects.toMatchObject({
      code: 'PARAM_FILE_UNREADABLE',
      message: expect.stringContaining('no such file'),
    });
    await expect(readParamFile(folder)).rejects.toMatchObject({ code: 'PARAM_FILE_UNREADABLE' });
  });
});
