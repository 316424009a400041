import { faultPoint } from '../../base/fault-point.js';
import { loadDriver } from './load-driver.js';
import type { Column, ColumnKind } from './sql-columns.js';
import type { SqlDatabase, SqlSession, TableAddress } from './sql-database.js';
import { nameList, quoted, tableName } from './sql-text.js';

/** The little that is asked of `pg`. */
interface Pg {
  readonly Client: new (options: object) => Client;
  readonly default?: Pg;
}

interface Rows {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly fields: readonly { readonly dataTypeID: number }[];
}

interface Client {
  connect(): Promise<void>;
  query(query: { text: string; values?: readonly unknown[]; rowMode: 'array' }): Promise<Rows>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

const TYPES: Readonly<Record<ColumnKind, string>> = {
  integer: 'bigint',
  bigint: 'numeric',
  double: 'double precision',
  boolean: 'boolean',
  text: 'text',
  date: 'timestamp(3) with time zone',
  bytes: 'bytea',
  json: 'jsonb',
};

/** By the names in the catalogue. */
const KINDS: Readonly<Record<string, ColumnKind>> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'bigint',
  float4: 'double',
  float8: 'double',
  bool: 'boolean',
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  date: 'date',
  timestamp: 'date',
  timestamptz: 'date',
  bytea: 'bytes',
  json: 'json',
  jsonb: 'json',
};

/** By the numbers that come with the rows of any query, which are the same in every server. */
const KIND_OF_TYPE: Readonly<Record<number, ColumnKind>> = {
  16: 'boolean',
  20: 'integer',
  21: 'integer',
  23: 'integer',
  26: 'integer',
  700: 'double',
  701: 'double',
  1700: 'double',
};

/** What the protocol takes in one statement. */
const MOST_VALUES = 65_535;
const ROWS_AT_ONCE = 1_000;
const CONNECT_WITHIN_MS = 30_000;
/** Values come as text and are read by their columns: the driver's own reading loses digits. */
const AS_TEXT = { getTypeParser: () => (value: string) => value };

export function postgresDatabase(address: string, shown: string): SqlDatabase {
  return {
    scheme: 'postgres',
    shown,
    hasSchemas: true,
    types: TYPES,
    isThere: () => true,
    async inTransaction(mode, job) {
      const pg = await loadDriver<Pg>('pg');
      const Client = pg.Client ?? pg.default?.Client;
      const client = new Client({
        connectionString: address,
        types: AS_TEXT,
        connectionTimeoutMillis: CONNECT_WITHIN_MS,
        application_name: 'millrace',
      });
      // A connection that breaks between two statements is told by the next one.
      client.on('error', () => undefined);
      await client.connect();
      try {
        const session = new PostgresSession(client);
        await session.run(mode === 'write' ? 'BEGIN' : 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        await session.run("SET LOCAL TIME ZONE 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1");
        const result = await job(session);
        if (mode === 'write') faultPoint('table.commit');
        await session.run('COMMIT');
        return result;
      } finally {
        // Without a COMMIT that is a ROLLBACK.
        await client.end().catch(() => undefined);
      }
    },
  };
}

class PostgresSession implements SqlSession {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async run(sql: string): Promise<void> {
    await this.#client.query({ text: sql, rowMode: 'array' });
  }

  async first(sql: string): Promise<unknown> {
    const { rows, fields } = await this.#client.query({ text: sql, rowMode: 'array' });
    return rows[0] === undefined ? undefined : decode(rows[0][0] ?? null, KIND_OF_TYPE[fields[0]?.dataTypeID ?? 0]);
  }

  async columns({ schema, table }: TableAddress): Promise<readonly Column[] | undefined> {
    const text = `SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;
    const { rows } = await this.#client.query({ text, values: [tableName(schema, table)], rowMode: 'array' });
    return rows.length === 0 ? undefined : rows.map(([name, type]) => ({ name: name ?? '', kind: KINDS[type ?? ''] }));
  }

  async insert(into: TableAddress, columns: readonly Column[], rows: readonly (readonly unknown[])[], conflict: string): Promise<void> {
    const head = `INSERT INTO ${tableName(into.schema, into.table)} (${nameList(columns.map(({ name }) => name))}) VALUES `;
    const most = Math.max(1, Math.min(ROWS_AT_ONCE, Math.floor(MOST_VALUES / columns.length)));
    for (let from = 0; from < rows.length; from += most) {
      const some = rows.slice(from, from + most);
      const places = some.map((_, row) => `(${columns.map((__, place) => `$${row * columns.length + place + 1}`).join(', ')})`);
      const values = some.flatMap((row) => row.map(encode));
      await this.#client.query({ text: `${head}${places.join(', ')}${conflict}`, values, rowMode: 'array' });
    }
  }

  /** Where rows lie is the order in which they were written, in a table that nobody has changed. */
  async select(from: TableAddress, columns: readonly Column[], order = 'ctid'): Promise<readonly (readonly unknown[])[]> {
    const names = columns.map(({ name, kind }) => (kind === undefined ? `${quoted(name)}::text` : quoted(name))).join(', ');
    const { rows } = await this.#client.query({
      text: `SELECT ${names} FROM ${tableName(from.schema, from.table)} ORDER BY ${order}`,
      rowMode: 'array',
    });
    return rows.map((row) => columns.map(({ kind }, place) => decode(row[place] ?? null, kind)));
  }
}

function encode(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'string') return value ?? null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function decode(value: string | null, kind: ColumnKind | undefined): unknown {
  if (value === null) return null;
  switch (kind) {
    case 'integer':
      return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
    case 'bigint':
      return /^-?\d+$/.test(value) ? BigInt(value) : Number(value);
    case 'double':
      return Number(value);
    case 'boolean':
      return value === 't' || value === 'true';
    case 'date':
      return new Date(dateText(value));
    case 'bytes':
      return new Uint8Array(Buffer.from(value.slice(2), 'hex'));
    case 'json':
      return JSON.parse(value) as unknown;
    default:
      return value;
  }
}

/** `2026-03-09 10:20:30.5+00`, also without a time or a zone: the session's is UTC. */
function dateText(value: string): string {
  const [day = '', time] = value.split(' ');
  return time === undefined ? day : `${day}T${time.replace(/[+-]00(?::?00)?$/, '')}Z`;
}
