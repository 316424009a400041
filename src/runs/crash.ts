import { bootTime, wallTime } from '../base/clock.js';
import { isAlive, isThisProcess } from '../base/process-identity.js';
import type { ErrorInfo } from '../model/event.js';
import type { Owner } from '../model/records.js';
import type { RunState } from '../model/states.js';

/** What every record decides alike about runs whose process is gone, or gives no sign of life (S31). */

export const UNFINISHED: readonly RunState[] = ['pending', 'running', 'paused'];

/** A run whose owner gives no sign of life for so long is taken from it. Signs are given three times as often. */
export const LEASE_MS = 30_000;

/** Until when the owner of a run is believed to live without being seen. */
export interface Lease {
  /** By the record's clock, in milliseconds since the epoch: for who cannot look the process up. Undefined: for ever. */
  readonly until: number | undefined;
  /**
   * By the clock of the owner's machine (`bootTime`), which stands still while the machine sleeps: for who shares that machine. Undefined: it has not
   * sent any heartbeat yet, so that none is missed.
   */
  readonly untilHere: number | undefined;
}

/**
 * Why a run is to be taken from its owner; undefined while it may be alive. On the machine of the owner its process is looked up; that it is
 * there is not enough once it has sent heartbeats and then fallen silent. Elsewhere the lease is all that is known.
 * @param now the time by the record's clock
 */
export function lossOf(owner: Owner, lease: Lease, now: number = wallTime()): ErrorInfo | undefined {
  const life = isAlive(owner);
  if (life === 'gone') return ownerGoneError(owner);
  // Whoever looks is not hung, whatever it was a moment ago.
  if (isThisProcess(owner)) return undefined;
  const until = life === 'elsewhere' ? lease.until : (lease.untilHere ?? (life === 'stopped' ? lease.until : undefined));
  if (until === undefined) return undefined;
  const isOver = until <= (life === 'elsewhere' || lease.untilHere === undefined ? now : bootTime());
  return isOver ? crashError(`process ${owner.pid} on ${owner.host}, which ran it, gives no sign of life`) : undefined;
}

function ownerGoneError(owner: Owner): ErrorInfo {
  return crashError(`process ${owner.pid} on ${owner.host}, which ran it, is gone`);
}

export function crashError(message: string): ErrorInfo {
  return { name: 'MillraceError', message, code: 'RUN_CRASHED' };
}
