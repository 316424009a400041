import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.js';
import type { HeartbeatTarget } from '../run-record.js';
import { ExitGate } from './exit-gate.js';
import type { HeartbeatMessage, HeartbeatOrders, LostRuns } from './messages.js';
import { type LeaseWriter, Pulse } from './pulse.js';

/**
 * A thread of a process that has runs going on for longer: it says in the record that their owner lives, also while the process's own loop is held up
 * by a long synchronous body (S31). A process that is stopped as a whole stops this too. Loaded by `runtime/heartbeat.ts` and by nobody else.
 */
const CONNECT: Readonly<Record<HeartbeatTarget['kind'], (address: string) => Promise<LeaseWriter>>> = {
  async sqlite(path) {
    // Somebody removed it: opening would make another one.
    if (!existsSync(path)) throw new Error(`there is no record at ${path}`);
    const { openSqliteRecord } = await import('../sqlite/sqlite-record.js');
    return await openSqliteRecord({ path });
  },
  async postgres(url) {
    const { openPostgresRecord } = await import('../postgres/postgres-record.js');
    return await openPostgresRecord(url);
  },
};

const { target, leaseMs, gate } = workerData as HeartbeatOrders;
const pulse = new Pulse({
  clock: systemClock,
  leaseMs,
  gate: new ExitGate(gate),
  connect: async () => await CONNECT[target.kind](target.address),
  lost: (lost) => parentPort?.postMessage({ lost } satisfies LostRuns),
});

parentPort?.on('message', (message: HeartbeatMessage) => {
  if ('hold' in message) pulse.hold(message.hold);
  else if ('release' in message) pulse.release(message.release);
  else void pulse.close().finally(() => parentPort?.close());
});
