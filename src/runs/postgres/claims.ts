import { FINAL_RUN_STATES } from '../../model/states.js';
import { digestBytes } from '../digests.js';
import { checkEpoch, runUnknown } from '../look.js';
import type { ClaimRequest } from '../run-record.js';
import type { SqlRow, SqlValue } from '../sqlite/statement.js';
import { lossIn, NOW, OWNER_COLUMNS } from './leases.js';
import type { Session, Sql } from './session.js';

/**
 * Who is computing a key (S24). A claim is worth as much as its owner's life, and no more than its lease. Leases go by the server's clock: those of
 * the machines need not agree. Keys are always taken in their order, so that no two wait for each other.
 */

const IS_OVER = `state IN (${[...FINAL_RUN_STATES].map((state) => `'${state}'`).join(', ')})`;
const REPLACED = 'SET run = excluded.run, place = excluded.place, owner = excluded.owner, epoch = excluded.epoch, lease_until = excluded.lease_until';

const TAKE = `INSERT INTO claim AS held (key, run, place, owner, epoch, lease_until)
SELECT given.key, run.number, given.place, run.owner, run.epoch, ${NOW} + ? FROM unnest(?::bytea[], ?::bigint[]) AS given (key, place), run WHERE run.id = ?
ORDER BY given.key ON CONFLICT (key) DO UPDATE ${REPLACED}
WHERE held.run = excluded.run OR held.lease_until <= ${NOW} OR held.run = ANY(?::bigint[]) OR EXISTS (SELECT 1 FROM run WHERE number = held.run AND ${IS_OVER})
RETURNING encode(key, 'hex')`;

const HOLDERS = `SELECT encode(claim.key, 'hex'), run.id, claim.run, ${OWNER_COLUMNS} FROM claim JOIN run ON run.number = claim.run WHERE claim.key = ANY(?::bytea[])`;

/**
 * Inside a transaction.
 * @returns by key, the run that is computing what could not be claimed
 * @throws MillraceError `RUN_UNKNOWN`, `OWNER_FENCED`, `DIGEST_INVALID`
 */
export async function takeClaims(session: Session, request: ClaimRequest): Promise<ReadonlyMap<string, string>> {
  const places = new Map(request.claims.map(({ key, index }) => [key, index]));
  let wanted = [...places.keys()];
  let gone: readonly number[] = [];
  for (;;) {
    const keys = wanted.map((key) => digestBytes('key', key));
    const [runs = [], taken = [], holders = []] = await session.all([
      ['SELECT epoch FROM run WHERE id = ?', request.run],
      [TAKE, request.leaseMs, keys, wanted.map((key) => places.get(key) as number), request.run, gone],
      [HOLDERS, keys],
    ]);
    checkOwner(request, runs[0]);
    const ours = new Set(taken.map(([key]) => key as string));
    const others = holders.filter(([key]) => !ours.has(key as string));
    gone = lostRuns(others);
    wanted = wanted.filter((key) => !ours.has(key));
    // Once more, when the owner of one is gone, or one was given up between the two statements.
    if (gone.length === 0 && others.length === wanted.length) return new Map(others.map(([key, run]) => [key as string, run as string]));
  }
}

function checkOwner(request: ClaimRequest, found: SqlRow | undefined): void {
  if (found === undefined) throw runUnknown(request.run);
  checkEpoch(request.run, request.epoch, found[0] as number);
}

/** The owner of each run is looked up once. */
function lostRuns(holders: readonly SqlRow[]): readonly number[] {
  const owners = new Map(holders.map(([, , run, ...owner]) => [run as number, owner]));
  return [...owners].filter(([, owner]) => lossIn(owner) !== undefined).map(([run]) => run);
}

const RELEASE = `WITH ours AS (
  SELECT key FROM claim WHERE run = (SELECT number FROM run WHERE id = ?) AND key = ANY(?::bytea[]) ORDER BY key FOR UPDATE
) DELETE FROM claim USING ours WHERE claim.key = ours.key RETURNING encode(claim.key, 'hex')`;

/** Inside a transaction. @throws MillraceError `DIGEST_INVALID` */
export function releaseOf(run: string, keys: readonly string[]): readonly Sql[] {
  return keys.length === 0 ? [] : [[RELEASE, run, keys.map((key): SqlValue => digestBytes('key', key))]];
}

/** Of `releaseOf`: the keys that had been taken from the run meanwhile. */
export function takenFrom(keys: readonly string[], [released = []]: readonly (readonly SqlRow[])[]): ReadonlySet<string> {
  const ours = new Set(released.map(([key]) => key as string));
  return new Set(keys.filter((key) => !ours.has(key)));
}

/** Inside a transaction: the run is over. */
export function releaseAll(run: number): Sql {
  return ['DELETE FROM claim WHERE key IN (SELECT key FROM claim WHERE run = ? ORDER BY key FOR UPDATE)', run];
}
