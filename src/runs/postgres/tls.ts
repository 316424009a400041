import { readFileSync } from 'node:fs';
import { describe, MillraceError } from '../../base/error.js';

/** How a connection is encrypted, as Node's `tls.connect` takes it. */
export interface TlsSettings {
  /** Whose certificate it is to be; the driver says it for names only, and addresses would be taken for `localhost`. */
  readonly host: string;
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly checkServerIdentity?: () => undefined;
}

/** Encrypted, and nobody is asked who they are. */
const UNVERIFIED: ReadonlySet<string> = new Set(['allow', 'prefer', 'require', 'no-verify']);
const MODES: ReadonlySet<string> = new Set(['disable', 'verify-ca', 'verify-full', ...UNVERIFIED]);

/**
 * Takes `sslmode`, `sslrootcert`, `sslcert` and `sslkey` out of an address, or what PGSSLMODE and so on say. They mean what PostgreSQL's own programs mean by
 * them: the driver's versions differ. `require` encrypts; with `sslrootcert` it verifies who signed, as `verify-ca` does; `verify-full`
 * verifies the name as well, against `sslrootcert` or the authorities that Node trusts.
 * @returns undefined: what the driver does without a word; false: no encryption
 * @throws MillraceError `RECORD_ADDRESS_INVALID`
 */
export function takeTls(url: URL, env: NodeJS.ProcessEnv = process.env): TlsSettings | false | undefined {
  const take = (name: string): string | undefined => {
    const given = url.searchParams.get(name) ?? env[`PG${name.toUpperCase()}`];
    url.searchParams.delete(name);
    return given === undefined || given === '' ? undefined : given;
  };
  const [asked, root, cert, key] = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'].map(take);
  if (asked === undefined && [root, cert, key].every((file) => file === undefined)) return undefined;
  const mode = asked ?? 'verify-full';
  if (!MODES.has(mode)) throw invalid(`an sslmode of ${describe(mode)}`, 'It is one of disable, require, verify-ca and verify-full.');
  if (mode === 'disable') return false;
  if (mode === 'verify-ca' && root === undefined) {
    throw invalid('sslmode=verify-ca without sslrootcert', 'Say whose signature counts: &sslrootcert=/path/to/ca.pem; or use sslmode=verify-full.');
  }
  const isRooted = mode === 'require' && root !== undefined;
  return {
    host: url.searchParams.get('host') ?? url.hostname.replace(/^\[(.*)\]$/, '$1'),
    rejectUnauthorized: !UNVERIFIED.has(mode) || isRooted,
    ...(root === undefined || root === 'system' ? {} : { ca: textOf('sslrootcert', root) }),
    ...(cert === undefined ? {} : { cert: textOf('sslcert', cert) }),
    ...(key === undefined ? {} : { key: textOf('sslkey', key) }),
    ...(mode === 'verify-ca' || isRooted ? { checkServerIdentity: () => undefined } : {}),
  };
}

function textOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalid(`${name}=${path}, which cannot be read (${code})`, 'Name a file that the user of this process may read.');
  }
}

function invalid(got: string, hint: string): MillraceError {
  return new MillraceError('RECORD_ADDRESS_INVALID', `expected settings for an encrypted connection to the record; got ${got}`, { hint });
}

/** What OpenSSL and Node say of certificates; the rest of their codes begin alike. */
const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'INVALID_CA',
  'HOSTNAME_MISMATCH',
]);

/** Why an encrypted connection was not made, as a hint what to do; undefined where it is about something else. @param code of what was thrown */
export function tlsHint(code: string, message: string): string | undefined {
  if (UNTRUSTED.has(code) || code.startsWith('CERT_')) {
    return 'Name the certificate of whoever signed the server’s: &sslrootcert=/path/to/ca.pem. sslmode=require encrypts without verifying who answers.';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'Write the host as the certificate has it; or sslmode=verify-ca, which verifies who signed it, and not for which host.';
  }
  if (/server does not support SSL/i.test(message)) return 'Turn on ssl at the server; or, where nobody can listen, use sslmode=disable.';
  if (/no encryption|SSL off|connection requires a valid client certificate/i.test(message)) {
    return 'The server takes encrypted connections only: add ?sslmode=verify-full, or whatever its owner says, to the address.';
  }
  if (/^ERR_(?:SSL|TLS|OSSL)_/.test(code)) return 'See the cause: versions of TLS, certificate and key of both sides must fit.';
  return undefined;
}
