import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../scripts/free-port.mjs';
import { clusterOwner, makeCluster, postgresBinaries } from '../../scripts/postgres-cluster.mjs';

/** Whether tests can have servers of their own: with settings, or to be stopped in the middle. */
export const canMakeClusters: boolean = postgresBinaries() !== undefined && clusterOwner() !== null;

export interface ClusterOptions {
  /** As `name=value`. */
  readonly settings?: readonly string[];
  /** The text of pg_hba.conf. @default everybody on this machine is let in */
  readonly hba?: string;
  /** Into the data folder, readable by the server alone. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface OwnCluster {
  readonly port: number;
  /** Its superuser is `millrace`. */
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it, too. */
  remove(): Promise<void>;
}

export async function ownCluster(options: ClusterOptions = {}): Promise<OwnCluster> {
  const cluster = await makeCluster({ ...options, port: await freePort() });
  return { ...cluster, url: `postgres://millrace@127.0.0.1:${cluster.port}/postgres` };
}

export interface Certificates {
  /** Who signed the server's, as a file; and somebody else. */
  readonly ca: string;
  readonly otherCa: string;
  readonly serverCert: string;
  readonly serverKey: string;
}

/** Made by openssl in `folder`: the server's is for these names alone. */
export function makeCertificates(folder: string, names: string): Certificates {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8', cwd: folder });
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  };
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  for (const ca of ['ca', 'other']) openssl('req', '-x509', ...key, '-keyout', `${ca}.key`, '-out', `${ca}.pem`, '-subj', `/CN=${ca}`);
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server');
  writeFileSync(at('names'), `subjectAltName=${names}\n`);
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signed);
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  return { ca: at('ca.pem'), otherCa: at('other.pem'), serverCert: read('server.pem'), serverKey: read('server.key') };
}
