import { loadPg } from '../../src/runs/postgres/load-pg.js';

/** A record of its own for one test: a schema that does not exist yet, in the database of the test command's server. */
export function freshSchema(server: string, name: string): { readonly url: string; readonly drop: () => Promise<void> } {
  const url = new URL(server);
  url.searchParams.set('schema', name);
  const drop = async (): Promise<void> => {
    // Copies that a migration has left too.
    const all = `SELECT nspname FROM pg_namespace WHERE nspname = '${name}' OR nspname LIKE '${name}\\_v%'`;
    await onServer(server, `DO $$ DECLARE s text; BEGIN FOR s IN ${all} LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP; END $$`);
  };
  return { url: url.href, drop };
}

type Result = { readonly rows: readonly Readonly<Record<string, unknown>>[] };

/** Rows of the last statement. */
export async function onServer(server: string, sql: string): Promise<Result['rows']> {
  const Client = await loadPg();
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    const result = (await client.query(sql)) as Result | readonly Result[];
    return (Array.isArray(result) ? (result.at(-1) as Result) : (result as Result)).rows;
  } finally {
    await client.end();
  }
}
