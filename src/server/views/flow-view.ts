import { plainData } from '../../base/json-value.js';
import { parameterValue } from '../../runtime/past/source.js';
import { comingInstants } from '../../runtime/served/coming-instants.js';
import type { ServedSchedule } from '../../runtime/served/definition.js';
import type { KnownFlow } from '../../runtime/served/known-flows.js';
import { iso, plainParams } from '../json.js';
import { runView } from './run-view.js';

/** In lists, of each schedule. */
const FEW = 3;

export function flowView({ name, served, file, error, latest, paused }: KnownFlow, now: number) {
  return {
    name,
    served: served !== undefined,
    file,
    error,
    description: served?.description,
    owner: served?.owner,
    tags: served?.tags ?? [],
    paused: paused && { at: iso(paused.at), why: paused.why },
    schedules: (served?.schedules ?? []).map((schedule) => scheduleView(schedule, now, FEW)),
    on: served?.on ?? [],
    latest: latest && runView(latest),
  };
}

export function flowDetail(facts: KnownFlow, now: number) {
  const { served } = facts;
  return {
    ...flowView(facts, now),
    parameters: (served?.parameters ?? []).map(({ name, type, required, secret, help, default: text }) => ({
      name,
      type,
      required,
      secret,
      help,
      ...(text === undefined ? {} : { default: secret ? '***' : plainData(parameterValue(text)) }),
    })),
    parametersSchema: served?.parametersSchema as Record<string, unknown> | undefined,
    missed: served?.missed,
    overlap: served?.overlap,
    maxActiveRuns: served?.maxActiveRuns,
    dependsOnPast: served?.dependsOnPast,
  };
}

export function scheduleView(schedule: ServedSchedule, now: number, count: number) {
  return { text: schedule.text, params: plainParams(schedule.params ?? {}), next: comingInstants(schedule, now, count).map(iso) };
}
