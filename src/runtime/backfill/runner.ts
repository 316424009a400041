import type { Clock } from '../../base/clock.js';
import { asError, MillraceError } from '../../base/error.js';
import type { FlowDefinition, RunHandle } from '../../flow/flow-runtime.js';
import type { ParameterSources } from '../../flow/parameters.js';
import type { DueRun } from '../../model/due-run.js';
import { FINAL_RUN_STATES, type RunState } from '../../model/states.js';
import type { BackfillCounts } from '../../runs/service/backfill-rows.js';
import type { Backfill, BackfillState } from '../../runs/service/backfills.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import { interruptionsSoFar } from '../process-guard.js';
import type { Project } from '../project.js';
import type { StartOptions } from '../run-options.js';
import { startable, startDue } from '../start-due.js';

/** A run begins at once after it was claimed; should this process go in between, its row is anybody's then. */
const CLAIM_MS = 15_000;
/** How often is looked what others do: services that take part, somebody who pauses. */
const LOOK_MS = 1_000;

/** Told how a backfill goes, as it goes. */
export interface BackfillWatch {
  /** @param isOld it was in the record before, and is gone on with */
  stored?(backfill: Backfill, isOld: boolean): void;
  counts?(counts: BackfillCounts): void;
  started?(due: DueRun, run: RunHandle<unknown>): void;
  ended?(due: DueRun, run: RunHandle<unknown>, error: unknown): void;
  /** What it is now: nothing more is run here. */
  over?(state: BackfillState): void;
}

export interface BackfillParts {
  readonly backfill: Backfill;
  readonly flow: FlowDefinition;
  readonly service: ServiceRecord;
  readonly project: Project;
  readonly clock: Clock;
  readonly watch: BackfillWatch;
  readonly start: StartOptions;
  /** Where parameters come from that are not kept with the backfill. */
  readonly sources: ParameterSources;
  readonly signal: AbortSignal | undefined;
}

interface EndedRun {
  readonly due: DueRun;
  readonly handle: RunHandle<unknown>;
}

/** Runs what is due of one backfill, in this process, beside whoever else does; and says when there is nothing more. */
export class BackfillRunner {
  readonly #parts: BackfillParts;
  /** As a service of its own (S35). */
  readonly #name: string;
  readonly #running = new Map<string, Promise<EndedRun>>();
  readonly #interruptions = interruptionsSoFar();
  #countsAgainAt = 0;

  constructor(parts: BackfillParts) {
    this.#parts = parts;
    this.#name = `${parts.backfill.id}~${process.pid}`;
  }

  /** Each run as it has ended. @throws MillraceError `BACKFILL_STALLED` */
  async *runs(): AsyncGenerator<RunHandle<unknown>, void, undefined> {
    try {
      for (;;) {
        if (!this.#isStopped()) await this.#startDue();
        if (this.#running.size === 0 && (this.#isStopped() || (await this.#isOver()))) return;
        const ended = await this.#nextEnd();
        await this.#count(false);
        if (ended) yield ended.handle;
      }
    } finally {
      // Left early, or stopped: what goes on is waited for, and the rest stays in the record.
      await Promise.all(this.#running.values());
      await this.#pauseUnlessOver();
      await this.#count(true);
      const [now] = await this.#parts.service.backfills({ id: this.#parts.backfill.id });
      if (now) this.#parts.watch.over?.(now.state);
    }
  }

  #isStopped(): boolean {
    return this.#parts.signal?.aborted === true || interruptionsSoFar() > this.#interruptions;
  }

  async #startDue(): Promise<void> {
    const { backfill, flow, service, clock } = this.#parts;
    const { name, overlap, maxActiveRuns: maxActive, dependsOnPast, retries } = flow;
    const policy = { flow: name, overlap, maxActive, dependsOnPast, retries };
    const request = { service: this.#name, flows: [policy], now: clock.now(), leaseMs: CLAIM_MS, backfill: backfill.id };
    for (const due of (await service.claimDue(request)).start) await this.#start(due);
    await this.#count(false);
  }

  async #start(due: DueRun): Promise<void> {
    const { flow, service, sources, start, watch } = this.#parts;
    try {
      const handle = await startDue(startable(flow), due, start, sources);
      watch.started?.(due, handle);
      const settled = this.#settle(due, handle);
      const ended = async (): Promise<EndedRun> => {
        const error = await handle.result().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        await settled;
        watch.ended?.(due, handle, error);
        return { due, handle };
      };
      this.#running.set(due.run, ended());
    } catch (error) {
      await service.settleDue(due.run, 'refused', asError(error).message);
    }
  }

  /** Its row says that it was started as soon as there is a run; what was refused before that never will be one. */
  async #settle(due: DueRun, handle: RunHandle<unknown>): Promise<void> {
    const { service, project } = this.#parts;
    for await (const { type } of handle.events()) if (type === 'run-state') break;
    if (handle.state === 'running' || (await project.record.run(due.run)) !== undefined) return await service.settleDue(due.run, 'started');
    const why = await handle.result().then(
      () => '',
      (error: unknown) => asError(error).message,
    );
    await service.settleDue(due.run, 'refused', why);
  }

