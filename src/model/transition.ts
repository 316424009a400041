import { MillraceError } from '../base/error.js';
import { RUN_STATES, type RunState, TASK_STATE_CODE, TASK_STATES, type TaskState } from './states.js';

/**
 * The only table of legal moves (S10). A state that is no key here, or has an empty list, is final.
 * `crashed` can follow every state that is not final: the process may go at any moment.
 */
export const TASK_MOVES: Readonly<Record<TaskState, readonly TaskState[]>> = {
  pending: ['queued', 'running', 'paused', 'success', 'cached', 'skipped', 'failed', 'upstream-failed', 'cancelled', 'crashed'],
  queued: ['running', 'cached', 'failed', 'skipped', 'cancelled', 'crashed'],
  running: ['success', 'cached', 'skipped', 'failed', 'retrying', 'timed-out', 'cancelled', 'crashed'],
  retrying: ['running', 'queued', 'failed', 'cancelled', 'crashed'],
  paused: ['queued', 'running', 'success', 'failed', 'cancelled', 'timed-out', 'crashed'],
  success: [],
  cached: [],
  skipped: [],
  failed: [],
  'upstream-failed': [],
  cancelled: [],
  'timed-out': [],
  crashed: [],
};

export const RUN_MOVES: Readonly<Record<RunState, readonly RunState[]>> = {
  pending: ['running', 'failed', 'cancelled', 'crashed'],
  running: ['paused', 'success', 'failed', 'cancelled', 'timed-out', 'crashed'],
  paused: ['running', 'failed', 'cancelled', 'timed-out', 'crashed'],
  success: [],
  failed: [],
  cancelled: [],
  'timed-out': [],
  crashed: [],
};

/** One bit per target state, so that the engine checks a move with a shift; three of them for each task run. */
export const TASK_MOVE_BITS = Uint16Array.from(TASK_STATES, (from) => TASK_MOVES[from].reduce((bits, to) => bits | (1 << TASK_STATE_CODE[to]), 0));

/** MillraceError `STATE_MOVE_ILLEGAL`. */
export function illegalTaskMove(from: number, to: number): MillraceError {
  return illegalMove('task run', TASK_STATES[from], TASK_STATES[to]);
}

/** @throws MillraceError `STATE_MOVE_ILLEGAL` */
export function checkRunMove(from: RunState, to: RunState): void {
  if (!RUN_STATES.includes(to) || !RUN_MOVES[from].includes(to)) throw illegalMove('run', from, to);
}

function illegalMove(what: string, from: string | undefined, to: string | undefined): MillraceError {
  return new MillraceError('STATE_MOVE_ILLEGAL', `a ${what} cannot go from '${from}' to '${to}'`);
}
