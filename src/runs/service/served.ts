import type { Owner } from '../../model/records.js';
import type { SqlRow } from '../sqlite/statement.js';
import type { ServiceSession } from './database.js';

/** Which services there are, and what they have loaded: what pages and commands show of flows that have yet to run. */
export interface ServiceRow {
  readonly id: string;
  readonly owner: Owner;
  /** Where it looks for flow files. */
  readonly folder: string;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly leaseUntil: number;
  /** It starts nothing new, and goes when what runs has ended. */
  readonly draining: boolean;
}

/** A flow as its service loaded it: everything but its code. */
export interface ServedFlow {
  readonly name: string;
  /** What it says of itself, as JSON: description, owner, tags, parameters, schedules, policies. */
  readonly definition: unknown;
}

export interface ServedFile {
  /** Relative to the service's folder. */
  readonly path: string;
  /** Of its text. */
  readonly digest: string | undefined;
  /** Why it could not be loaded; the flows are then those it had before. */
  readonly error: string | undefined;
  readonly loadedAt: number;
  readonly flows: readonly ServedFlow[];
}

const SERVICE_COLUMNS = 'id, owner, folder, started_at, seen_at, lease_until, draining';

/** Inside a transaction: it lives, and so says until when it is to be believed. */
export async function reportService(session: ServiceSession, row: ServiceRow): Promise<void> {
  await session.rows(
    `INSERT INTO service (${SERVICE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ` +
      'ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, lease_until = excluded.lease_until, draining = excluded.draining',
    row.id,
    JSON.stringify(row.owner),
    row.folder,
    row.startedAt,
    row.seenAt,
    row.leaseUntil,
    row.draining ? 1 : 0,
  );
}

/** Inside a transaction: it has ended, and so has what it had loaded; others of its kind that let their lease run out long ago go too. */
export async function removeServices(session: ServiceSession, id: string | undefined, leaseBefore: number): Promise<void> {
  const gone = await session.rows('DELETE FROM service WHERE id = ? OR lease_until < ? RETURNING id', id ?? '', leaseBefore);
  for (const [service] of gone) await session.rows('DELETE FROM served_file WHERE service = ?', service as string);
}

/** Inside a transaction: these are all the files of the service. */
export async function reportFiles(session: ServiceSession, service: string, files: readonly ServedFile[]): Promise<void> {
  await session.rows('DELETE FROM served_file WHERE service = ?', service);
  for (const { path, digest, error, loadedAt, flows } of files)
    await session.rows(
      'INSERT INTO served_file (service, path, digest, error, loaded_at, flows) VALUES (?, ?, ?, ?, ?, ?)',
      service,
      path,
      digest ?? null,
      error ?? null,
      loadedAt,
      JSON.stringify(flows),
    );
}

/** Those whose lease has not run out by `now`. */
export async function findServices(session: ServiceSession, now: number): Promise<readonly ServiceRow[]> {
  return (await session.rows(`SELECT ${SERVICE_COLUMNS} FROM service WHERE lease_until > ? ORDER BY started_at, id`, now)).map(serviceOf);
}

export interface ServedBy extends ServedFile {
  readonly service: string;
  /** Of the service: what `path` is relative to. */
  readonly folder: string;
}

/** Of the services that live. */
export async function findFiles(session: ServiceSession, now: number): Promise<readonly ServedBy[]> {
  const rows = await session.rows(
    'SELECT served_file.service, folder, path, digest, error, loaded_at, flows FROM served_file JOIN service ON service.id = served_file.service ' +
      'WHERE service.lease_until > ? ORDER BY path, served_file.service',
    now,
  );
  return rows.map(([service, folder, path, digest, error, loadedAt, flows]) => ({
    service: service as string,
    folder: folder as string,
    path: path as string,
    digest: (digest ?? undefined) as string | undefined,
    error: (error ?? undefined) as string | undefined,
    loadedAt: loadedAt as number,
    flows: JSON.parse(flows as string),
  }));
}

function serviceOf([id, owner, folder, startedAt, seenAt, leaseUntil, draining]: SqlRow): ServiceRow {
  return {
    id: id as string,
    owner: JSON.parse(owner as string),
    folder: folder as string,
    startedAt: startedAt as number,
    seenAt: seenAt as number,
    leaseUntil: leaseUntil as number,
    draining: draining === 1,
  };
}
