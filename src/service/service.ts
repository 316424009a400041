import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { processIdentity } from '../base/process-identity.js';
import type { DueRun } from '../model/due-run.js';
import { UNFINISHED } from '../runs/crash.js';
import type { RunRecord } from '../runs/run-record.js';
import type { ServedFile } from '../runs/service/served.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import { CrashTeller, type CrashTelling } from './crash-teller.js';
import { Follower } from './follower.js';
import type { Launcher } from './launcher.js';
import { type Definitions, policyOf, type ServableFlow } from './servable-flow.js';
import type { TellService } from './service-event.js';
import { Troubles } from './troubles.js';
import { CLAIM_MS, UnderWay } from './under-way.js';

/** What a service does beside starting runs, now and then: each chore fails for itself. */
export interface Chore {
  /** For people: 'looking for crashed runs'. */
  readonly step: string;
  readonly everyMs: number;
  run(now: number): Promise<void>;
}

export interface ServiceOptions {
  /** Where its files are, for people. */
  readonly folder: string;
  readonly clock: Clock;
  readonly record: Pick<
    ServiceRecord,
    | 'cursors'
    | 'follow'
    | 'addTriggered'
    | 'claimDue'
    | 'due'
    | 'keepClaims'
    | 'nextTry'
    | 'settleDue'
    | 'settings'
    | 'untoldCrashes'
    | 'report'
    | 'forget'
  >;
  readonly runs: Pick<RunRecord, 'run' | 'runs'>;
  readonly definitions: Definitions;
  readonly launcher: Launcher;
  readonly tell: TellService;
  /** Tells those who want to know that a run has crashed. @default nobody */
  readonly tellCrash?: CrashTelling;
  /** Runs that this service has going on at the same time. @default 16 */
  readonly maxRuns?: number;
  /** A run that starts so much after it was due is told of, in milliseconds. @default 60000 */
  readonly lateMs?: number;
  readonly chores?: readonly Chore[];
}

export const DEFAULT_MAX_RUNS = 16;
const DEFAULT_LATE_MS = 60_000;

/** How often it is looked whether somebody has asked for a run. */
const POLL_MS = 1_000;
/** Of the service itself: it is believed gone when it is silent for so long. */
const LEASE_MS = 30_000;
const SWEEP_MS = 5_000;
/** What is left of services that went without a word is removed after so long. */
const FORGET_MS = 600_000;
/** After they were cancelled, runs have so long before they are ended. */
const CANCEL_GRACE_MS = 15_000;

/**
 * Starts what is due (S35). In turns: follow the schedules, claim what is due, launch it, settle what has ended. There is no leader: any number of
 * services may take these steps side by side, each in one transaction of the record, and what goes with one of them is taken up by the others.
 */
export class Service {
  readonly id = `service-${randomBytes(6).toString('hex')}`;
  readonly #options: ServiceOptions;
  readonly #follower: Follower;
  readonly #underWay: UnderWay;
  readonly #crashes: CrashTeller | undefined;
  readonly #troubles: Troubles;
  readonly #chores: readonly Chore[];
  readonly #choreDone = new Map<Chore, number>();
  readonly #startedAt: number;
  #reported: readonly ServedFile[] | undefined;
  /** The flow that is looked at first: another one each time, so that none takes all the room. */
  #first = 0;
  #isDraining = false;
  #wake: () => void = () => {};
  #isAwake = false;

