import type { ServableFlow } from './servable-flow.js';

export interface NextInstant {
  readonly flow: string;
  readonly schedule: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The next instant of each schedule, the first ones first. One that cannot say is left out. */
export function nextInstants(flows: readonly ServableFlow[], now: number, limit: number): readonly NextInstant[] {
  const found: NextInstant[] = [];
  for (const { data, rules } of flows)
    for (const [place, rule] of rules.entries()) {
      const at = rule.next(now);
      if (at !== undefined) found.push({ flow: data.name, schedule: data.schedules[place]?.text ?? '', at });
    }
  return found.sort((a, b) => a.at - b.at || (a.flow < b.flow ? -1 : 1)).slice(0, limit);
}
