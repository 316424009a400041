import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JudgeOptions, judge, judgeByFunction, type Tally, type Verdict } from '../../../src/engine/trigger.js';
import type { FinalState } from '../../../src/model/final-state.js';
import { checkTriggerRule, TRIGGER_RULES, type TriggerRuleName } from '../../../src/model/trigger-rule.js';

/** S: success, F: failed, K: skipped, C: cancelled, .: pending. */
function tally(inputs: string): Tally {
  const count = (letter: string): number => [...inputs].filter((each) => each === letter).length;
  return { total: inputs.length, success: count('S'), failed: count('F'), skipped: count('K'), cancelled: count('C') };
}

/** The columns of the tables: one for each mix of states of inputs that have all settled. */
const COLUMNS = ['SS', 'FF', 'KK', 'SF', 'SK', 'FK', 'SFK'] as const;
const WORDS: Readonly<Record<string, Verdict>> = { run: 'run', skip: 'skipped', upf: 'upstream-failed' };
type Row = readonly [rule: TriggerRuleName, verdicts: string];

function verdictsOf(rule: TriggerRuleName, options?: JudgeOptions): Record<string, Verdict> {
  return Object.fromEntries(COLUMNS.map((inputs) => [inputs, judge(rule, tally(inputs), options)]));
}

function expected(verdicts: string): Record<string, Verdict | undefined> {
  const words = verdicts.trim().split(/ +/);
  return Object.fromEntries(COLUMNS.map((inputs, column) => [inputs, WORDS[words[column] as string]]));
}

// Airflow's rules, read off its trigger_rule_dep.py; `always` and `all_done` are our all-done.
// No differences once all inputs have settled. Before that:
// - Airflow ends all_success, all_failed and none_failed* as soon as one input decides against them; ours wait for the last, so that
//   `skipped` or `upstream-failed` does not depend on which input was faster (Airflow's all_success of a fast skip and a slow failure is
//   skipped). `always` runs in Airflow before its inputs have ended at all.
// - one_done, none_skipped and all_skipped have no name here: a function says them.
// - Airflow has no cancelled; ours is neither success, failure nor skip.
const AIRFLOW: readonly (readonly [airflow: string, ...Row])[] = [
  //                                                                            SS   FF   KK   SF   SK   FK   SFK
  ['all_success', 'all-success', '                                              run  upf  skip upf  skip upf  upf '],
  ['all_failed', 'all-failed', '                                                skip run  skip skip skip skip skip'],
  ['all_done', 'all-done', '                                                    run  run  run  run  run  run  run '],
  ['always', 'all-done', '                                                      run  run  run  run  run  run  run '],
  ['one_success', 'any-success', '                                              run  upf  skip run  run  upf  run '],
  ['one_failed', 'any-failed', '                                                skip run  skip run  skip run  run '],
  ['none_failed', 'none-failed', '                                              run  upf  run  upf  run  upf  upf '],
  ['none_failed_min_one_success', 'none-failed-min-one-success', '              run  upf  skip upf  run  upf  upf '],
];

// Prefect 1's triggers with skip_on_upstream_skip=False, read off its triggers.py: there a skip is a success, which is what our
// `skipOnUpstreamSkip: false` says. Differences:
// - Prefect's TRIGGERFAIL is a failure of its own: ours is `upstream-failed` only where an upstream failed, else `skipped` (all_failed and
//   any_failed of inputs that went well: the alarm was not needed, and the run is not red for it).
// - not_all_skipped is our none-failed-min-one-success without the option (with it, a skip would be the one success).
// - With skip_on_upstream_skip=True, Prefect's default for every trigger, a skip outweighs a failure; ours is `upstream-failed` then (S11).
// - any_* wait for all inputs in Prefect and run early here. manual_only is a `pause`; some_failed and some_successful are functions.
const SKIP_IS_SUCCESS: JudgeOptions = { skipOnUpstreamSkip: false };
const PREFECT: readonly (readonly [prefect: string, options: JudgeOptions, ...Row])[] = [
  //                                                                            SS   FF   KK   SF   SK   FK   SFK
  ['all_successful', SKIP_IS_SUCCESS, 'all-success', '                          run  upf  run  upf  run  upf  upf '],
  ['all_failed', SKIP_IS_SUCCESS, 'all-failed', '                               skip run  skip skip skip skip skip'],
  ['any_successful', SKIP_IS_SUCCESS, 'any-success', '                          run  upf  run  run  run  run  run '],
  ['any_failed', SKIP_IS_SUCCESS, 'any-failed', '                               skip run  skip run  skip run  run '],
  ['all_finished', SKIP_IS_SUCCESS, 'all-done', '                               run  run  run  run  run  run  run '],
  ['always_run', SKIP_IS_SUCCESS, 'all-done', '                                 run  run  run  run  run  run  run '],
  ['not_all_skipped', {}, 'none-failed-min-one-success', '                      run  upf  skip upf  run  upf  upf '],
];

