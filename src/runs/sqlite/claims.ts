import { wallTime } from '../../base/clock.js';
import { FINAL_RUN_STATES, type RunState } from '../../model/states.js';
import { digestBytes } from '../digests.js';
import { checkEpoch, runUnknown } from '../look.js';
import type { ClaimRequest } from '../run-record.js';
import type { SqliteConnection } from './connection.js';
import { lossIn } from './leases.js';
import type { SqlRow, SqlValue } from './statement.js';

/** Who is computing a key (S24). A claim is worth as much as its owner's life, and no more than its own lease. */

const HOLDER =
  'SELECT claim.run, run.id, claim.lease_until, run.state, run.owner, run.lease_until, run.lease_until_here FROM claim JOIN run ON run.number = claim.run WHERE claim.key = ?';
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
  const until = wallTime() + request.leaseMs;
  const isLost = knownLosses();
  const held = new Map<string, string>();
  for (const claim of request.claims) {
    const key = digestBytes('key', claim.key);
    const holder = holderOf(connection, run, key, isLost);
    if (holder === undefined) connection.prepare(TAKE).run([key, run, claim.index, owner, epoch, until]);
    else held.set(claim.key, holder);
  }
  return held;
}

/** The other run that computes the key, if one does. */
function holderOf(connection: SqliteConnection, run: number, key: SqlValue, isLost: (run: number, owner: SqlRow) => boolean): string | undefined {
  const holder = connection.prepare(HOLDER).get([key]);
  if (holder === undefined) return undefined;
  const [number, id, leaseUntil, state, ...owner] = holder as readonly [number, string, number, RunState, ...SqlRow];
  const isFree = number === run || leaseUntil <= wallTime() || FINAL_RUN_STATES.has(state) || isLost(number, owner);
  return isFree ? undefined : id;
}

/** The owner of each run is looked up once. */
function knownLosses(): (run: number, owner: SqlRow) => boolean {
  const known = new Map<number, boolean>();
  return (run, owner) => {
    const isLost = known.get(run) ?? lossIn(owner) !== undefined;
    known.set(run, isLost);
    return isLost;
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
