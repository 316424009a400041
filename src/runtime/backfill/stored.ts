import { MillraceError } from '../../base/error.js';
import type { BackfillOptions } from '../../flow/backfill-options.js';
import type { FlowDefinition } from '../../flow/flow-runtime.js';
import { givenNames, type ParameterSources } from '../../flow/parameter-sources.js';
import { describeParameters, resolveParameters } from '../../flow/parameters.js';
import { newRunId } from '../../model/run-id.js';
import type { Schedule } from '../../model/schedule.js';
import { encodeText } from '../../results/json.js';
import type { Backfill } from '../../runs/service/backfills.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import { inputsOf } from '../parameter-inputs.js';
import { sourcesOf } from '../run-sources.js';
import { chosenSchedule, instantsOf } from './range.js';

/** A backfill that is in the record, and what is followed. */
export interface StoredBackfill {
  readonly backfill: Backfill;
  readonly schedule: Schedule<never>;
  /** It was there before. */
  readonly isOld: boolean;
}

/** A backfill as it is asked for, checked, and stored nowhere. @throws MillraceError `BACKFILL_INVALID`, `SCHEDULE_UNKNOWN`; ParameterError */
export async function plannedBackfill(
  flow: FlowDefinition,
  given: ParameterSources,
  options: BackfillOptions,
  now: number,
): Promise<{ readonly backfill: Backfill; readonly schedule: Schedule<never> }> {
  const schedule = chosenSchedule(flow, options.schedule);
  const range = checkedRange(flow, schedule, options, now);
  return { backfill: newBackfill({ flow, schedule, range, params: await paramsOf(flow, schedule, given) }, options, now), schedule };
}

/** The instants that it is about, from the first to the last. @throws MillraceError `BACKFILL_INVALID` */
export function checkedRange(
  { name, dependsOnPast }: Pick<FlowDefinition, 'name' | 'dependsOnPast'>,
  schedule: Schedule<never>,
  options: BackfillOptions,
  now: number,
): BackfillPlan['range'] {
  if (dependsOnPast && options.order === 'backward')
    throw invalid(
      `expected the order 'forward': flow '${name}' says dependsOnPast, so that each run waits for the one of the instant before`,
      'Leave the order out, or run flow.with({ dependsOnPast: false }) where the past does not matter.',
    );
  const { maxActive = 1 } = options;
  if (!Number.isSafeInteger(maxActive) || maxActive < 1) throw invalid(`expected maxActive to be a whole number from 1; got ${maxActive}`);
  return rangeOf(schedule, options, now);
}

/** What was checked. */
export interface BackfillPlan {
  readonly flow: Pick<FlowDefinition, 'name' | 'dependsOnPast'>;
  readonly schedule: Schedule<never>;
  readonly range: { readonly from: number; readonly to: number };
  /** As `RunRow.params` has them. */
  readonly params: Readonly<Record<string, string>>;
}

export function newBackfill(
  { flow, schedule, range, params }: BackfillPlan,
  { reprocess, order, maxActive }: BackfillOptions,
  now: number,
): Backfill {
  return {
    id: `backfill-${newRunId(now)}`,
    flow: flow.name,
    schedule: String(schedule),
    ...range,
    params,
    reprocess: reprocess ?? 'none',
    direction: order ?? 'forward',
    maxActive: flow.dependsOnPast ? 1 : (maxActive ?? 1),
    state: 'active',
    createdAt: now,
    filledAt: undefined,
    finishedAt: undefined,
  };
}

/** From the first instant to the last, so that the same range asked for a minute later is the same. */
function rangeOf(schedule: Schedule<never>, { from, to }: BackfillOptions, now: number): { readonly from: number; readonly to: number } {
  const [first, last] = [from?.getTime?.(), to?.getTime?.()];
  if (first === undefined || Number.isNaN(first)) throw invalid("expected 'from' to be a valid Date");
  if (last === undefined || Number.isNaN(last)) throw invalid("expected 'to' to be a valid Date");
  if (first > last)
    throw invalid(`expected a range that ends after its start; got ${new Date(first).toISOString()} to ${new Date(last).toISOString()}`);
  const until = Math.min(last, now);
  const instants = instantsOf(schedule, { from: first, to: until, direction: 'forward' });
  const ends = { from: instants[0]?.at, to: instants.at(-1)?.at };
  if (ends.from !== undefined && ends.to !== undefined) return { from: ends.from, to: ends.to };
  const next = schedule.next(new Date(first - 1));
  throw invalid(
    `schedule '${schedule}' has no instant from ${new Date(first).toISOString()} to ${new Date(until).toISOString()}`,
    next === undefined ? 'It has none after that either.' : `The next one is ${next.toISOString()}.`,
  );
}

