import type { Clock } from '../../base/clock.js';
import type { PostgresAddress } from './address.js';
import type { Pg, PgClient } from './load-pg.js';
import { isCutOff, isInTheWay, postgresError } from './postgres-error.js';
import { Session } from './session.js';

export interface LaneParts {
  readonly Client: Pg['Client'];
  readonly address: PostgresAddress;
  readonly clock: Clock;
  readonly patienceMs: number;
  /** Look-ups are planned for what is asked: what is rare and what is common are found by different ways. @default false */
  readonly isForLooking?: boolean;
}

const CONNECT_WITHIN_MS = 15_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 500;

/**
 * For each connection. Who is stopped in the middle of a transaction must not hold up the others for ever: the server ends it, and what comes
 * later is refused by its epoch. Nothing here is worth compiling: that alone may take longer than a page.
 */
const SETTINGS =
  "SET client_min_messages TO warning; SET extra_float_digits TO 1; SET bytea_output TO 'hex'; SET jit TO off; SET lock_timeout TO '15s'; " +
  "SET idle_in_transaction_session_timeout TO '60s'";

interface Connected {
  readonly client: PgClient;
  readonly session: Session;
  broken: boolean;
}

/** One connection, and the jobs that wait for it. It does not keep the process alive while none does. */
export class Lane {
  readonly #parts: LaneParts;
  #connected: Connected | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #jobs = 0;
  #isRunning = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  get busyProcess(): number | undefined {
    return this.#isRunning ? (this.#connected?.client.processID ?? undefined) : undefined;
  }

  /** @throws MillraceError what `postgresError` makes of it */
  async connect(): Promise<void> {
    try {
      this.#idle(await this.#connection());
    } catch (error) {
      throw postgresError(error, this.#parts.address.shown);
    }
  }

  /** Runs a job after those before it; once more when it was in another's way, or the server went in the middle. */
  async run<T>(job: (session: Session, isAgain: boolean) => Promise<T>): Promise<T> {
    this.#jobs++;
    const result = this.#last.then(() => this.#patiently(job));
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#jobs--;
      if (this.#jobs === 0 && this.#connected) this.#idle(this.#connected);
    }
  }

  async close(): Promise<void> {
    await this.#last;
    const connected = this.#connected;
    this.#connected = undefined;
    if (!connected || connected.broken) return;
    connected.client.ref?.();
    await connected.client.end().catch(() => undefined);
  }

  async #patiently<T>(job: (session: Session, isAgain: boolean) => Promise<T>): Promise<T> {
    const { clock, patienceMs, address } = this.#parts;
    const deadline = clock.now() + patienceMs;
    this.#isRunning = true;
    try {
      for (let [pause, isAgain] = [FIRST_PAUSE_MS, false]; ; [pause, isAgain] = [Math.min(2 * pause, LONGEST_PAUSE_MS), true]) {
        try {
          const connected = await this.#connection();
          connected.client.ref?.();
          return await job(connected.session, isAgain);
        } catch (error) {
          if (isCutOff(error)) await this.#drop();
          else if (!isInTheWay(error)) throw postgresError(error, address.shown);
          if (clock.now() >= deadline) throw postgresError(error, address.shown);
        }
        await new Promise<void>((done) => clock.schedule(pause, done));
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #connection(): Promise<Connected> {
    if (this.#connected?.broken) await this.#drop();
    if (this.#connected) return this.#connected;
    const { Client, address, isForLooking = false } = this.#parts;
    const client = new Client({
      connectionString: address.url,
      ...(address.tls === undefined ? {} : { ssl: address.tls && { ...address.tls } }),
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      application_name: 'millrace',
      keepAlive: true,
    });
    const connected: Connected = { client, session: new Session(client), broken: false };
    // Who uses it is told by what they ask for; between two jobs nobody is.
    const isBroken = (): void => {
      connected.broken = true;
    };
    client.on('error', isBroken);
    client.on('end', isBroken);
    await client.connect();
    await client.query(`SET search_path TO "${address.schema}"; ${SETTINGS}${isForLooking ? '; SET plan_cache_mode TO force_custom_plan' : ''}`);
    this.#connected = connected;
    return connected;
  }

  async #drop(): Promise<void> {
    const connected = this.#connected;
    this.#connected = undefined;
    await connected?.client.end().catch(() => undefined);
  }

  #idle({ client }: Connected): void {
    client.unref?.();
  }
}
