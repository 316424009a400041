import type { RunState } from '../../model/states.js';
import type { BackfillCounts } from '../../runs/service/backfill-rows.js';
import type { Backfill, BackfillState } from '../../runs/service/backfills.js';

/** How a backfill is told as it goes: to people who watch, to people who do not, or to programs. */
export interface BackfillPrinter {
  /** @param isOld it was in the record before */
  stored(backfill: Backfill, isOld: boolean): void;
  counts(counts: BackfillCounts): void;
  started(run: BackfilledRun): void;
  ended(run: EndedBackfilledRun): void;
  note(text: string): void;
  /** The last word. */
  end(state: BackfillState | undefined): void;
}

export interface BackfilledRun {
  readonly run: string;
  /** The instant it stands for. Milliseconds since the epoch, as all times here. */
  readonly at: number;
  readonly startedAt: number;
  /** The run that it goes on with. */
  readonly resumes?: string;
}

export interface EndedBackfilledRun extends BackfilledRun {
  readonly state: RunState;
  readonly ms: number;
  readonly error: unknown;
}
