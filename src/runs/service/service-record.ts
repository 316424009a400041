import { type Clock, systemClock } from '../../base/clock.js';
import { MillraceError } from '../../base/error.js';
import type { DueRun, DueState, NewDueRun } from '../../model/due-run.js';
import type { HeartbeatTarget } from '../run-record.js';
import {
  type BackfillChunk,
  type BackfillCounts,
  backfillCounts,
  backfillsOver,
  cancelBackfill,
  endBackfill,
  fillBackfill,
} from './backfill-rows.js';
import {
  addBackfill,
  type Backfill,
  type BackfillFilter,
  type BackfillState,
  findBackfills,
  type InstantOutcome,
  moveBackfill,
  outcomesBetween,
} from './backfills.js';
import { askToCancel, type CancelAnswer } from './cancelling.js';
import { claimCrash, type UntoldCrash, untoldCrashes } from './crashes.js';
import type { ServiceDatabase } from './database.js';
import {
  addDue,
  type ClaimDueRequest,
  type ClaimedRuns,
  claimDue,
  type DueFilter,
  findDue,
  flowsWithDue,
  keepClaims,
  settleDue,
} from './due-runs.js';
import { type FlowSetting, findFlowSettings, pauseFlow } from './flow-settings.js';
import { cursorsOf, type FollowedSchedule, follow } from './follow.js';
import { interruptedBackfills, reviveRuns, takeUpInterrupted } from './interrupted.js';
import { openServiceDatabase } from './open-database.js';
import { findFiles, findServices, removeServices, reportFiles, reportService, type ServedBy, type ServedFile, type ServiceRow } from './served.js';
import { nextTryOf } from './tries.js';
import { addTriggered, hasTriggers, type TriggeredFlow } from './triggered.js';

/**
 * What services share through the record (S34–S36): what is due and who starts it, how far the schedules have been followed, what is paused, who
 * serves what. No leader: every step is one transaction, and of two services that take it at once, one finds it taken.
 */
export class ServiceRecord implements AsyncDisposable {
  readonly #database: ServiceDatabase;

  private constructor(database: ServiceDatabase) {
    this.#database = database;
  }

  /**
   * By a connection of its own.
   * @param target of the record that holds the runs; undefined where that goes with the process, or cannot be written
   * @throws MillraceError `SERVICE_NEEDS_RECORD`, and what opening a record throws
   */
  static async open(target: HeartbeatTarget | undefined, clock: Clock = systemClock): Promise<ServiceRecord> {
    if (target === undefined)
      throw new MillraceError(
        'SERVICE_NEEDS_RECORD',
        'expected a record that others can share; got one that goes with this process or cannot be written',
        {
          hint: 'Unset MILLRACE_HOME=:memory:, or run where the project folder can be written.',
        },
      );
    return new ServiceRecord(await openServiceDatabase(target, clock));
  }

  /** @returns the ids of the runs that are to be now: of those that were there already, none */
  addDue(rows: readonly NewDueRun[]): Promise<readonly string[]> {
    return this.#database.write((session) => addDue(session, rows));
  }

  due(filter: DueFilter = {}): Promise<readonly DueRun[]> {
    return this.#database.read((session) => findDue(session, filter));
  }

