import type { Clock } from '../base/clock.js';
import { formatMs } from '../log/format-ms.js';
import { pauseAfter, type Sensor } from '../model/sensor.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { Skip, TimedOutError } from '../model/task-error.js';
import type { Attempt } from './attempt.js';
import type { Notes } from './notes.js';
import { type Looker, lookerOf } from './sensor-looks.js';
import { type InVain, waitFor, within } from './waiting.js';

/** The slots that sensors share with everything else that runs. */
export interface Slots {
  /** Lets others have its slot and its limits, while it goes on waiting. */
  lend(node: number): void;
  /** Resolves when it has them again: at once, where it has not lent them. */
  regain(node: number): Promise<void>;
}

export interface SensorsParts {
  readonly clock: Clock;
  readonly notes: Notes;
  readonly slots: Slots;
}

/** The first line about a wait that lasts comes at once, the next after so long, each after that in twice the time. */
const TELLS_AFTER_MS = 600_000;
/** How much of the time is over is said in steps of this. */
const PROGRESS_STEP = 0.05;
/** What a look may go on for when the time is up. */
const LAST_LOOK_MS = 10_000;

/** Waits for conditions. Between two looks a sensor holds no slot, unless it says so. */
export class Sensors {
  readonly #parts: SensorsParts;

  constructor(parts: SensorsParts) {
    this.#parts = parts;
  }

  /**
   * Resolves with what the sensor gives, when its condition holds. The time it has counts from its first attempt.
   * @throws TimedOutError `SENSOR_TIMED_OUT`; Skip, where the sensor is soft; the reason of the attempt's signal; what the look throws
   */
  async wait(attempt: Attempt, definition: TaskDefinition, args: readonly unknown[], startedAt: number): Promise<unknown> {
    const { clock, notes, slots } = this.#parts;
    const sensor = definition.sensor as Sensor;
    const since = notes.find(attempt.node).firstStart ?? startedAt;
    const until = sensor.timeoutMs === undefined ? Number.POSITIVE_INFINITY : since + sensor.timeoutMs;
    const looker = lookerOf(sensor, attempt, args);
    const { signal } = attempt;
    const outOfTime = (seen: InVain): Error => outOf(sensor, attempt, looker.awaited, seen);
    const noSlot = { found: undefined, why: 'all slots, or its limits, were taken' } as const;
    const teller = new Teller(clock, attempt, looker, since);
    const value = await waitFor<unknown>({
      clock,
      signal,
      until,
      lastLookMs: LAST_LOOK_MS,
      look: async () => {
        const left = until - clock.now();
        if (left > 0) await within({ clock, signal }, left, slots.regain(attempt.node), () => outOfTime(noSlot));
        return await looker.look();
      },
      pauseAfter: (looks) => looker.pauseMs?.() ?? pauseAfter(sensor, looks),
      inVain: (seen, looks) => {
        if (!sensor.holdsSlot) slots.lend(attempt.node);
        teller.inVain(seen, looks, looker.until ?? until);
      },
      outOfTime,
    });
    teller.came();
    return value;
  }
}

/** Skipped, or out of time: it is not tried again, since its time is that of all its attempts. */
function outOf(sensor: Sensor, attempt: Attempt, awaited: string, { why, cause }: InVain): Error {
  const ms = sensor.timeoutMs ?? 0;
  const error = sensor.soft
    ? new Skip(`waited ${formatMs(ms)} for ${awaited}, in vain: ${why}`)
    : new TimedOutError(attempt.taskRunId, ms, { awaited, why, cause, isSensor: true });
  attempt.abort(error);
  return error;
}

/** Says that it waits, and now and then that it still does: not a line for each look. */
class Teller {
  readonly #clock: Clock;
  readonly #attempt: Attempt;
  readonly #looker: Looker;
  readonly #since: number;
  #tellAt: number;
  #nextProgress = PROGRESS_STEP;
  #hasWaited = false;

  constructor(clock: Clock, attempt: Attempt, looker: Looker, since: number) {
    this.#clock = clock;
    this.#attempt = attempt;
    this.#looker = looker;
    this.#since = since;
    // How long a wait for a moment lasts is known from the first line.
    this.#tellAt = looker.until === undefined ? since + TELLS_AFTER_MS : Number.POSITIVE_INFINITY;
  }

  inVain({ why }: InVain, looks: number, until: number): void {
    const now = this.#clock.now();
    const waited = now - this.#since;
    if (!this.#hasWaited) this.#attempt.line('info', `waits for ${this.#looker.awaited}: ${why}`);
    else if (now >= this.#tellAt) {
      this.#attempt.line('info', `still waits for ${this.#looker.awaited}, after ${formatMs(waited)} and ${looks} looks: ${why}`);
      this.#tellAt = this.#since + 2 * waited;
    }
    this.#hasWaited = true;
    const over = waited / (until - this.#since);
    if (!Number.isFinite(until) || over < this.#nextProgress) return;
    this.#nextProgress = over + PROGRESS_STEP;
    this.#attempt.progress(over, `of its time is over: ${why}`);
  }

  came(): void {
    if (this.#hasWaited) this.#attempt.line('info', `${this.#looker.awaited}: waited ${formatMs(this.#clock.now() - this.#since)}`);
  }
}
