import { MillraceError } from '../../base/error.js';
import { type TlsSettings, takeTls } from './tls.js';

/** Where a record lies on a server, taken apart. */
export interface PostgresAddress {
  /** As the driver takes it: with credentials, without what is ours. */
  readonly url: string;
  /** The schema that holds the tables. */
  readonly schema: string;
  /** For people: without user, password and settings. */
  readonly shown: string;
  /** Undefined: as the driver finds it. */
  readonly tls: TlsSettings | false | undefined;
}

const DEFAULT_SCHEMA = 'millrace';
const SCHEME = /^postgres(?:ql)?:\/\//i;

function isPostgresAddress(address: string): boolean {
  return SCHEME.test(address);
}

/**
 * `postgres://user:password@host:5432/database?schema=team`. What went wrong is told without the address: it may hold a password.
 * @throws MillraceError `RECORD_ADDRESS_INVALID`
 */
export function postgresAddress(address: string): PostgresAddress {
  if (!isPostgresAddress(address)) throw invalid('something else');
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw invalid('one that is no URL');
  }
  const schema = url.searchParams.get('schema') ?? DEFAULT_SCHEMA;
  if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema)) throw invalid(`a schema named ${JSON.stringify(schema)}`);
  url.searchParams.delete('schema');
  const host = url.host === '' ? (url.searchParams.get('host') ?? 'localhost') : url.host;
  const shown = `postgres://${host}${url.pathname}${schema === DEFAULT_SCHEMA ? '' : `?schema=${schema}`}`;
  const tls = takeTls(url);
  return { url: url.href, schema, shown, tls };
}

function invalid(got: string): MillraceError {
  return new MillraceError('RECORD_ADDRESS_INVALID', `expected the address of a PostgreSQL database for the record; got ${got}`, {
    hint: 'Write postgres://user:password@host:5432/database; characters like @ and / in a password as %40 and %2F. ?schema=name (lower-case letters, digits, _) puts the record into a schema of its own.',
  });
}
