import { type Clock, systemClock } from '../../base/clock.js';
import { recordClosed } from '../look.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { PostgresAddress } from './address.js';
import { Lane } from './lane.js';
import { loadPg } from './load-pg.js';
import type { Session } from './session.js';

export interface PostgresOptions {
  /** @default systemClock */
  readonly clock?: Clock;
  /** How long to go on trying when the server is gone in the middle, before `RECORD_UNREACHABLE`, in milliseconds. @default 15000 */
  readonly patienceMs?: number;
  /** How long a batch may be held up between its two round trips before the server undoes it, and lets go of the run's row, in milliseconds. @default 5000 */
  readonly stalledMs?: number;
}

/**
 * A record's connections: one for what is written, in the order it was asked for, and one for what is looked up, made when first needed. A job
 * that is cut off by a server that goes is run again on a new connection, so jobs must bear being done twice.
 */
export class PostgresConnection {
  readonly address: PostgresAddress;
  readonly clock: Clock;
  readonly #writing: Lane;
  readonly #reading: Lane;
  /** A long synchronous body may stand between two round trips: it is not to keep heartbeats and others from the run's row. The batch is written again. */
  readonly #shortly: string;
  #closed = false;

  private constructor(address: PostgresAddress, lane: (isForLooking: boolean) => Lane, clock: Clock, stalledMs: number) {
    this.address = address;
    this.clock = clock;
    this.#writing = lane(false);
    this.#reading = lane(true);
    this.#shortly = `SET LOCAL idle_in_transaction_session_timeout TO ${Math.ceil(stalledMs)}`;
  }

  /** @throws MillraceError `RECORD_LIBRARY_MISSING`, `RECORD_UNREACHABLE`, `RECORD_ACCESS_DENIED`, `RECORD_TLS_FAILED`, `RECORD_MISSING`, `RECORD_BUSY` */
  static async open(address: PostgresAddress, options: PostgresOptions = {}): Promise<PostgresConnection> {
    const Client = await loadPg();
    const { clock = systemClock, patienceMs = 15_000, stalledMs = 5_000 } = options;
    const connection = new PostgresConnection(
      address,
      (isForLooking) => new Lane({ Client, address, clock, patienceMs, isForLooking }),
      clock,
      stalledMs,
    );
    // Whoever gives a wrong address is to hear of it at once.
    await connection.#writing.connect();
    return connection;
  }

  get location(): string {
    return this.address.shown;
  }

  /** The server's process that is writing at this moment, if one is. */
  get busyWriter(): number | undefined {
    return this.#writing.busyProcess;
  }

  /** One state of the database for all statements, in one round trip. */
  async look(statements: Parameters<Session['all']>[0]): Promise<readonly (readonly SqlRow[])[]> {
    return await this.read((session) => (statements.length === 1 ? session.all(statements) : session.snapshot(statements)));
  }

  /** Looks up, one statement after the other. */
  async read<T>(job: (session: Session) => Promise<T>): Promise<T> {
    this.#check();
    return await this.#reading.run(job);
  }

  /** Runs `job` in a transaction of its own, after all earlier ones; resolves when committed, and when it throws nothing is written. */
  async write<T>(job: (session: Session, isAgain: boolean) => Promise<T>): Promise<T> {
    this.#check();
    return await this.#writing.run((session, isAgain) => session.transaction(['BEGIN'], () => job(session, isAgain)));
  }

  /** As `write`, for what takes a few round trips with nothing else in between. */
  async writeShortly<T>(job: (session: Session) => Promise<T>): Promise<T> {
    this.#check();
    return await this.#writing.run((session) => session.transaction(['BEGIN', this.#shortly], () => job(session)));
  }

  /** As `writeShortly`, but a power cut may undo it: for what is worth nothing once this process is gone. Others see it at once all the same. */
  async writeInPassing<T>(job: (session: Session) => Promise<T>): Promise<T> {
    this.#check();
    return await this.#writing.run((session) =>
      session.transaction(['BEGIN', 'SET LOCAL synchronous_commit TO off', this.#shortly], () => job(session)),
    );
  }

  /** Waits for what is under way. Idempotent. */
  async finish(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#writing.close(), this.#reading.close()]);
  }

  checkOpen(): void {
    this.#check();
  }

  #check(): void {
    if (this.#closed) throw recordClosed(this.location);
  }
}
