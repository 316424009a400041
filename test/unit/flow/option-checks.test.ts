import { describe, expect, it } from 'vitest';
import { cache, csv, flow, json, parquet, task } from '../../../src/index.js';

// What plain JavaScript, or a cast, puts where a policy or serializer belongs: told when the task or flow is defined.

const invalid = (code: string, message: string) => expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

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

  it('takes what is one', () => {
    task(() => [{ a: 1 }], { name: 't', cache: false, serializer: csv() });
    task(() => ({ a: 1, b: 2 }), { name: 't', cache: cache.default.ttl('1h'), outputs: { a: json() } });
    flow('options-checked', { cache: cache.run }, () => 1);
  });
});
