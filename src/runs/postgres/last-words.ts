import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { PACKAGE_ROOT } from '../../base/own-files.js';
import { crashError } from '../crash.js';
import type { RecordBatch } from '../run-record.js';
import { postgresAddress } from './address.js';
import { PostgresConnection } from './connection.js';
import { crashRunById } from './mark-crashed.js';
import { writeBatch } from './write-batch.js';

/** What a process that goes still has to say, and that it cannot say itself any more. */
export interface LastWords {
  /** With credentials: it goes through a pipe, which nobody else can read. */
  readonly address: string;
  readonly run: string;
  readonly epoch: number;
  readonly message: string;
  readonly unwritten: readonly RecordBatch[];
  /** The server's process that is in the middle of something that will never be finished. */
  readonly cutOff: number | undefined;
}

/** How long a process may be held up by its last words, in milliseconds; the next look finds that it is gone all the same. */
const PATIENCE_MS = 5_000;

/**
 * Has another process write them, and waits: when the event loop has stopped, a socket cannot be read any more. Where there is no such process, as
 * when this package was bundled into a program, they are left out.
 */
export function sayLastWords(words: LastWords): void {
  const script = `${PACKAGE_ROOT}dist/last-words.js`;
  if (PACKAGE_ROOT === undefined || !existsSync(script)) return;
  const { NODE_OPTIONS: _, ...env } = process.env;
  spawnSync(process.execPath, [script], { input: serialize(words), stdio: ['pipe', 'ignore', 'ignore'], timeout: PATIENCE_MS, env });
}

/** In that other process. What cannot be written is left out. */
export async function writeLastWords(bytes: Uint8Array): Promise<void> {
  const { address, run, epoch, message, unwritten, cutOff } = deserialize(bytes) as LastWords;
  const connection = await PostgresConnection.open(postgresAddress(address), { patienceMs: PATIENCE_MS });
  if (cutOff !== undefined) await connection.read((session) => session.rows('SELECT pg_terminate_backend(?::int)', cutOff)).catch(() => undefined);
  try {
    for (const batch of unwritten) await connection.write((session) => writeBatch(session, batch));
  } catch {
    // Refused, or in part: what matters more is that the run is not left open.
  }
  await connection.write((session) => crashRunById(session, run, epoch, crashError(message), connection.clock.now()));
  await connection.finish();
}
