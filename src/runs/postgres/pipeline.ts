import type { SqlRow } from '../sqlite/statement.js';
import { decodeRow, decodersOf } from './values.js';

/** The part of the driver's wire protocol that is used; the same since its version 7, for cursors and streams are built on it. */
export interface WireConnection {
  parse(message: { readonly name: string; readonly text: string }): void;
  bind(message: { readonly statement: string; readonly values: readonly (string | Buffer | null)[] }): void;
  describe(message: { readonly type: 'P'; readonly name: string }): void;
  execute(message: object): void;
  sync(): void;
  readonly stream: { cork?(): void; uncork?(): void };
}

/** What a client's `query` takes besides text. */
export interface Submission<Connection> {
  submit(connection: Connection): void;
  handleRowDescription(message: { readonly fields: readonly { readonly dataTypeID: number }[] }): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handleCommandComplete(): void;
  handleEmptyQuery(): void;
  handlePortalSuspended(): void;
  handleReadyForQuery(): void;
  handleError(error: unknown): void;
}

export interface PreparedStatement {
  readonly name: string;
  /** Undefined: the server knows it by name already. */
  readonly text: string | undefined;
  readonly values: readonly (string | Buffer | null)[];
}

/**
 * Prepared statements sent in one go: a round trip for all of them, where the driver's own queries take one each. After the first that fails
 * the server passes over the rest.
 */
export class Pipeline implements Submission<WireConnection> {
  readonly results: Promise<readonly (readonly SqlRow[])[]>;
  readonly #statements: readonly PreparedStatement[];
  readonly #rows: SqlRow[][];
  #decoders: ReturnType<typeof decodersOf> = [];
  #at = 0;
  #resolve!: (rows: readonly (readonly SqlRow[])[]) => void;
  #reject!: (error: unknown) => void;

  constructor(statements: readonly PreparedStatement[]) {
    this.#statements = statements;
    this.#rows = statements.map(() => []);
    this.results = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: WireConnection): void {
    connection.stream.cork?.();
    try {
      for (const { name, text, values } of this.#statements) {
        if (text !== undefined) connection.parse({ name, text });
        connection.bind({ statement: name, values });
        connection.describe({ type: 'P', name: '' });
        connection.execute({});
      }
      connection.sync();
    } finally {
      connection.stream.uncork?.();
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly { readonly dataTypeID: number }[] }): void {
    this.#decoders = decodersOf(fields);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rows[this.#at]?.push(decodeRow(fields, this.#decoders));
  }

  handleCommandComplete(): void {
    this.#at++;
  }

  handleEmptyQuery(): void {
    this.#at++;
  }

  handlePortalSuspended(): void {
    // Rows are never asked for in parts.
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }
}
