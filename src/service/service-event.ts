import type { DueRun } from '../model/due-run.js';
import type { RunState } from '../model/states.js';

/** What a service tells of itself, as it happens. Times are milliseconds since the epoch, lengths milliseconds. */
export type ServiceEvent =
  | { readonly type: 'file-loaded'; readonly file: string; readonly flows: readonly string[] }
  | { readonly type: 'file-broken'; readonly file: string; readonly error: string }
  | { readonly type: 'file-removed'; readonly file: string; readonly flows: readonly string[] }
  | { readonly type: 'run-starting'; readonly due: DueRun }
  /** `lateMs` after it was due, which is more than the service holds for punctual. */
  | { readonly type: 'run-late'; readonly due: DueRun; readonly lateMs: number }
  /** With `retries` of the flow: all its tries, of which `lastTry` was the last. */
  | {
      readonly type: 'run-ended';
      readonly due: DueRun;
      readonly state: RunState;
      readonly tookMs: number | undefined;
      readonly lastTry?: string;
      readonly error?: string;
    }
  | { readonly type: 'run-skipped'; readonly due: DueRun; readonly why: string }
  | { readonly type: 'run-refused'; readonly due: DueRun; readonly why: string }
  /** There is no run: it will be tried again. */
  | { readonly type: 'run-not-started'; readonly due: DueRun; readonly why: string; readonly attempt: number }
  | { readonly type: 'run-asked-to-cancel'; readonly run: string }
  /** A step of the service failed, and is tried again: told once, until it has succeeded. */
  | { readonly type: 'trouble'; readonly step: string; readonly error: string }
  | { readonly type: 'trouble-over'; readonly step: string }
  /** News of the service itself that could not be delivered. */
  | { readonly type: 'not-told'; readonly place: string; readonly occasion: string; readonly error: string }
  | { readonly type: 'draining'; readonly running: number }
  | { readonly type: 'cancelling'; readonly running: number }
  | { readonly type: 'stopped'; readonly running: number };

export type TellService = (event: ServiceEvent) => void;