  /** The next run to end; undefined when it is time to look again what others do. */
  async #nextEnd(): Promise<EndedRun | undefined> {
    const { clock, signal } = this.#parts;
    let wake = (): void => {};
    const look = new Promise<undefined>((resolve) => {
      const cancel = clock.schedule(LOOK_MS, () => resolve(undefined));
      wake = () => {
        cancel();
        signal?.removeEventListener('abort', wake);
        resolve(undefined);
      };
      signal?.addEventListener('abort', wake);
    });
    const ended = await Promise.race([...this.#running.values(), look]);
    wake();
    if (ended) this.#running.delete(ended.due.run);
    return ended;
  }

  /** Nothing runs here: is there anything to wait for? */
  async #isOver(): Promise<boolean> {
    const { backfill, clock, flow, project, service } = this.#parts;
    // Whoever looks finds those whose process is gone (S31).
    const runs = await project.record.runs({ flow: flow.name, limit: 100 });
    // A service that took part may have gone.
    if ((await service.takeUpInterrupted(clock.now(), backfill.id)) > 0) return false;
    if (await service.endBackfill(backfill.id, clock.now())) return true;
    const [now] = await service.backfills({ id: backfill.id });
    if (now?.state !== 'active') return true;
    const counts = await service.backfillCounts(backfill.id);
    const isAlone = counts.running === 0 && runs.every(({ state }) => FINAL_RUN_STATES.has(state satisfies RunState));
    if (!flow.dependsOnPast || !isAlone || counts.waiting === 0) return false;
    throw new MillraceError(
      'BACKFILL_STALLED',
      `backfill ${backfill.id} cannot go on: flow '${flow.name}' says dependsOnPast, and a run before has not succeeded`,
      {
        hint: `Resume that run until it succeeds, then go on: millrace backfill resume ${backfill.id}.`,
      },
    );
  }

  async #pauseUnlessOver(): Promise<void> {
    const { backfill, clock, service } = this.#parts;
    if (this.#isStopped()) await service.moveBackfill(backfill.id, 'paused', clock.now());
    else if (!(await service.endBackfill(backfill.id, clock.now()))) await service.moveBackfill(backfill.id, 'paused', clock.now());
  }

  /** Counting tens of thousands takes a moment: it is done for a small part of the time. */
  async #count(isLast: boolean): Promise<void> {
    const { backfill, clock, service, watch } = this.#parts;
    const begun = clock.now();
    if (watch.counts === undefined || (!isLast && begun < this.#countsAgainAt)) return;
    watch.counts(await service.backfillCounts(backfill.id));
    this.#countsAgainAt = clock.now() + Math.max(200, 20 * (clock.now() - begun));
  }
}
