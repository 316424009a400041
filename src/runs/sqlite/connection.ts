import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Clock, systemClock } from '../../base/clock.js';
import { asError, MillraceError } from '../../base/error.js';
import { faultPoint } from '../../base/fault-point.js';
import { recordClosed } from '../look.js';
import { loadLibSql } from './load-libsql.js';
import { isBusyError, recordError, sqliteCode } from './record-error.js';
import { type DriverStatement, Statement } from './statement.js';

/** The part of the driver that is used. */
interface Driver {
  prepare(sql: string): DriverStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface ConnectionOptions {
  readonly path: string;
  /** Nothing is written, not even to tidy up. @default false */
  readonly readOnly?: boolean;
  /** @default systemClock */
  readonly clock?: Clock;
  /** How long to wait for another process's lock before `RECORD_BUSY`, in milliseconds. @default 15000 */
  readonly patienceMs?: number;
}

/** How long the driver itself may block the event loop for a lock, in milliseconds; the rest of the wait is asynchronous. */
const BLOCKING_WAIT_MS = 4;
const LAST_WORDS_WAIT_MS = 1_000;
const LONGEST_PAUSE_MS = 50;
const WRITING = 'BEGIN IMMEDIATE';

/**
 * One connection to an SQLite file: WAL, `synchronous=FULL`, prepared statements kept. A transaction's body is synchronous, so none is ever
 * open across an `await`; waiting for a lock is not.
 */
export class SqliteConnection {
  readonly path: string;
  readonly readOnly: boolean;
  readonly clock: Clock;
  readonly #patienceMs: number;
  readonly #driver: Driver;
  readonly #statements = new Map<string, Statement>();
  /** The end of the queue of writes: they are committed in the order they were asked for, whoever had to wait for a lock. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(driver: Driver, path: string, options: ConnectionOptions) {
    this.#driver = driver;
    this.path = path;
    this.readOnly = options.readOnly ?? false;
    this.clock = options.clock ?? systemClock;
    this.#patienceMs = options.patienceMs ?? 15_000;
  }

  /** @throws MillraceError `RECORD_MISSING`, `RECORD_UNOPENABLE`, `RECORD_NOT_A_DATABASE`, `RECORD_CORRUPTED`, `RECORD_READ_ONLY`, `RECORD_BUSY` */
  static async open(options: ConnectionOptions): Promise<SqliteConnection> {
    const path = resolve(options.path);
    const LibSql = loadLibSql();
    const connect = (address: string): Driver => new LibSql(address, { timeout: BLOCKING_WAIT_MS }) as unknown as Driver;
    let connection: SqliteConnection | undefined;
    try {
      if (options.readOnly) connection = new SqliteConnection(openReadOnly(connect, path), path, options);
      else {
        mkdirSync(dirname(path), { recursive: true });
        connection = new SqliteConnection(connect(path), path, options);
        await connection.#prepareForWriting();
      }
      return connection;
    } catch (error) {
      connection?.close();
      throw recordError(error, path);
    }
  }

  /** A prepared statement, kept for the connection's life. */
  prepare(sql: string): Statement {
    if (this.#closed) throw recordClosed(this.path);
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = new Statement(this.#driver.prepare(sql), sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Statements without parameters or rows, such as those of a migration. */
  exec(sql: string): void {
    if (this.#closed) throw recordClosed(this.path);
    this.#driver.exec(sql);
  }

  /** Runs `job` on one consistent state of the database. */
  read<T>(job: () => T): Promise<T> {
    return this.#patiently(() => this.#transact('BEGIN', job));
  }

  /** Runs `job` in a transaction of its own, after all earlier ones; resolves when committed, and when it throws nothing is written. */
  write<T>(job: () => T): Promise<T> {
    return this.#inTurn(() => this.#transact(WRITING, job));
  }

  /** As `write`, for a job in several steps: until it is done, nothing else may use this connection, not even to read. */
  writeInSteps<T>(job: () => Promise<T>): Promise<T> {
    return this.#inSteps('BEGIN IMMEDIATE', job);
  }

  /** As `read`, likewise. */
  readInSteps<T>(job: () => Promise<T>): Promise<T> {
    return this.#inSteps('BEGIN', job);
  }

  /** As `writeInPassing`, likewise. */
  writeInStepsInPassing<T>(job: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      this.exec('PRAGMA synchronous=NORMAL');
      try {
        return await this.#step('BEGIN IMMEDIATE', job);
      } finally {
        this.exec('PRAGMA synchronous=FULL');
      }
    });
  }

  #inSteps<T>(begin: string, job: () => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#step(begin, job));
  }

  async #step<T>(begin: string, job: () => Promise<T>): Promise<T> {
    this.exec(begin);
    try {
      const result = await job();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** As `write`, but a power cut may undo it: for what is worth nothing once this process is gone. Others see it at once all the same. */
  writeInPassing<T>(job: () => T): Promise<T> {
    return this.#inTurn(() => this.#inPassing(job));
  }

  /** As `writeNow`, but a power cut may undo it, until something else is written. */
  writeNowInPassing<T>(job: () => T): T {
    return this.#now(() => this.#inPassing(job));
  }

  #inPassing<T>(job: () => T): T {
    this.exec('PRAGMA synchronous=NORMAL');
    try {
      return this.#transact(WRITING, job);
    } finally {
      this.exec('PRAGMA synchronous=FULL');
    }
  }

  #inTurn<T>(job: () => T | Promise<T>): Promise<T> {
    const result = this.#lastWrite.then(() => this.#patiently(job));
    this.#lastWrite = result.catch(() => undefined);
    return result;
  }

