import { describe, expect, it } from 'vitest';
import { flow, param, task } from '../../../src/index.js';
import { refusal } from './refusal.js';

let started = 0;
const count = task(
  (ratio: number) => {
    started++;
    return ratio;
  },
  { name: 'count' },
);
const ratios = flow('ratios', { params: { ratio: param({ default: 0.5 }), model: param({ default: 'rf' }) } }, ({ ratio }) => {
  started++;
  return count(ratio);
});
const text = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => (typeof value === 'string' ? { value } : { issues: [{ message: 'expected a string' }] }),
  },
} as const;
const needy = flow('needy', { params: { path: param(text) } }, ({ path }) => path);

describe('wrong parameters are refused before anything runs (S17)', () => {
  it('missing: its name, and every way to give it', async () => {
    expect(await refusal(needy.run({} as never))).toEqual({
      code: 'PARAMETER_INVALID',
      message: "parameter 'path' is missing: expected a value",
      hint: 'Give it as an argument, with --param path=…, in a --param-file, or as MILLRACE_PARAM_PATH.',
    });
  });

  it('unknown: the nearest name', async () => {
    expect(await refusal(ratios.run({ rato: 1 } as never))).toMatchObject({
      code: 'PARAMETER_INVALID',
      message: "unknown parameter 'rato' (from argument): did you mean 'ratio'?",
    });
  });

  it('ill-typed: what was expected, what came, and from where', async () => {
    expect(await refusal(ratios.run({ ratio: 'much' } as never))).toMatchObject({
      code: 'PARAMETER_INVALID',
      message: 'parameter \'ratio\' (from argument): expected number, got "much"',
    });
  });

  it('several at once are told at once, and neither body nor task ran, nor is there a run', async () => {
    const { message } = await refusal(ratios.run({ ratio: 'much', modle: 'gb' } as never));
    expect(message).toContain("2 parameters are wrong:\n  parameter 'ratio'");
    expect(message).toContain("did you mean 'model'?");
    expect([started, await ratios.latest()]).toEqual([0, undefined]);
  });
});