// Prefect 1's default, skip_on_upstream_skip=True: nothing runs beside a skip.
const PREFECT_SKIPPING: readonly Row[] = [
  //                            SS   FF   KK   SF   SK   FK   SFK
  ['all-success', '             run  upf  skip upf  skip upf  upf '],
  ['all-failed', '              skip run  skip skip skip skip skip'],
  ['any-success', '             run  upf  skip run  skip upf  skip'],
  ['any-failed', '              skip run  skip run  skip skip skip'],
  ['all-done', '                run  run  skip run  skip skip skip'],
  ['none-failed', '             run  upf  skip upf  skip upf  upf '],
];

describe('S11 trigger rules', () => {
  it.each(AIRFLOW)('S11 decides as Airflow does for %s (%s)', (_airflow, rule, verdicts) => {
    expect(verdictsOf(rule)).toEqual(expected(verdicts));
  });

  it.each(PREFECT)('S11 decides as Prefect 1 does for %s with %o (%s)', (_prefect, options, rule, verdicts) => {
    expect(verdictsOf(rule, options)).toEqual(expected(verdicts));
  });

  it.each(PREFECT_SKIPPING)('S11 %s runs beside no skip with skipOnUpstreamSkip: true', (rule, verdicts) => {
    expect(verdictsOf(rule, { skipOnUpstreamSkip: true })).toEqual(expected(verdicts));
  });

  it.each<readonly [TriggerRuleName, string, Verdict]>([
    ['all-success', 'SC', 'cancelled'],
    ['all-success', 'FC', 'upstream-failed'],
    ['all-success', 'KC', 'cancelled'],
    ['all-done', 'CC', 'run'],
    ['all-failed', 'FC', 'cancelled'],
    ['all-failed', 'SC', 'skipped'],
    ['any-success', 'CC', 'cancelled'],
    ['any-success', 'SC', 'run'],
    ['any-success', 'FC', 'upstream-failed'],
    ['any-failed', 'SC', 'cancelled'],
    ['any-failed', 'FC', 'run'],
    ['none-failed', 'SC', 'cancelled'],
    ['none-failed', 'FC', 'upstream-failed'],
    ['none-failed-min-one-success', 'SC', 'cancelled'],
    ['none-failed-min-one-success', 'KC', 'cancelled'],
  ])('S11 %s of %s (C: cancelled) is %s', (rule, inputs, verdict) => {
    expect(judge(rule, tally(inputs))).toBe(verdict);
  });

  it.each(TRIGGER_RULES)('S11 %s runs without inputs, as in Airflow', (rule) => {
    for (const skipOnUpstreamSkip of [true, false]) expect(judge(rule, tally(''), { skipOnUpstreamSkip })).toBe('run');
  });

  it.each<readonly [TriggerRuleName, string, JudgeOptions, Verdict]>([
    ['any-success', 'S.', {}, 'run'],
    ['any-success', 'FK.', {}, 'wait'],
    ['any-success', 'K.', SKIP_IS_SUCCESS, 'run'],
    ['any-success', 'S.', { skipOnUpstreamSkip: true }, 'wait'],
    ['any-failed', 'F.', {}, 'run'],
    ['any-failed', 'SKC.', {}, 'wait'],
    ['any-failed', 'F.', { skipOnUpstreamSkip: true }, 'wait'],
    ['all-success', 'F.', {}, 'wait'],
    ['all-failed', 'S.', {}, 'wait'],
    ['none-failed', 'F.', {}, 'wait'],
  ])('S11 while an input is pending, %s of %s with %o says %s', (rule, inputs, options, verdict) => {
    expect(judge(rule, tally(inputs), options)).toBe(verdict);
  });
});

const inputs = fc.array(fc.constantFrom('S', 'F', 'K', 'C'), { maxLength: 8 });
const options = fc.constantFrom<JudgeOptions>({}, { skipOnUpstreamSkip: true }, { skipOnUpstreamSkip: false });

