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

  it('by a schema that does not tell its type: in its own words', async () => {
    const odd = { '~standard': { ...text['~standard'], validate: () => ({ issues: [{ message: 'must be a prime', path: ['p'] }] }) } } as const;
    const given = { p: 4 } as never;
    const together = '`p` must be below `q`';
    const both = { '~standard': { ...text['~standard'], validate: () => ({ issues: [{ message: together }] }) } } as const;
    expect(await refusal(flow('named', { params: { p: param(odd) } }, () => 1).run(given))).toMatchObject({
      message: "parameter 'p' (from argument) was refused: at p: must be a prime; got 4",
    });
    expect(await refusal(flow('one', { params: odd }, () => 1).run(given))).toMatchObject({
      message: "parameter 'p' (from argument) was refused: must be a prime; got 4",
    });
    expect(await refusal(flow('all', { params: both }, () => 1).run(given))).toMatchObject({
      message: `the parameters were refused: ${together}; got {"p":4}`,
    });
  });

  it('several at once are told at once, and neither body nor task ran, nor is there a run', async () => {
    const { message } = await refusal(ratios.run({ ratio: 'much', modle: 'gb' } as never));
    expect(message).toContain("2 parameters are wrong:\n  parameter 'ratio'");
    expect(message).toContain("did you mean 'model'?");
    expect([started, await ratios.latest()]).toEqual([0, undefined]);
  });
});
