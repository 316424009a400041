import { faultPoint } from '../../base/fault-point.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { PgClient } from './load-pg.js';
import { Pipeline } from './pipeline.js';
import { encodeParameter, type Parameter } from './values.js';

/** SQL with `?` for its parameters and nowhere else, and what stands for them. */
export type Sql = readonly [text: string, ...values: readonly Parameter[]];

/** One connection to the server while a job has it: statements are prepared once, and those asked for together are one round trip. */
export class Session {
  readonly #client: PgClient;
  /** By text, the names under which the server knows them. */
  readonly #prepared = new Map<string, string>();
  #named = 0;
  /** What a transaction begins with, sent along with its first statements. */
  #opening: readonly string[] = [];
  #state: 'none' | 'open' | 'over' = 'none';

  constructor(client: PgClient) {
    this.#client = client;
  }

  /** Several statements, one round trip: the rows of each. */
  async all(statements: readonly Sql[]): Promise<readonly (readonly SqlRow[])[]> {
    const opening = this.#opening;
    this.#opening = [];
    const results = await this.#send([...opening.map((text): Sql => [text]), ...statements]);
    return results.slice(opening.length);
  }

  async rows(text: string, ...values: readonly Parameter[]): Promise<readonly SqlRow[]> {
    const [rows] = await this.all([[text, ...values]]);
    return rows ?? [];
  }

  /** The last statements of a transaction, and its COMMIT, in one round trip. */
  async allAndCommit(statements: readonly Sql[]): Promise<readonly (readonly SqlRow[])[]> {
    faultPoint('record.commit');
    const results = await this.all([...statements, ['COMMIT']]);
    this.#state = 'over';
    faultPoint('record.committed');
    return results;
  }

  /** Several look-ups on one state of the database. */
  async snapshot(statements: readonly Sql[]): Promise<readonly (readonly SqlRow[])[]> {
    try {
      const results = await this.#send([['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'], ...statements, ['COMMIT']]);
      return results.slice(1, -1);
    } catch (error) {
      await this.#rollBack();
      throw error;
    }
  }

  /** Commits when `job` has not done so itself, rolls back when it throws. */
  async transaction<T>(opening: readonly string[], job: () => Promise<T>): Promise<T> {
    this.#opening = opening;
    this.#state = 'open';
    try {
      const result = await job();
      if ((this.#state as string) === 'open') await this.allAndCommit([]);
      return result;
    } catch (error) {
      if (this.#opening.length === 0) await this.#rollBack();
      throw error;
    } finally {
      this.#state = 'none';
      this.#opening = [];
    }
  }

  /** Statements without parameters, such as those of a migration, as many as the text holds. */
  async script(text: string): Promise<void> {
    await this.all([]);
    await this.#client.query(text);
  }

  async #send(statements: readonly Sql[]): Promise<readonly (readonly SqlRow[])[]> {
    const fresh = new Map<string, string>();
    const prepared = statements.map(([text, ...values]) => {
      const known = this.#prepared.get(text) ?? fresh.get(text);
      const name = known ?? `m${++this.#named}`;
      if (known === undefined) fresh.set(text, name);
      return { name, text: known === undefined ? numbered(text) : undefined, values: values.map(encodeParameter) };
    });
    const pipeline = new Pipeline(prepared);
    this.#client.query(pipeline);
    const results = await pipeline.results;
    // Not before: when one fails, the server has not heard of those behind it, and another name is due.
    for (const [text, name] of fresh) this.#prepared.set(text, name);
    return results;
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#client.query('ROLLBACK');
    } catch {
      // The connection is gone, and with it the transaction.
    }
  }
}

const texts = new Map<string, string>();

/** `?` as `$1`, `$2`, … */
function numbered(text: string): string {
  let result = texts.get(text);
  if (result === undefined) {
    let count = 0;
    result = text.replaceAll('?', () => `$${++count}`);
    texts.set(text, result);
  }
  return result;
}
