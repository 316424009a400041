import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  cache,
  check,
  cron,
  csv,
  every,
  externalTask,
  flow,
  includeFile,
  json,
  limit,
  localStore,
  match,
  memoryStore,
  param,
  parquet,
  sequence,
  shell,
  type Task,
  task,
  when,
} from '../../../src/index.js';

// What plain JavaScript, or a cast, puts where a policy or serializer belongs: told when the task or flow is defined.

type Made = Task<[number], number>;

const invalid = (code: string, message: string) => expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

afterEach(() => void vi.unstubAllEnvs());

describe('options of tasks and flows', () => {
  it.each([[true], ['default'], [{}], [null], [() => 'key']])('%o is no cache policy', (policy) => {
    const options = { cache: policy as never };
    expect(() => task(() => 1, { name: 't', ...options })).toThrow(invalid('TASK_OPTION_INVALID', "expected 'cache' to be a cache policy or false"));
    expect(() => flow('f', options, () => 1)).toThrow(invalid('FLOW_OPTION_INVALID', "expected 'cache' of flow 'f' to be a cache policy"));
    expect(() => flow('f', { defaults: options }, () => 1)).toThrow(invalid('TASK_OPTION_INVALID', "expected 'cache'"));
    expect(() => task(() => 1, { name: 't' }).with(options)).toThrow(invalid('TASK_OPTION_INVALID', "expected 'cache'"));
  });

  it.each([[parquet], ['parquet'], [{ name: 'x', encode: () => new Uint8Array() }], [null]])('%o is no serializer', (serializer) => {
    expect(() => task(() => 1, { name: 't', serializer: serializer as never })).toThrow(
      invalid('TASK_OPTION_INVALID', "expected 'serializer' to be a serializer"),
    );
    expect(() => task(() => ({ a: 1 }), { name: 't', outputs: { a: serializer as never } })).toThrow(
      invalid('TASK_OPTION_INVALID', "expected 'outputs.a' to be a serializer"),
    );
  });

  it('a serializer that was not called is told how', () => {
    expect(() => task(() => 1, { name: 't', serializer: parquet as never })).toThrow(expect.objectContaining({ hint: 'Call it: parquet().' }));
  });

  it.each([
    [() => task(() => 1, { name: 't', retires: 3 } as never), 'TASK_OPTION_INVALID', "got 'retires'", "Did you mean 'retries'?"],
    [() => task(() => 1, { name: 't' }).with({ chache: false } as never), 'TASK_OPTION_INVALID', "got 'chache'", "Did you mean 'cache'?"],
    [() => flow('f', { concurency: 3 } as never, () => 1), 'FLOW_OPTION_INVALID', "of flow 'f' that there are; got 'concurency'", "'concurrency'"],
    [() => flow('f', () => 1).with({ orphan: 'wait' } as never), 'FLOW_OPTION_INVALID', "got 'orphan'", "'orphans'"],
    [() => flow('f', { defaults: { retry: 1 } as never }, () => 1), 'TASK_OPTION_INVALID', "got 'retry'", "'retries'"],
    [() => flow('f', () => 1).asTask({ traits: 1 } as never), 'TASK_OPTION_INVALID', "got 'traits'", ''],
    [() => task(() => 1, { name: 't', zzzzzzzzzz: 1 } as never), 'TASK_OPTION_INVALID', "got 'zzzzzzzzzz'", 'There are cache, captures, checks,'],
    [
      () => task(() => 1, { name: 't', hooks: { onSucces: () => 1 } as never }),
      'TASK_OPTION_INVALID',
      "of 'hooks' that there are; got 'onSucces'",
      "'onSuccess'",
    ],
    [() => flow('f', { hooks: { onFail: () => {} } as never }, () => 1), 'FLOW_OPTION_INVALID', "of 'hooks' of flow 'f' that there", "'onFailure'"],
  ])('an option that there is none of is refused, with the one that was meant: %s', (make, code, message, hint) => {
    expect(make).toThrow(invalid(code, message));
    expect(make).toThrow(expect.objectContaining({ hint: expect.stringContaining(hint) }));
  });

  it('so is one of a run, before anything runs; undefined is not said', async () => {
    vi.stubEnv('MILLRACE_HOME', ':memory:');
    const ran: number[] = [];
    const f = flow('f', { retires: undefined } as never, () => void ran.push(1));
    const refused = { code: 'RUN_OPTION_INVALID', message: expect.stringContaining("got 'forced'"), hint: "Did you mean 'force'?" };
    await expect(f.run({}, { forced: true } as never)).rejects.toMatchObject(refused);
    await expect(f.start({}, { forced: true } as never).result()).rejects.toMatchObject(refused);
    expect(ran).toEqual([]);
    const drawn = f.visualize({}, { fromat: 'svg' } as never);
    await expect(drawn).rejects.toMatchObject({ code: 'RUN_OPTION_INVALID', hint: "Did you mean 'format'?" });
  });

  it.each([
    [(t: Made) => t.mapWith({ concurency: 1 } as never)([1]), 'MAP_OPTION_INVALID', "of mapWith() that there are; got 'concurency'"],
    [(t: Made) => t.mapWith({ key: 'name' as never })([1]), 'MAP_OPTION_INVALID', 'expected \'key\' of mapWith() to be a function; got "name"'],
    [() => flow('child', () => 1).startChild({}, { wait: 'no' } as never), 'RUN_OPTION_INVALID', "'wait' of startChild() to be true or false"],
    [() => flow('child', () => 1).startChild({}, { await: false } as never), 'RUN_OPTION_INVALID', "of startChild() that there are; got 'await'"],
    [() => limit('gpu', 2, { slot: 1 } as never), 'LIMIT_INVALID', "got 'slot'"],
    [() => cron('0 6 * * *', { timezon: 'Europe/Berlin' } as never), 'SCHEDULE_INVALID', "options of cron() that there are; got 'timezon'"],
    [() => every('1h', { strat: new Date() } as never), 'SCHEDULE_INVALID', "options of every() that there are; got 'strat'"],
    [() => csv({ delimitr: ';' } as never), 'OPTION_INVALID', "options of csv() that there are; got 'delimitr'"],
    [() => param(z.string(), { secrt: true } as never), 'PARAM_DECLARATION_INVALID', "options of param() that there are; got 'secrt'"],
    [() => param({ default: 'x', secret: true } as never), 'PARAM_DECLARATION_INVALID', "options of param() that there are; got 'secret'"],
    [() => includeFile({ pars: 'json' } as never), 'PARAM_DECLARATION_INVALID', "options of includeFile() that there are; got 'pars'"],
    [() => memoryStore({ maxByte: 1 } as never), 'OPTION_INVALID', "options of memoryStore() that there are; got 'maxByte'"],
    [() => localStore('.', { durabel: false } as never), 'OPTION_INVALID', "options of localStore() that there are; got 'durabel'"],
    [
      () => externalTask('prices', { target: 'a.csv', timout: '2h' } as never),
      'TASK_OPTION_INVALID',
      "options of 'prices' that there are; got 'timout'",
    ],
    [(t: Made) => t.external({ form: memoryStore() } as never), 'TASK_OPTION_INVALID', "options of external() of 'made' that there are; got 'form'"],
    [() => flow('g', function* () {} as never), 'FLOW_NOT_A_FUNCTION', "as the body of flow 'g'; got a generator"],
    [() => shell('list', 'ls', { cdw: '/' } as never), 'SHELL_OPTION_INVALID', "options of 'list' that there are; got 'cdw'"],
    [() => shell('list', 'ls', { env: 'PATH' as never }), 'SHELL_OPTION_INVALID', "'env' of 'list' to be an object of variables by name"],
    [() => check('c', () => true, { level: 'warn' } as never), 'CHECK_INVALID', "got 'level'"],
    [
      (t: Made) => t.with({ hooks: { onStart: 'log' } as never }),
      'TASK_OPTION_INVALID',
      "expected 'onStart' of 'hooks' to be a function; got \"log\"",
    ],
    [(t: Made) => t.with({ timeout: 0 }), 'TASK_OPTION_INVALID', "'timeout' to be longer than 0; got 0"],
    [() => flow('f', { timeout: '0s' }, () => 1), 'FLOW_OPTION_INVALID', "'timeout' of flow 'f' to be longer than 0; got \"0s\""],
    [(t: Made) => when(false, t(1) as never), 'BRANCH_NOT_A_FUTURE', 'then of when() to be a function that returns a future; got the future itself'],
    [(t: Made) => match('a', { a: t(1) } as never), 'BRANCH_NOT_A_FUTURE', "case 'a' of match() to be a function"],
    [(t: Made) => sequence(t(1) as never), 'BRANCH_NOT_A_FUTURE', 'step 1 of sequence() to be a function'],
  ])('so is what a call is given: %s', async (call, code, message) => {
    vi.stubEnv('MILLRACE_HOME', ':memory:');
    const made = task((x: number) => x, { name: 'made' });
    const error: unknown = await flow('f', () => void call(made))
      .run()
      .catch((failure: Error) => failure.cause);
    expect(error).toEqual(invalid(code, message));
  });

  it('a future is put into no text, whoever asks', async () => {
    vi.stubEnv('MILLRACE_HOME', ':memory:');
    const one = task(() => 1, { name: 'one' });
    const told = flow('told', () => {
      const future = one();
      for (const use of [
        () => future.toString(),
        () => `${future}`,
        () => JSON.stringify({ future }),
        () => [...(future as never)],
        () => (future as never) + 1,
      ])
        expect(use).toThrow(expect.objectContaining({ code: 'FUTURE_NOT_A_VALUE' }));
    });
    await told.run();
  });

  it('takes what is one', () => {
    task(() => [{ a: 1 }], { name: 't', cache: false, serializer: csv() });
    task(() => ({ a: 1, b: 2 }), { name: 't', cache: cache.default.ttl('1h'), outputs: { a: json() } });
    flow('options-checked', { cache: cache.run }, () => 1);
  });
});
