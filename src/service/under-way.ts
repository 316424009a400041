import type { DueRun } from '../model/due-run.js';
import type { RunRow } from '../model/records.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import type { LaunchEnd, Launched, Launcher } from './launcher.js';
import type { ServiceEvent, TellService } from './service-event.js';

/** How long a service has to start what it claimed before it is anybody's; signs are given three times as often. In milliseconds. */
export const CLAIM_MS = 30_000;

/** A process that has not begun its run by then never will: it is ended. */
const LONGEST_START_MS = 300_000;

/** What could not be started so often is given up. */
const MOST_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 2_000;

export interface UnderWayOptions {
  readonly service: string;
  readonly record: Pick<ServiceRecord, 'due' | 'keepClaims' | 'nextTry' | 'settleDue'>;
  readonly runs: { run(id: string): Promise<RunRow | undefined> };
  readonly launcher: Launcher;
  readonly tell: TellService;
  /** A run has ended, so that there is something to do. */
  readonly wake: () => void;
  /** A flow could not be started. */
  readonly doubt: (flow: string) => void;
}

interface Going {
  readonly due: DueRun;
  readonly launched: Launched;
  readonly since: number;
  /** The record has its run: no claim is to be kept any more. */
  hasBegun: boolean;
}

interface Ended {
  readonly due: DueRun;
  readonly end: LaunchEnd;
}

/** The runs that a service has claimed: launched, kept while they start, and settled when they have ended. */
export class UnderWay {
  readonly #options: UnderWayOptions;
  readonly #going = new Map<string, Going>();
  /** Not settled yet: kept until the record takes it. */
  readonly #ended: Ended[] = [];
  readonly #attempts = new Map<string, number>();
  /** By flow: when it is tried again. */
  readonly #pauses = new Map<string, number>();

  constructor(options: UnderWayOptions) {
    this.#options = options;
  }

  /** Runs that go on. */
  get count(): number {
    return this.#going.size;
  }

  get hasUnsettled(): boolean {
    return this.#ended.length > 0;
  }

  /** Whether the flow may be tried: one that could not be started is left alone for a moment. */
  mayStart(flow: string, now: number): boolean {
    const until = this.#pauses.get(flow);
    if (until === undefined || until <= now) return true;
    return until - now > FIRST_PAUSE_MS * 2 ** MOST_ATTEMPTS;
  }

  launch(due: DueRun, file: string | undefined, now: number): void {
    const { launcher, wake } = this.#options;
    const launched = launcher.launch(due, file);
    this.#going.set(due.run, { due, launched, since: now, hasBegun: false });
    void launched.ended.then((end) => {
      this.#going.delete(due.run);
      this.#ended.push({ due, end });
      wake();
    });
  }

  /** Those that have not begun are still about to. */
  async keepClaims(now: number): Promise<void> {
    const { record, service } = this.#options;
    const waiting = [...this.#going.values()].filter(({ hasBegun }) => !hasBegun);
    if (waiting.length === 0) return;
    const claimed = new Set((await record.due({ states: ['claimed'], limit: 10_000 })).map(({ run }) => run));
    for (const one of waiting) one.hasBegun = !claimed.has(one.due.run);
    const starting = waiting.filter(({ hasBegun }) => !hasBegun);
    for (const { since, launched } of starting) if (now - since > LONGEST_START_MS) launched.kill();
    if (starting.length > 0)
      await record.keepClaims(
        service,
        starting.map(({ due }) => due.run),
        now + CLAIM_MS,
      );
  }

  /** Writes down what became of those that have ended. @throws what the record throws: what is left is settled in a later turn */
  async settle(now: number): Promise<void> {
    for (let ended = this.#ended[0]; ended !== undefined; ended = this.#ended[0]) {
      await this.#settleOne(ended, now);
      this.#ended.shift();
    }
  }

  cancelAll(): void {
    for (const { launched } of this.#going.values()) launched.cancel();
  }

  killAll(): void {
    for (const { launched } of this.#going.values()) launched.kill();
  }

  /** With `retries` of the flow, how the last try ended counts. */
  async #endOf(due: DueRun, first: RunRow): Promise<Extract<ServiceEvent, { type: 'run-ended' }>> {
    const { record, runs } = this.#options;
    let last = first;
    while (last.state !== 'success') {
      const next = await record.nextTry(last.id);
      const row = next === undefined ? undefined : await runs.run(next);
      if (row === undefined) break;
      last = row;
    }
    const { id, state, error, finishedAt } = last;
    const tookMs = first.startedAt === undefined || finishedAt === undefined ? undefined : Math.round(finishedAt - first.startedAt);
    return { type: 'run-ended', due, state, tookMs, ...(id === first.id ? {} : { lastTry: id }), ...(error && { error: error.message }) };
  }

  async #settleOne({ due, end }: Ended, now: number): Promise<void> {
    const { record, runs, service, tell, doubt } = this.#options;
    // Whoever looks at a run whose process is gone finds it crashed (S31).
    const row = await runs.run(due.run);
    const [settled] = await record.due({ run: due.run });
    if (row !== undefined) {
      if (settled?.state === 'claimed') await record.settleDue(due.run, 'started');
      this.#attempts.delete(due.run);
      return tell(await this.#endOf(due, row));
    }
    if (settled === undefined) return;
    if (settled.state === 'refused') return tell({ type: 'run-refused', due, why: settled.why ?? end.words });
    // Its claim may have run out, and be another's by now.
    if (settled.state !== 'claimed' || settled.service !== service) return;
    const attempt = (this.#attempts.get(due.run) ?? 0) + 1;
    if (attempt >= MOST_ATTEMPTS) {
      await record.settleDue(due.run, 'refused', `it could not be started: ${end.words}`);
      this.#attempts.delete(due.run);
      return tell({ type: 'run-refused', due, why: end.words });
    }
    await record.settleDue(due.run, 'waiting');
    this.#attempts.set(due.run, attempt);
    this.#pauses.set(due.flow, now + FIRST_PAUSE_MS * 2 ** (attempt - 1));
    doubt(due.flow);
    tell({ type: 'run-not-started', due, why: end.words, attempt });
  }
}
