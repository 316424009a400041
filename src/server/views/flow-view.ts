import type { RunRow } from '../../model/records.js';
import type { FlowSetting } from '../../runs/service/flow-settings.js';
import { parameterValue } from '../../runtime/past/source.js';
import { iso, plain, plainParams } from '../json.js';
import { nextInstants, type ServedFlow, type ServedSchedule } from '../served-flows.js';
import { runView } from './run-view.js';

/** All that is known of one flow: by who serves it, by its runs, by what people settled. */
export interface FlowFacts {
  readonly name: string;
  readonly served: ServedFlow | undefined;
  readonly latest: RunRow | undefined;
  readonly setting: FlowSetting | undefined;
}

/** In lists, of each schedule. */
const FEW = 3;

export function flowView({ name, served, latest, setting }: FlowFacts, now: number) {
  return {
    name,
    served: served !== undefined,
    file: served?.file,
    error: served?.error,
    description: served?.description,
    owner: served?.owner,
    tags: served?.tags ?? [],
    paused: setting?.pausedAt === undefined ? undefined : { at: iso(setting.pausedAt), why: setting.pausedWhy },
    schedules: (served?.schedules ?? []).map((schedule) => scheduleView(schedule, now, FEW)),
    on: served?.on ?? [],
    latest: latest && runView(latest),
  };
}

export function flowDetail(facts: FlowFacts, now: number) {
  const { served } = facts;
  return {
    ...flowView(facts, now),
    parameters: (served?.parameters ?? []).map(({ name, type, required, secret, help, default: text }) => ({
      name,
      type,
      required,
      secret,
      help,
      ...(text === undefined ? {} : { default: secret ? '***' : plain(parameterValue(text)) }),
    })),
    parametersSchema: served?.parametersSchema,
    missed: served?.missed,
    overlap: served?.overlap,
    maxActiveRuns: served?.maxActiveRuns,
    dependsOnPast: served?.dependsOnPast,
  };
}

export function scheduleView(schedule: ServedSchedule, now: number, count: number) {
  return { text: schedule.text, params: plainParams(schedule.params), next: nextInstants(schedule, now, count).map(iso) };
}
