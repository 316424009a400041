import { systemClock } from '../base/clock.js';
import type { TaskNotice } from '../flow/flow-runtime.js';
import { uncaptured } from '../log/capture.js';
import { type Notification, type NotificationOccasion, notificationName, wants } from '../model/notification.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import { underDelivery } from './deliveries.js';
import { FIRST_EPOCH, type RunParts } from './run-parts.js';
import type { Told } from './told.js';

type Facts = Pick<Told, 'error' | 'deadline' | 'dueAt' | 'finishedAt' | 'task'>;

/** By run id, shared by every copy of the package: a task may have been defined with another one. */
const RUNS = Symbol.for('millrace.notifications');

function runs(): Map<string, Pick<RunNotifications, 'ofTask'>> {
  const shared = globalThis as { [RUNS]?: Map<string, Pick<RunNotifications, 'ofTask'>> };
  shared[RUNS] ??= new Map();
  return shared[RUNS];
}

export function notifyOfTask(notice: TaskNotice): void {
  runs().get(notice.task.runId)?.ofTask(notice);
}

/**
 * Tells those whom a flow, or its tasks, name what becomes of one run: beside the run, each by itself, and whatever comes of that changes nothing.
 * What it takes is loaded when there is something to tell.
 */
export class RunNotifications {
  readonly #parts: RunParts;
  /** Of the run. */
  startedAt: number | undefined;
  /** Those that are being delivered, by what they are called. */
  readonly #underWay = new Map<Promise<void>, string>();

  constructor(parts: RunParts) {
    this.#parts = parts;
    runs().set(parts.id, this);
  }

  /** No task of the run has anything to tell any more. */
  close(): void {
    runs().delete(this.#parts.id);
  }

  ofRun(occasion: NotificationOccasion, facts: Facts = {}): void {
    const { flow, options } = this.#parts;
    // One that both name is told once.
    for (const one of new Set([...flow.notify, ...(options.notify ?? [])])) if (wants(one, occasion)) this.#tell(one, occasion, facts);
  }

  ofTask({ occasion, to, task, error }: TaskNotice): void {
    const told = { id: task.taskRunId, attempts: task.attempt, error };
    for (const one of to) this.#tell(one, occasion, { task: told });
  }

  /**
   * Resolves when nothing is being delivered any more, or after `ms`.
   * @returns undefined where there is nothing to wait for
   */
  settled(ms?: number): Promise<void> | undefined {
    if (this.#underWay.size === 0) return undefined;
    const all = this.#all();
    if (ms === undefined) return all;
    return new Promise((resolve) => {
      const forget = systemClock.schedule(ms, () => {
        this.#line('info', `notifications that are not delivered yet: ${[...this.#underWay.values()].join(', ')}; the process stays for them`);
        resolve();
      });
      void all.then(() => {
        forget();
        resolve();
      });
    });
  }

  async #all(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.keys());
    await this.#parts.journal.flush();
  }

  #tell(to: Notification, occasion: NotificationOccasion, facts: Facts): void {
    const { engine, handle } = this.#parts;
    const told: Told = {
      occasion,
      at: systemClock.now(),
      state: handle.state,
      counts: { ...engine.counts() },
      failures: [...engine.failures.all()],
      startedAt: this.startedAt,
      ...facts,
    };
    const name = notificationName(to);
    const ended = this.#deliver(to, told).then(
      (problem) => problem === undefined || this.#warn(`${name} was not told of ${occasion}: ${problem}`),
      (error: Error) => this.#warn(`${name} was not told of ${occasion}: ${error.message}`),
    );
    const work = ended.then(() => void this.#underWay.delete(work));
    this.#underWay.set(work, name);
    underDelivery(work, () => this.#lost(name, occasion));
  }

  async #deliver(to: Notification, told: Told): Promise<string | undefined> {
    const { deliverNotification } = await import('./deliver-notification.js');
    return await deliverNotification(this.#parts, to, told);
  }

  /** Whoever looks on by events has seen the last one by then. */
  #warn(text: string): void {
    this.#line('warn', text);
    const { handle, mask, options } = this.#parts;
    if (options.echo === false && FINAL_RUN_STATES.has(handle.state)) uncaptured(() => process.stderr.write(`${mask(`millrace: ${text}`)}\n`));
  }

  #line(level: 'info' | 'warn', text: string): void {
    this.#parts.recording.line(undefined, 0, level, text);
  }

  /** Synchronously, when the process ends first. */
  #lost(name: string, occasion: NotificationOccasion): void {
    const { id, journal, project } = this.#parts;
    this.#warn(`${name} was not told of ${occasion}: the process ended before it was delivered`);
    // The run has ended, so that it is not changed by this; its log is.
    if (FINAL_RUN_STATES.has(this.#parts.handle.state)) project.record.crashNow(id, FIRST_EPOCH, 'it had ended', journal.unwritten());
  }
}
