import { describe, MillraceError } from '../../base/error.js';

/** What a column may hold. No booleans, no bigints, no undefined. */
export type SqlValue = string | number | null | Uint8Array;
/** One row, by place of its columns in the SELECT. */
export type SqlRow = readonly SqlValue[];

/** The part of the driver's statement that is used. */
export interface DriverStatement {
  raw(on: boolean): unknown;
  run(values: readonly SqlValue[]): { readonly changes: number };
  get(values: readonly SqlValue[]): unknown;
  all(values: readonly SqlValue[]): readonly unknown[];
}

/**
 * The only place where parameters meet the driver. It aborts the process on a boolean or a buffer outside an array, takes NaN for NULL, and
 * does not mind missing or surplus parameters, so each list is checked first; that costs some ten nanoseconds a value.
 * SQL text holds `?` for parameters and nowhere else.
 */
export class Statement {
  readonly #driver: DriverStatement;
  readonly #sql: string;
  readonly #arity: number;
  #raw = false;

  constructor(driver: DriverStatement, sql: string) {
    this.#driver = driver;
    this.#sql = sql;
    this.#arity = sql.split('?').length - 1;
  }

  /** @returns how many rows changed */
  run(values: readonly SqlValue[] = []): number {
    return this.#driver.run(this.#checked(values)).changes;
  }

  get(values: readonly SqlValue[] = []): SqlRow | undefined {
    return this.#rows().get(this.#checked(values)) as SqlRow | undefined;
  }

  all(values: readonly SqlValue[] = []): readonly SqlRow[] {
    return this.#rows().all(this.#checked(values)) as readonly SqlRow[];
  }

  /** Rows as arrays: half the price of objects. Statements that give no rows refuse the mode, so it is set on first use. */
  #rows(): DriverStatement {
    if (!this.#raw) this.#driver.raw(true);
    this.#raw = true;
    return this.#driver;
  }

  #checked(values: readonly SqlValue[]): readonly SqlValue[] {
    if (values.length !== this.#arity) throw this.#refusal(`${this.#arity} values`, `${values.length}`);
    for (const value of values) {
      if (typeof value === 'string' || value === null || value instanceof Uint8Array) continue;
      if (typeof value === 'number' && Number.isFinite(value)) continue;
      throw this.#refusal('text, a finite number, bytes or null', describe(value));
    }
    return values;
  }

  #refusal(expected: string, got: string): MillraceError {
    return new MillraceError('RECORD_VALUE_INVALID', `expected ${expected} for \`${this.#sql.slice(0, 60)}…\`; got ${got}`);
  }
}
