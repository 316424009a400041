import { type Clock, systemClock } from '../../base/clock.js';
import type { HeartbeatTarget } from '../run-record.js';
import type { ServiceDatabase } from '../service/database.js';
import { openServiceDatabase } from '../service/open-database.js';
import { exchangeUnits } from './exchange-units.js';
import type { LimitAnswer, LimitInUse, LimitRequest } from './limit-request.js';
import { findLimits, removeHolder } from './limits-in-use.js';

export interface LimitRecordOptions {
  readonly clock?: Clock;
  /** For tests. @default the record's clock: of a server its own */
  readonly now?: () => number;
}

/**
 * What processes that share a record have of named limits (S14). One transaction for each limit; what is written is worth nothing once the process is
 * gone, so nothing waits for the disk.
 */
export class LimitRecord implements AsyncDisposable {
  readonly #database: ServiceDatabase;
  readonly #now: (() => number) | undefined;

  private constructor(database: ServiceDatabase, now: (() => number) | undefined) {
    this.#database = database;
    this.#now = now;
  }

  /** By a connection of its own. @throws MillraceError what opening a record throws */
  static async open(target: HeartbeatTarget, options: LimitRecordOptions = {}): Promise<LimitRecord> {
    return new LimitRecord(await openServiceDatabase(target, options.clock ?? systemClock), options.now);
  }

  /** Says what a process has and wants of a limit, and tells what it gets. Nothing else changes its part; asked twice, it gets no more. */
  exchange(holder: string, request: LimitRequest): Promise<LimitAnswer> {
    return this.#database.writeInPassing((session) => exchangeUnits(session, this.#now?.(), holder, request));
  }

  /** The process uses no limit any more. */
  leave(holder: string): Promise<void> {
    return this.#database.writeInPassing((session) => removeHolder(session, holder));
  }

  /** By name. Parts of runs that have ended are left out. */
  inUse(): Promise<readonly LimitInUse[]> {
    return this.#database.read(async (session) => findLimits(session, this.#now?.() ?? (await session.now())));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close();
  }
}
