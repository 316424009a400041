import type { Owner } from '../../model/records.js';
import { FINAL_RUN_STATES, type RunState } from '../../model/states.js';
import { ownerIsGone } from '../crash.js';
import { digestBytes } from '../digests.js';
import { checkEpoch, runUnknown } from '../look.js';
import type { ClaimRequest } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import type { SqlValue } from './statement.js';

/** Who is computing a key (S24). A claim is worth as much as its owner's life, and no more than its lease. */

const HOLDER =
  'SELECT claim.run, run.id, claim.owner, claim.lease_until, run.state FROM claim JOIN run ON run.number = claim.run WHERE claim.key = ?';
const TAKE =
  'INSERT INTO claim (key, run, place, owner, epoch, lease_until) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET run = excluded.run, place = excluded.place, owner = excluded.owner, epoch = excluded.epoch, lease_until = excluded.lease_until';

/**
 * Inside a transaction.
 * @returns by key, the run that is computing what could not be claimed
 * @throws MillraceError `RUN_UNKNOWN`, `OWNER_FENCED`, `DIGEST_INVALID`
 */
export function takeClaims(connection: SqliteConnection, request: ClaimRequest): ReadonlyMap<string, string> {
  const found = connection.prepare('SELECT number, epoch, owner FROM run WHERE id = ?').get([request.run]);
  if (found === undefined) throw runUnknown(request.run);
  const [run, epoch, owner] = found as readonly [number, number, string];
  checkEpoch(request.run, request.epoch, epoch);
  const until = connection.clock.now() + request.leaseMs;
  const lives = lifeOf();
  const held = new Map<string, string>();
  for (const claim of request.claims) {
    const key = digestBytes('key', claim.key);
    const holder = holderOf(connection, run, key, lives);
    if (holder === undefined) connection.prepare(TAKE).run([key, run, claim.index, owner, epoch, until]);
    else held.set(claim.key, holder);
  }
  return held;
}

/** The other run that computes the key, if one does. */
function holderOf(connection: SqliteConnection, run: number, key: SqlValue, isGone: (owner: string) => boolean): string | undefined {
  const holder = connection.prepare(HOLDER).get([key]);
  if (holder === undefined) return undefined;
  const [number, id, owner, leaseUntil, state] = holder as readonly [number, string, string, number, RunState];
  const isFree = number === run || leaseUntil <= connection.clock.now() || FINAL_RUN_STATES.has(state) || isGone(owner);
  return isFree ? undefined : id;
}

/** Each owner is looked up once. */
function lifeOf(): (owner: string) => boolean {
  const known = new Map<string, boolean>();
  return (owner) => {
    const gone = known.get(owner) ?? ownerIsGone(JSON.parse(owner) as Owner);
    known.set(owner, gone);
    return gone;
  };
}

/** Inside a transaction. @returns the keys that had been taken from the run meanwhile */
export function releaseClaims(connection: SqliteConnection, run: number, keys: readonly string[]): ReadonlySet<string> {
  const release = connection.prepare('DELETE FROM claim WHERE key = ? AND run = ?');
  return new Set(keys.filter((key) => release.run([digestBytes('key', key), run]) === 0));
}

/** Inside a transaction: the run is over. */
export function releaseAllClaims(connection: SqliteConnection, run: number): void {
  connection.prepare('DELETE FROM claim WHERE run = ?').run([run]);
}

/** Inside a transaction. */
export function renewClaims(connection: SqliteConnection, run: string, epoch: number, leaseMs: number): void {
  connection
    .prepare('UPDATE claim SET lease_until = ? WHERE run = (SELECT number FROM run WHERE id = ? AND epoch = ?)')
    .run([connection.clock.now() + leaseMs, run, epoch]);
}