  /** As `write`, but synchronous and ahead of the queue: for when nothing asynchronous can run. */
  writeNow<T>(job: () => T): T {
    return this.#now(() => this.#transact(WRITING, job));
  }

  #now<T>(job: () => T): T {
    this.exec(`PRAGMA busy_timeout=${LAST_WORDS_WAIT_MS}`);
    try {
      return job();
    } catch (error) {
      throw recordError(error, this.path, () => this.#check());
    } finally {
      this.exec(`PRAGMA busy_timeout=${BLOCKING_WAIT_MS}`);
    }
  }

  /** Waits for the writes under way. Idempotent. */
  async finish(): Promise<void> {
    await this.#lastWrite;
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    if (!this.readOnly) this.#emptyLog();
    this.#closed = true;
    this.#statements.clear();
    this.#driver.close();
  }

  /**
   * SQLite does this when its last connection goes, but the driver's goes only when its statements have been collected. With an empty log
   * the one file is the whole record, for whoever copies it. When it cannot be done now, the next writer does it.
   */
  #emptyLog(): void {
    try {
      faultPoint('record.checkpoint');
      this.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    } catch {
      // Another process is reading or writing, or the disk is full: nothing is lost, the log is read by whoever opens the record next.
    }
  }

  async #prepareForWriting(): Promise<void> {
    await this.#patiently(() => {
      // Only has an effect on a new file. Pages of 8 KB waste less on results of some KB, which often leave half of a smaller one empty.
      this.exec('PRAGMA page_size=8192');
      this.prepare('PRAGMA journal_mode=WAL').get();
      this.exec('PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16000; PRAGMA journal_size_limit=67108864');
    });
  }

  #transact<T>(begin: string, job: () => T): T {
    this.exec(begin);
    try {
      const result = job();
      if (begin === WRITING) faultPoint('record.commit');
      this.exec('COMMIT');
      if (begin === WRITING) faultPoint('record.committed');
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself already, as it does on a full disk.
    }
  }

  /** Tries again while another process holds the lock, with a growing pause that lets the event loop run. */
  async #patiently<T>(job: () => T | Promise<T>): Promise<T> {
    const deadline = this.clock.now() + this.#patienceMs;
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      if (this.#closed) throw recordClosed(this.path);
      try {
        return await job();
      } catch (error) {
        if (!isBusyError(error) || this.clock.now() >= deadline) throw recordError(error, this.path, () => this.#check());
      }
      await new Promise<void>((done) => this.clock.schedule(pause, done));
    }
  }

  /** The first findings of SQLite's own check, in one line. */
  #check(): string | undefined {
    try {
      const findings = this.prepare('PRAGMA quick_check(3)').all();
      return findings.map((row) => String(row[0]).replaceAll(/\s+/g, ' ')).join('; ');
    } catch {
      return undefined;
    }
  }
}

/**
 * A WAL database can be read beside its writers only if its `-shm` file is there or can be made. In a folder that cannot be written, with
 * no writer about, the file by itself is complete, and is opened as one that does not change.
 */
function openReadOnly(connect: (address: string) => Driver, path: string): Driver {
  if (!existsSync(path))
    throw new MillraceError('RECORD_MISSING', `there is no record at ${path}`, { hint: 'It is made by the first run of a flow in this project.' });
  const address = pathToFileURL(path).href;
  const driver = connect(`${address}?mode=ro`);
  try {
    driver.prepare('PRAGMA schema_version').get([]);
    return driver;
  } catch (error) {
    driver.close();
    // Which of the two it is depends on whether the disk or the folder refuses.
    if (existsSync(`${path}-wal`) || !/^SQLITE_(?:CANTOPEN|READONLY)/.test(sqliteCode(asError(error)))) throw error;
    return connect(`${address}?mode=ro&immutable=1`);
  }
}
