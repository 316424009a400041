import { describe, expect, it } from 'vitest';
import { at, cron, every, flow, param } from '../../../src/index.js';

describe('the schedule of a flow', () => {
  const base = flow('scheduled', { params: { ratio: param({ default: 0.2 }) } }, ({ ratio }) => ratio);

  it('is one, a list, or that of the flow it is made from', () => {
    const twice = base.with({ schedule: [every('1h'), at(cron('0 3 * * 0'), { ratio: 0.4 })], missed: 'all', overlap: 'skip' });
    expect(twice.with({ maxActiveRuns: 2, dependsOnPast: true }).flowName).toBe('scheduled');
    // @ts-expect-error a parameter of another type
    base.with({ schedule: at(every('1h'), { ratio: 'much' }) });
  });

  it('is refused where it is none', () => {
    const refused = expect.objectContaining({ code: 'FLOW_OPTION_INVALID' });
    expect(() => base.with({ schedule: '1h' as never })).toThrow(refused);
    expect(() => base.with({ missed: 'none' as 'skip' })).toThrow(refused);
    expect(() => base.with({ overlap: 'wait' as 'queue' })).toThrow(refused);
    expect(() => base.with({ maxActiveRuns: 0 })).toThrow(refused);
  });
});
