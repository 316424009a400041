import { workerData } from 'node:worker_threads';
import { asError } from '../../base/error.js';
import { postgresAddress } from './address.js';
import { PostgresConnection } from './connection.js';
import { ANSWERED, type LineAnswer, type LineBatch, type LineOrder, type LineThreadData, STARTED } from './line-messages.js';
import { writeLines } from './write-lines.js';

/**
 * A thread that writes lines while the process's own loop stands still, held up by a synchronous body that prints. Whoever hands it lines sleeps until it has
 * answered, by `Atomics.wait`. Loaded by `line-writer.ts` and by nobody else.
 */
const { address, port, signal } = workerData as LineThreadData;
let opening: Promise<PostgresConnection> | undefined;

port.on('message', async (order: LineOrder) => {
  if (order === 'close') return await close();
  const answer = await write(order);
  // It is to be there when the sleeper wakes.
  port.postMessage(answer);
  Atomics.add(signal, ANSWERED, 1);
  Atomics.notify(signal, ANSWERED);
});
Atomics.store(signal, STARTED, 1);

async function write(lines: LineBatch): Promise<LineAnswer> {
  try {
    opening ??= PostgresConnection.open(postgresAddress(address));
    const connection = await opening.catch((error: unknown) => {
      // The next lines try again.
      opening = undefined;
      throw error;
    });
    await connection.writeInPassing((session) => writeLines(session, lines));
    return 'written';
  } catch (error) {
    const { code = 'RECORD_FAILED', message, hint } = asError(error) as { code?: string; message: string; hint?: string };
    return { code, message, hint };
  }
}

async function close(): Promise<void> {
  await (await opening?.catch(() => undefined))?.finish();
  port.close();
}
