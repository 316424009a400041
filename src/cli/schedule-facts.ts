import { extname } from 'node:path';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { comingInstants } from '../runtime/served/coming-instants.js';
import type { ServedSchedule } from '../runtime/served/definition.js';
import { specOf } from '../schedule/made-schedule.js';
import type { ScheduleSpec } from '../schedule/schedule-spec.js';

/** A schedule of a flow, whose file is at hand or which a service serves. */
export interface ScheduleFacts {
  readonly flow: string;
  readonly text: string;
  /** The zone whose clock it goes by, where it goes by one. */
  readonly zone: string | undefined;
  /** Instants after a time, at most so many. */
  coming(after: number, count: number): readonly number[];
}

export function factsOfServed(flow: string, schedule: ServedSchedule): ScheduleFacts {
  return {
    flow,
    text: schedule.text,
    zone: schedule.spec && zoneOf(schedule.spec),
    coming: (after, count) => comingInstants(schedule, after, count),
  };
}

export function factsOfFlow({ name, schedule }: Pick<FlowDefinition, 'name' | 'schedule'>): readonly ScheduleFacts[] {
  return schedule.map((one) => {
    const spec = specOf(one);
    return {
      flow: name,
      text: String(one),
      zone: spec && zoneOf(spec),
      coming(after, count) {
        const instants: number[] = [];
        for (let at = one.next(new Date(after)); at !== undefined && instants.length < count; at = one.next(at)) instants.push(at.getTime());
        return instants;
      },
    };
  });
}

/** Of a union, whose parts may go by several clocks, that of the first. */
function zoneOf(spec: ScheduleSpec): string | undefined {
  if ('timezone' in spec && spec.timezone !== undefined) return spec.timezone;
  if (spec.kind === 'union') return spec.of.map(zoneOf).find((zone) => zone !== undefined);
  return spec.kind === 'except' || spec.kind === 'at' ? zoneOf(spec.of) : undefined;
}

/** Whether a word means a flow file rather than the name of a flow. */
export function isFlowPath(word: string): boolean {
  return /^\.[cm]?[jt]sx?$/.test(extname(word));
}
