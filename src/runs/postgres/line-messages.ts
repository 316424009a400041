import type { MessagePort } from 'node:worker_threads';
import type { LogRow } from '../../model/records.js';

/** What the thread that writes lines is started with. */
export interface LineThreadData {
  /** With credentials: it stays in the process. */
  readonly address: string;
  /** Orders come by it, and answers go. */
  readonly port: MessagePort;
  /** At `STARTED`, 1 when the thread listens; at `ANSWERED`, how many orders it has answered. */
  readonly signal: Int32Array;
}

export const STARTED = 0;
export const ANSWERED = 1;

/** Lines of one run. */
export interface LineBatch {
  readonly run: string;
  readonly epoch: number;
  readonly logs: readonly LogRow[];
}

export type LineOrder = LineBatch | 'close';

export type LineAnswer = 'written' | { readonly code: string; readonly message: string; readonly hint: string | undefined };