/** What differs from the flow's defaults, as it was given; that it is right is known before anything is stored. */
async function paramsOf(flow: FlowDefinition, schedule: Schedule<never>, given: ParameterSources): Promise<Readonly<Record<string, string>>> {
  const ofSchedule = (schedule.params ?? {}) as Readonly<Record<string, unknown>>;
  const inputs: Readonly<Record<string, unknown>> = { ...ofSchedule, ...(await inputsOf(flow, given)) };
  const { commandLine: _, file: __, ...others } = given;
  await resolveParameters(flow.params ?? {}, sourcesOf(flow, { ...others, argument: inputs }));
  const secrets = new Set(describeParameters(flow.params ?? {}).flatMap(({ name, secret }) => (secret ? [name] : [])));
  const secret = [...givenNames({ argument: inputs }).keys()].find((name) => secrets.has(name));
  if (secret !== undefined)
    throw new MillraceError('PARAM_NOT_RECORDED', `expected the secret parameter '${secret}' from the environment or the file of secrets`, {
      hint: 'A backfill is stored, and secrets are not.',
    });
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, encodeText(value)]));
}

/** Stores it; or, where one like it has not ended, that one is gone on with. */
export async function storeBackfill(
  service: ServiceRecord,
  { backfill, schedule }: { readonly backfill: Backfill; readonly schedule: Schedule<never> },
  now: number,
): Promise<StoredBackfill> {
  const open = (await service.backfills({ flow: backfill.flow })).find((one) => isOpen(one) && isSame(one, backfill));
  if (open === undefined) {
    await service.addBackfill(backfill, []);
    return { backfill, schedule, isOld: false };
  }
  return { backfill: await revived(service, open, { failed: false, now }), schedule, isOld: true };
}

/**
 * One that is gone on with: what crashed or was cancelled is due again.
 * @throws MillraceError `BACKFILL_UNKNOWN`, `BACKFILL_ENDED`, `SCHEDULE_UNKNOWN`
 */
export async function resumedBackfill(
  service: ServiceRecord,
  flow: FlowDefinition,
  id: string,
  options: { readonly failed: boolean; readonly now: number },
): Promise<StoredBackfill> {
  const [found] = await service.backfills({ id });
  if (found === undefined)
    throw new MillraceError('BACKFILL_UNKNOWN', `there is no backfill '${id}'`, { hint: 'millrace backfill list shows them.' });
  if (found.flow !== flow.name)
    throw new MillraceError('BACKFILL_INVALID', `expected a backfill of flow '${flow.name}'; ${id} is one of '${found.flow}'`);
  if (found.state === 'cancelled')
    throw new MillraceError('BACKFILL_ENDED', `backfill ${id} was cancelled`, { hint: 'Give its range anew: only what is missing is run.' });
  const schedule = flow.schedule.find((one) => String(one) === found.schedule);
  if (schedule === undefined)
    throw new MillraceError('SCHEDULE_UNKNOWN', `flow '${flow.name}' has no schedule '${found.schedule}' any more, which backfill ${id} follows`, {
      hint: 'Cancel it, and give the range anew with a schedule that the flow has.',
    });
  return { backfill: await revived(service, found, options), schedule, isOld: true };
}

async function revived(service: ServiceRecord, backfill: Backfill, options: { readonly failed: boolean; readonly now: number }): Promise<Backfill> {
  await service.moveBackfill(backfill.id, 'active', options.now);
  await service.reviveRuns(backfill, options);
  return { ...backfill, state: 'active', finishedAt: undefined };
}

function isOpen({ state }: Backfill): boolean {
  return state === 'active' || state === 'paused';
}

function isSame(one: Backfill, other: Backfill): boolean {
  const asked = ({ schedule, from, to, params, reprocess, direction }: Backfill): string =>
    JSON.stringify([schedule, from, to, Object.entries(params).sort(), reprocess, direction]);
  return asked(one) === asked(other);
}

function invalid(message: string, hint?: string): MillraceError {
  return new MillraceError('BACKFILL_INVALID', message, hint === undefined ? {} : { hint });
}