  /** What this service starts now: as the policies of the flows, pauses and backfills allow. */
  async claimDue({ flows, ...request }: ClaimDueRequest): Promise<ClaimedRuns> {
    // Whoever asks for one backfill knows its flow: among tens of thousands of rows it need not be looked for.
    const known = request.backfill === undefined ? undefined : new Set(flows.map(({ flow }) => flow));
    // Most of the time there is nothing to do, and to see that is one look.
    const { interrupted, over, waiting } = await this.#database.read(async (session) => ({
      interrupted: await interruptedBackfills(session, request.backfill),
      over: await backfillsOver(session),
      waiting: known ?? (await flowsWithDue(session, request.now)),
    }));
    for (const backfill of interrupted) await this.#database.write((session) => takeUpInterrupted(session, backfill, request.now));
    for (const id of over) await this.endBackfill(id, request.now);
    const claimed: ClaimedRuns[] = [];
    let limit = request.limit;
    for (const policy of flows) {
      if (!waiting.has(policy.flow)) continue;
      const bounded = limit === undefined ? request : { ...request, limit };
      const one = await this.#database.write((session) => claimDue(session, policy, bounded));
      if (limit !== undefined) limit -= one.start.length;
      claimed.push(one);
    }
    return {
      start: claimed.flatMap(({ start }) => start),
      skipped: claimed.flatMap(({ skipped }) => skipped),
      cancelled: claimed.flatMap(({ cancelled }) => cancelled),
    };
  }

  keepClaims(service: string, runs: readonly string[], until: number): Promise<void> {
    return this.#database.write((session) => keepClaims(session, service, runs, until));
  }

  /** Adds the runs of flows that run because an asset was renewed or a run of another flow has ended: for each tick. @returns the ids of those that are due now */
  async addTriggered(flows: readonly TriggeredFlow[], now: number): Promise<readonly string[]> {
    const added: string[] = [];
    for (const flow of await this.#triggered(flows, now)) added.push(...(await this.#database.write((session) => addTriggered(session, flow, now))));
    return added;
  }

  /** Looked at in one go, without a transaction of a writer: most of the time nothing has come. */
  async #triggered(flows: readonly TriggeredFlow[], now: number): Promise<readonly TriggeredFlow[]> {
    const following = flows.filter(({ on }) => on.length > 0);
    if (following.length === 0) return [];
    return await this.#database.read(async (session) => {
      const found: TriggeredFlow[] = [];
      for (const flow of following) if (await hasTriggers(session, flow, now)) found.push(flow);
      return found;
    });
  }

  /** `waiting` gives a claim back. */
  settleDue(run: string, state: Exclude<DueState, 'claimed'>, why?: string): Promise<void> {
    return this.#database.write((session) => settleDue(session, run, state, why));
  }

  /** Of a run that goes on, its owner is asked; one that is only due is withdrawn. @param why is recorded as the reason */
  askToCancel(run: string, why: string): Promise<CancelAnswer> {
    return this.#database.write((session) => askToCancel(session, run, why));
  }

  cursors(flow: string): Promise<ReadonlyMap<string, number>> {
    return this.#database.read((session) => cursorsOf(session, flow));
  }

  /** Moves the cursor and adds the runs, or neither. @returns false when another service has moved it meanwhile */
  follow(followed: FollowedSchedule): Promise<boolean> {
    return this.#database.write((session) => follow(session, followed));
  }

  settings(): Promise<readonly FlowSetting[]> {
    return this.#database.read(findFlowSettings);
  }

  /** @param at undefined: it goes on @returns whether that changed anything */
  pause(flow: string, at: number | undefined, why?: string): Promise<boolean> {
    return this.#database.write((session) => pauseFlow(session, flow, at, why));
  }

  report(service: ServiceRow, files?: readonly ServedFile[]): Promise<void> {
    return this.#database.write(async (session) => {
      await reportService(session, service);
      if (files !== undefined) await reportFiles(session, service.id, files);
    });
  }

  /** The service has ended; of others, those whose lease ran out before. */
  forget(service: string | undefined, leaseBefore: number): Promise<void> {
    return this.#database.write((session) => removeServices(session, service, leaseBefore));
  }

  services(now: number): Promise<readonly ServiceRow[]> {
    return this.#database.read((session) => findServices(session, now));
  }

  files(now: number): Promise<readonly ServedBy[]> {
    return this.#database.read((session) => findFiles(session, now));
  }

  /** With the runs that it begins with. */
  addBackfill(backfill: Backfill, due: readonly NewDueRun[]): Promise<void> {
    return this.#database.write(async (session) => {
      await addBackfill(session, backfill);
      await addDue(session, due);
    });
  }

  backfills(filter?: BackfillFilter): Promise<readonly Backfill[]> {
    return this.#database.read((session) => findBackfills(session, filter));
  }

  /** `cancelled` is for ever; one that is `done` can be made active again. @returns whether that changed anything */
  moveBackfill(id: string, state: BackfillState, at: number): Promise<boolean> {
    return this.#database.write((session) => (state === 'cancelled' ? cancelBackfill(session, id, at) : moveBackfill(session, id, state, at)));
  }

  /** Adds runs for those of the instants that want one; again, it adds nothing. @returns how many were added */
  fillBackfill(chunk: BackfillChunk): Promise<number> {
    return this.#database.write((session) => fillBackfill(session, chunk));
  }

  /**
   * Runs of a backfill that crashed or were cancelled, and that nobody has resumed, are due again; with `failed`, those that failed too.
   * @returns how many
   */
  reviveRuns(backfill: Backfill, { failed, now }: { readonly failed: boolean; readonly now: number }): Promise<number> {
    const states = ['crashed', 'cancelled', ...(failed ? (['failed', 'timed-out'] as const) : [])] as const;
    return this.#database.write((session) => reviveRuns(session, backfill, { states, now }));
  }

  /**
   * Runs of active backfills that crashed are due again, to be resumed: each instant once, so that one that takes its process with it every time ends
   * there. `claimDue` sees to that too.
   * @param only the backfill of this id
   * @returns how many
   */
  async takeUpInterrupted(now: number, only?: string): Promise<number> {
    let count = 0;
    for (const backfill of await this.#database.read((session) => interruptedBackfills(session, only)))
      count += await this.#database.write((session) => takeUpInterrupted(session, backfill, now));
    return count;
  }

  /** The run that tries this one again, which has failed, where it is there already. */
  nextTry(run: string): Promise<string | undefined> {
    return this.#database.read((session) => nextTryOf(session, run));
  }

  backfillCounts(id: string): Promise<BackfillCounts> {
    return this.#database.read((session) => backfillCounts(session, id));
  }

  /** When nothing of it waits or runs, it is done. `claimDue` sees to that too. @returns whether it has ended with this */
  endBackfill(id: string, at: number): Promise<boolean> {
    return this.#database.write((session) => endBackfill(session, id, at));
  }

  /** Of the instants of a flow between two times, both included, those that have had a run. */
  outcomes(flow: string, from: number, to: number): Promise<readonly InstantOutcome[]> {
    return this.#database.read((session) => outcomesBetween(session, flow, from, to));
  }

  /** Runs found crashed since then of which nobody has been told. */
  untoldCrashes(since: number): Promise<readonly UntoldCrash[]> {
    return this.#database.read((session) => untoldCrashes(session, since));
  }

  /** @returns whether this service is to tell of it: of all that ask, one */
  claimCrash(run: string, at: number): Promise<boolean> {
    return this.#database.write((session) => claimCrash(session, run, at));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close();
  }
}
