import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresRecord } from '../../src/runs/postgres/postgres-record.js';
import { onServer } from '../postgres/fresh-schema.js';
import { type Certificates, canMakeClusters, makeCertificates, type OwnCluster, ownCluster } from '../postgres/own-cluster.js';
import { type Ended, fixture, shellIn } from './spawned.js';

const PASSWORD = 'kanarien-vogel/42@home';
const WRONG = 'falscher-vogel-43';
const SHARED = fixture('shared-work.ts');

/** Over the network only with a password, and `secret` only by an encrypted connection. */
const HBA = `
host    all millrace 127.0.0.1/32 trust
hostssl all secret   127.0.0.1/32 scram-sha-256
host    all person   127.0.0.1/32 scram-sha-256
`;

describe.skipIf(!canMakeClusters)('a server that lets in who has a password, by TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-access-'));
  let certificates: Certificates;
  let secured: OwnCluster;
  let plain: OwnCluster;

  beforeAll(async () => {
    certificates = makeCertificates(folder, 'DNS:localhost');
    const { serverCert, serverKey } = certificates;
    secured = await ownCluster({ hba: HBA, settings: ['ssl=on'], files: { 'server.crt': serverCert, 'server.key': serverKey } });
    plain = await ownCluster({ hba: HBA });
    for (const { url } of [secured, plain]) {
      for (const role of ['secret', 'person']) {
        await onServer(url, `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'; GRANT CREATE ON DATABASE postgres TO ${role}`);
      }
    }
  });
  afterAll(async () => {
    await secured?.remove();
    await plain?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Address {
    readonly at?: OwnCluster;
    readonly user?: string;
    readonly password?: string;
    readonly host?: string;
    readonly settings?: string;
  }
  const address = ({ at = secured, user = 'secret', password = PASSWORD, host = '127.0.0.1', settings = '' }: Address): string =>
    `postgres://${user}:${encodeURIComponent(password)}@${host}:${at.port}/postgres?schema=${user}${settings}`;
  const opened = async (url: string): Promise<unknown> => {
    try {
      const record = await openPostgresRecord(url, { patienceMs: 1_000 });
      await record.runs();
      await record[Symbol.asyncDispose]();
      return 'opened';
    } catch (error) {
      const shown = inspect(error, { depth: 9, showHidden: true });
      for (const secret of [PASSWORD, WRONG, encodeURIComponent(PASSWORD)]) expect(shown).not.toContain(secret);
      return error;
    }
  };

  it.each([
    ['require', '127.0.0.1', ''],
    ['require', '127.0.0.1', 'ca'],
    ['verify-ca', '127.0.0.1', 'ca'],
    ['verify-full', 'localhost', 'ca'],
    ['no-verify', '127.0.0.1', ''],
  ])('sslmode=%s at %s is encrypted and lets in (root: %s)', async (mode, host, root) => {
    const settings = `&sslmode=${mode}${root === '' ? '' : `&sslrootcert=${encodeURIComponent(certificates.ca)}`}`;
    expect(await opened(address({ host, settings }))).toBe('opened');
  });

  it('the same as PGSSLMODE and PGSSLROOTCERT say it', async () => {
    process.env.PGSSLMODE = 'verify-full';
    process.env.PGSSLROOTCERT = certificates.ca;
    try {
      expect(await opened(address({ host: 'localhost' }))).toBe('opened');
      expect(await opened(address({ host: '127.0.0.1' }))).toMatchObject({ code: 'RECORD_TLS_FAILED' });
    } finally {
      delete process.env.PGSSLMODE;
      delete process.env.PGSSLROOTCERT;
    }
  });

  it.each([
    ['a name that the certificate has not', 'RECORD_TLS_FAILED', '127.0.0.1', 'verify-full', 'ca', /host as the certificate has it/],
    ['somebody else’s signature', 'RECORD_TLS_FAILED', 'localhost', 'verify-ca', 'otherCa', /sslrootcert/],
    ['somebody else’s signature, where a root is named', 'RECORD_TLS_FAILED', 'localhost', 'require', 'otherCa', /sslrootcert/],
    ['a signature that nobody knows', 'RECORD_TLS_FAILED', 'localhost', 'verify-full', undefined, /sslrootcert/],
    ['no word whose signature counts', 'RECORD_ADDRESS_INVALID', 'localhost', 'verify-ca', undefined, /sslrootcert/],
    ['no such mode', 'RECORD_ADDRESS_INVALID', 'localhost', 'sometimes', undefined, /verify-full/],
  ] as const)('%s: %s', async (_, code, host, mode, root, hint) => {
    const settings = `&sslmode=${mode}${root === undefined ? '' : `&sslrootcert=${encodeURIComponent(certificates[root])}`}`;
    expect(await opened(address({ host, settings }))).toMatchObject({ code, hint: expect.stringMatching(hint) });
  });

  it('a root that is not there, no TLS where it must be, and TLS where there is none are told of at once', async () => {
    const noFile = await opened(address({ settings: '&sslmode=verify-full&sslrootcert=/nowhere/ca.pem' }));
    expect(noFile).toMatchObject({ code: 'RECORD_ADDRESS_INVALID', message: expect.stringContaining('/nowhere/ca.pem') });
    expect(await opened(address({}))).toMatchObject({ code: 'RECORD_TLS_FAILED', hint: expect.stringContaining('sslmode=verify-full') });
    const refused = await opened(address({ at: plain, user: 'person', settings: '&sslmode=require' }));
    expect(refused).toMatchObject({ code: 'RECORD_TLS_FAILED', hint: expect.stringContaining('sslmode=disable') });
  });

  it.each([
    ['a wrong password', WRONG],
    ['no password', ''],
  ])('%s: RECORD_ACCESS_DENIED', async (_, password) => {
    expect(await opened(address({ user: 'person', password }))).toMatchObject({
      code: 'RECORD_ACCESS_DENIED',
      hint: expect.stringContaining('PGPASSWORD'),
    });
    expect(await opened(address({ user: 'person' }))).toBe('opened');
  });

  it('S32: the commands say so and end with 1, with 2 where the address is wrong; the password is found nowhere', async () => {
    const secrets = [PASSWORD, WRONG, encodeURIComponent(PASSWORD)];
    const work = mkdtempSync(join(folder, 'work-'));
    const ledger = join(work, 'ledger');
    const said: string[] = [];
    const asked = async (url: string, ...args: readonly string[]): Promise<Ended> => {
      const ended = await shellIn(work, { MILLRACE_DATABASE_URL: url, LEDGER: ledger, MILLRACE_DEBUG: '1' }).millrace(...args);
      said.push(ended.out, ended.err);
      return ended;
    };
    const right = address({ settings: `&sslmode=verify-ca&sslrootcert=${encodeURIComponent(certificates.ca)}` });
    expect((await asked(right, 'run', SHARED)).code).toBe(0);
    for (const args of [
      ['runs', '--json'],
      ['inspect', 'shared/latest', '--json', '--all'],
      ['logs', 'shared/latest'],
      ['db', 'status'],
    ])
      expect((await asked(right, ...args)).code, args.join(' ')).toBeLessThan(2);
    // A file to move is there.
    expect((await shellIn(work, { LEDGER: ledger }).millrace('run', SHARED)).code).toBe(0);
    for (const args of [['runs'], ['run', SHARED], ['db', 'status'], ['db', 'migrate'], ['db', 'move']]) {
      const wrong = await asked(address({ user: 'person', password: WRONG }), ...args);
      expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('RECORD_ACCESS_DENIED')]);
    }
    expect(await asked(address({}), 'runs')).toMatchObject({ code: 1, err: expect.stringContaining('RECORD_TLS_FAILED') });
    expect(await asked(address({ settings: '&sslmode=verify-ca' }), 'runs')).toMatchObject({
      code: 2,
      err: expect.stringContaining('RECORD_ADDRESS_INVALID'),
    });
    const rows = await onServer(
      secured.url,
      "SELECT query_to_xml('SELECT * FROM secret.' || relname, true, false, '')::text AS all FROM pg_class WHERE relnamespace = 'secret'::regnamespace AND relkind = 'r'",
    );
    const files = filesIn(work).map((file) => readFileSync(file, 'latin1'));
    expect(rows.length).toBeGreaterThan(10);
    for (const secret of secrets) expect([...said, ...files, JSON.stringify(rows)].filter((text) => text.includes(secret))).toEqual([]);
  });
});

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