  constructor(options: ServiceOptions) {
    const { clock, definitions, launcher, record, runs, tell, tellCrash } = options;
    this.#options = options;
    this.#startedAt = clock.now();
    this.#follower = new Follower(record, (flow, after) => definitions.listAgain(flow, after));
    this.#troubles = new Troubles(tell);
    this.#underWay = new UnderWay({
      service: this.id,
      record,
      runs,
      launcher,
      tell,
      wake: () => this.wake(),
      doubt: (flow) => definitions.doubt(flow),
    });
    this.#crashes = tellCrash && new CrashTeller({ record, definitions, clock, tell, tellCrash });
    const crashes = this.#crashes;
    this.#chores = [
      { step: 'saying that the service lives', everyMs: LEASE_MS / 3, run: (now) => this.#report(now) },
      { step: 'keeping what was claimed', everyMs: CLAIM_MS / 3, run: (now) => this.#underWay.keepClaims(now) },
      { step: 'looking for crashed runs', everyMs: SWEEP_MS, run: () => this.#sweep() },
      ...(crashes ? [{ step: 'telling of crashed runs', everyMs: SWEEP_MS, run: (now: number) => crashes.look(now) }] : []),
      { step: 'forgetting services that are gone', everyMs: FORGET_MS, run: (now) => record.forget(undefined, now - FORGET_MS) },
      ...(options.chores ?? []),
    ];
  }

  /** Runs that go on. */
  get running(): number {
    return this.#underWay.count;
  }

  /** When the first schedule has its next instant, as far as it is known. */
  nextInstant(): number | undefined {
    return this.#follower.nextInstant(this.#options.definitions.flows());
  }

  /** There is something to do: the next turn begins at once. */
  wake(): void {
    this.#isAwake = true;
    this.#wake();
  }

  /** One turn. Never rejects: what fails is told, and tried again. @returns how many runs it started */
  async turn(): Promise<number> {
    const { clock, definitions } = this.#options;
    const now = clock.now();
    definitions.refresh(now);
    if (definitions.files() !== this.#reported) this.#choreDone.delete(this.#chores[0] as Chore);
    await this.#doChores(now);
    await this.#troubles.attempt('settling runs that have ended', now, () => this.#underWay.settle(now));
    if (this.#isDraining) return 0;
    const flows = this.#inTurn(definitions.flows());
    await this.#follow(flows, now);
    await this.#followOthers(flows, now);
    // Following may have taken a while, and what is due is due by now.
    return (await this.#troubles.attempt('claiming what is due', now, () => this.#claim(flows, clock.now()))) ?? 0;
  }

  /** Turn after turn, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.wake();
    signal.addEventListener('abort', onAbort);
    while (!signal.aborted) {
      this.#isAwake = false;
      await this.turn();
      if (!signal.aborted) await this.#sleep(this.#pause());
    }
    signal.removeEventListener('abort', onAbort);
  }

  /** Turn after turn, until nothing that is due can be started any more, and all runs have ended. */
  async runOnce(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isAwake = false;
      const started = await this.turn();
      if (started === 0 && this.running === 0 && !this.#underWay.hasUnsettled && !this.#isAwake) return;
      if (!signal.aborted) await this.#sleep(POLL_MS);
    }
  }

  /**
   * Starts nothing new and waits for what runs. What has not ended by then is cancelled, and at last ended.
   * @param graceMs how long is waited before anything is cancelled, in milliseconds
   */
  async drain(graceMs: number): Promise<void> {
    const { clock, tell, record } = this.#options;
    this.#isDraining = true;
    // Others are told at once.
    this.#choreDone.clear();
    if (this.running > 0) tell({ type: 'draining', running: this.running });
    const begun = clock.now();
    let [isCancelled, isKilled] = [false, false];
    for (;;) {
      this.#isAwake = false;
      await this.turn();
      const now = clock.now();
      // Who is just being told of a crash is told, if it is done in time.
      const isTelling = this.#crashes !== undefined && this.#crashes.count > 0 && now - begun < graceMs;
      if (this.running === 0 && !isTelling) break;
      if (!isCancelled && now - begun >= graceMs) {
        isCancelled = true;
        tell({ type: 'cancelling', running: this.running });
        this.#underWay.cancelAll();
      } else if (!isKilled && now - begun >= graceMs + CANCEL_GRACE_MS) {
        isKilled = true;
        this.#underWay.killAll();
      } else if (now - begun >= graceMs + 2 * CANCEL_GRACE_MS) break;
      await this.#sleep(POLL_MS);
    }
    const now = clock.now();
    await this.#troubles.attempt('settling runs that have ended', now, () => this.#underWay.settle(now));
    await this.#troubles.attempt('saying goodbye', now, () => record.forget(this.id, now - FORGET_MS));
    tell({ type: 'stopped', running: this.running });
  }

  #pause(): number {
    const next = this.nextInstant();
    const now = this.#options.clock.now();
    // Not quite zero: what is overdue and could not be followed is not tried without a pause.
    return Math.max(10, Math.min(POLL_MS, next === undefined || next <= now ? POLL_MS : next - now));
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#isAwake) return;
    await new Promise<void>((resolve) => {
      const stop = this.#options.clock.schedule(ms, resolve);
      this.#wake = () => {
        stop();
        resolve();
      };
    });
    this.#wake = () => {};
  }

  async #doChores(now: number): Promise<void> {
    for (const chore of this.#chores) {
      const done = this.#choreDone.get(chore);
      // A clock that was set back starts anew.
      if (done !== undefined && now >= done && now - done < chore.everyMs) continue;
      this.#choreDone.set(chore, now);
      await this.#troubles.attempt(chore.step, now, () => chore.run(now));
    }
  }

  async #report(now: number): Promise<void> {
    const { definitions, folder, record } = this.#options;
    const files = definitions.files();
    const row = {
      id: this.id,
      owner: processIdentity(),
      folder,
      startedAt: this.#startedAt,
      seenAt: now,
      leaseUntil: now + LEASE_MS,
      draining: this.#isDraining,
    };
    await record.report(row, files === this.#reported ? undefined : files);
    this.#reported = files;
  }

  /** A run whose process is gone would keep the next one of its flow waiting; whoever looks at it finds it crashed (S31). */
  async #sweep(): Promise<void> {
    for (const state of UNFINISHED) await this.#options.runs.runs({ state, limit: Number.POSITIVE_INFINITY });
  }

  /** Those that follow nothing as long as they are paused: on going on, `missed` says what becomes of the instants since. */
  async #follow(flows: readonly ServableFlow[], now: number): Promise<void> {
    const scheduled = flows.filter(({ data }) => data.schedules.length > 0);
    if (scheduled.length === 0) return;
    const settings = await this.#troubles.attempt('reading which flows are paused', now, () => this.#options.record.settings());
    if (settings === undefined) return;
    const paused = new Set(settings.filter(({ pausedAt }) => pausedAt !== undefined).map(({ flow }) => flow));
    for (const flow of scheduled) {
      const { name } = flow.data;
      if (!paused.has(name)) await this.#troubles.attempt(`following the schedule of flow '${name}'`, now, () => this.#follower.follow(flow, now));
    }
  }

  /** Adds the runs of those that run because an asset was renewed, or a run of another flow has ended. */
  async #followOthers(flows: readonly ServableFlow[], now: number): Promise<void> {
    const following = flows.flatMap(({ data: { name, on, missed } }) => (on.length === 0 ? [] : [{ flow: name, on, missed }]));
    if (following.length > 0)
      await this.#troubles.attempt('following what flows run on', now, () => this.#options.record.addTriggered(following, now));
  }

  async #claim(flows: readonly ServableFlow[], now: number): Promise<number> {
    const { record, maxRuns = DEFAULT_MAX_RUNS, tell } = this.#options;
    const byName = new Map(flows.map((flow) => [flow.data.name, flow]));
    const { start, skipped, cancelled } = await record.claimDue({
      service: this.id,
      flows: flows.filter(({ data }) => this.#underWay.mayStart(data.name, now)).map(policyOf),
      now,
      leaseMs: CLAIM_MS,
      limit: Math.max(0, maxRuns - this.running),
    });
    for (const due of start) this.#launch(due, byName.get(due.flow)?.file, now);
    for (const { due, why } of skipped) tell({ type: 'run-skipped', due, why });
    for (const run of cancelled) tell({ type: 'run-asked-to-cancel', run });
    return start.length;
  }

  #launch(due: DueRun, file: string | undefined, now: number): void {
    const { tell, lateMs: most = DEFAULT_LATE_MS } = this.#options;
    // What was missed was not to start before it was noticed.
    const lateMs = now - Math.max(due.dueAt, due.createdAt);
    tell({ type: 'run-starting', due });
    if (lateMs > most) tell({ type: 'run-late', due, lateMs: Math.round(lateMs) });
    this.#underWay.launch(due, file, now);
  }

  #inTurn(flows: readonly ServableFlow[]): readonly ServableFlow[] {
    if (flows.length === 0) return flows;
    this.#first = (this.#first + 1) % flows.length;
    return [...flows.slice(this.#first), ...flows.slice(0, this.#first)];
  }
}