describe('S11 laws of trigger rules', () => {
  it('S11 a verdict once given does not change when the rest arrives, and the last input brings one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TRIGGER_RULES), inputs, options, (rule, settled, chosen) => {
        const verdicts = settled.map((_, seen) =>
          judge(rule, tally(`${settled.slice(0, seen).join('')}${'.'.repeat(settled.length - seen)}`), chosen),
        );
        const last = judge(rule, tally(settled.join('')), chosen);
        expect(last).not.toBe('wait');
        for (const verdict of verdicts) expect(['wait', last]).toContain(verdict);
      }),
    );
  });

  it('S11 the order in which inputs settle does not matter', () => {
    const shuffled = inputs.chain((settled) =>
      fc.tuple(fc.constant(settled), fc.shuffledSubarray(settled, { minLength: settled.length, maxLength: settled.length })),
    );
    fc.assert(
      fc.property(fc.constantFrom(...TRIGGER_RULES), shuffled, options, (rule, [one, other], chosen) => {
        expect(judge(rule, tally(one.join('')), chosen)).toBe(judge(rule, tally(other.join('')), chosen));
      }),
    );
  });

  it('S11 nothing is called upstream-failed, cancelled or skipped beside all-failed and any-failed unless an input was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TRIGGER_RULES), inputs, options, (rule, settled, chosen) => {
        const verdict = judge(rule, tally(settled.join('')), chosen);
        if (verdict === 'upstream-failed') expect(settled).toContain('F');
        if (verdict === 'cancelled') expect(settled).toContain('C');
        if (verdict === 'skipped' && rule !== 'all-failed' && rule !== 'any-failed') expect(settled).toContain('K');
      }),
    );
  });
});

describe('S11 rules of one’s own', () => {
  const failed: FinalState<unknown> = { state: 'failed' };
  const success: FinalState<unknown> = { state: 'success', value: 1 };
  const states = new Map<string, FinalState<unknown>>([
    ['clean#1', success],
    ['clean#2', failed],
  ]);

  it('S11 are asked once nothing is pending, with the states by id', () => {
    let asked = 0;
    const upstream = (): ReadonlyMap<string, FinalState<unknown>> => {
      asked++;
      return states;
    };
    expect(judgeByFunction(() => true, tally('S.'), upstream)).toBe('wait');
    expect(asked).toBe(0);
    expect(judgeByFunction((up) => up.get('clean#2')?.state === 'failed', tally('SF'), upstream)).toBe('run');
    expect(asked).toBe(1);
  });

  it('S11 that say no end the task by what weighs most among its inputs', () => {
    const no = (mix: string): Verdict =>
      judgeByFunction(
        () => false,
        tally(mix),
        () => states,
      );
    expect([no('SFCK'), no('SCK'), no('SK'), no('SS')]).toEqual(['upstream-failed', 'cancelled', 'skipped', 'skipped']);
  });

  it('S11 run without inputs unasked, and skip beside a skip only where told to', () => {
    const never = (): never => {
      throw new Error('asked');
    };
    expect(judgeByFunction(never, tally(''), () => states)).toBe('run');
    const yes = (chosen: JudgeOptions): Verdict =>
      judgeByFunction(
        () => true,
        tally('SK'),
        () => states,
        chosen,
      );
    expect([yes({}), yes({ skipOnUpstreamSkip: false }), yes({ skipOnUpstreamSkip: true })]).toEqual(['run', 'run', 'skipped']);
  });

  it('S11 must answer true or false, and not with a promise', () => {
    const judged = (rule: () => unknown) => () => judgeByFunction(rule as () => boolean, tally('S'), () => states);
    expect(judged(async () => Promise.reject(new Error('late')))).toThrow(expect.objectContaining({ code: 'TRIGGER_RULE_INVALID' }));
    expect(judged(() => undefined)).toThrow('expected a trigger function to return true or false; it returned undefined');
    expect(
      judged(() => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
  });

  it('S11 unknown names are refused with the list of those there are', () => {
    for (const rule of [...TRIGGER_RULES, () => true]) expect(() => checkTriggerRule(rule)).not.toThrow();
    expect(() => checkTriggerRule('one_success')).toThrow(
      expect.objectContaining({ code: 'TRIGGER_RULE_INVALID', hint: expect.stringContaining("'any-success'") }),
    );
  });
});
