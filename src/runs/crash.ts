import { isAlive } from '../base/process-identity.js';
import type { ErrorInfo } from '../model/event.js';
import type { Owner } from '../model/records.js';
import type { RunState } from '../model/states.js';

/** What every record decides alike about runs whose process is gone (S31). */

export const UNFINISHED: readonly RunState[] = ['pending', 'running', 'paused'];

export function ownerIsGone(owner: Owner): boolean {
  return isAlive(owner) === 'gone';
}

export function ownerGoneError(owner: Owner): ErrorInfo {
  return crashError(`process ${owner.pid} on ${owner.host}, which ran it, is gone`);
}

export function crashError(message: string): ErrorInfo {
  return { name: 'MillraceError', message, code: 'RUN_CRASHED' };
}
