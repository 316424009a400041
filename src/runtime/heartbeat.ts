import { existsSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import { PACKAGE_ROOT } from '../base/own-files.js';
import { LEASE_MS } from '../runs/crash.js';
import { ExitGate } from '../runs/heartbeat/exit-gate.js';
import type { HeartbeatMessage, HeartbeatOrders, LostRuns } from '../runs/heartbeat/messages.js';
import { Pulse } from '../runs/heartbeat/pulse.js';
import type { OwnedRun, RunRecord } from '../runs/run-record.js';
import { threadEnvironment } from '../runs/thread-environment.js';

/** A run that lasts longer sends heartbeats. A thread takes some milliseconds to start, and some megabytes: a short run is not to pay for it. */
const LONG_RUN_MS = 2_000;

/** Built beside the rest. Where this package was bundled into another program it is not there. */
const THREAD = PACKAGE_ROOT === undefined ? undefined : `${PACKAGE_ROOT}dist/heartbeat-thread.js`;

interface Watched {
  readonly owned: OwnedRun;
  readonly lost: () => void;
}

/**
 * Says in a record that the runs of this process have an owner who lives (S31): one thread for all of them, started when the first lasts longer, and
 * held by nothing. Without a thread the process's own loop does it, as well as it can.
 */
export class Heartbeat {
  readonly leaseMs = leaseFromEnvironment();
  readonly #record: RunRecord;
  readonly #runs = new Map<string, Watched>();
  #tell: ((message: HeartbeatMessage) => void) | undefined;

  constructor(record: RunRecord) {
    this.#record = record;
  }

  /**
   * @param lost is told when somebody has taken the run
   * @returns to be called when the run has ended
   */
  watch(owned: OwnedRun, lost: () => void): () => void {
    if (this.#record.heartbeat === undefined) return () => {};
    const notYet = systemClock.schedule(Math.min(LONG_RUN_MS, this.leaseMs / 4), () => this.#hold({ owned, lost }), { idle: true });
    return () => {
      notYet();
      if (this.#runs.delete(owned.run)) this.#tell?.({ release: owned.run });
    };
  }

  /** The record is about to be closed. */
  close(): void {
    this.#tell?.({ close: true });
    this.#tell = undefined;
  }

  #hold(watched: Watched): void {
    this.#runs.set(watched.owned.run, watched);
    this.#tell ??= this.#startThread() ?? this.#withoutThread();
    this.#tell({ hold: watched.owned });
  }

  #startThread(): ((message: HeartbeatMessage) => void) | undefined {
    const target = this.#record.heartbeat;
    if (THREAD === undefined || target === undefined || !existsSync(THREAD)) return undefined;
    const gate = new ExitGate();
    const orders: HeartbeatOrders = { target, leaseMs: this.leaseMs, gate: gate.shared };
    const worker = newThread(THREAD, orders);
    if (worker === undefined) return undefined;
    worker.on('message', ({ lost }: LostRuns) => this.#lose(lost));
    // Told before it exits. Out of memory, or the file was replaced by another version's: the runs go on, and so does the pulse.
    worker.on('error', () => {
      if (this.#tell === undefined) return;
      this.#tell = this.#withoutThread();
      for (const { owned } of this.#runs.values()) this.#tell({ hold: owned });
    });
    shutAtExit(gate, worker);
    // After the listeners, which would hold the process.
    worker.unref();
    return (message) => worker.postMessage(message);
  }

  #withoutThread(): (message: HeartbeatMessage) => void {
    const record = this.#record;
    const connect = async () => ({ renewLeases: record.renewLeases.bind(record), [Symbol.asyncDispose]: async () => {} });
    const pulse = new Pulse({ clock: systemClock, leaseMs: this.leaseMs, connect, lost: (runs) => this.#lose(runs) });
    return (message) => {
      if ('hold' in message) pulse.hold(message.hold);
      else if ('release' in message) pulse.release(message.release);
      else void pulse.close();
    };
  }

  #lose(runs: readonly string[]): void {
    for (const run of runs) this.#runs.get(run)?.lost();
  }
}

/** How long a process that ends waits for a thread that is at work in the record, in milliseconds. */
const EXIT_PATIENCE_MS = 1_000;
/** Of the threads of this process. */
const gates = new Set<ExitGate>();

function shutAll(): void {
  for (const gate of gates) gate.shut(EXIT_PATIENCE_MS);
}

function shutAtExit(gate: ExitGate, worker: Worker): void {
  if (gates.size === 0) process.on('exit', shutAll);
  gates.add(gate);
  worker.once('exit', () => {
    gates.delete(gate);
    if (gates.size === 0) process.off('exit', shutAll);
  });
}

/** Undefined where threads are not allowed (`--permission`). */
function newThread(file: string, workerData: HeartbeatOrders): Worker | undefined {
  try {
    // Loaded for runs that last.
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    // Neither flags nor variables of the program: what it loads first is not meant for this thread.
    return new Worker(file, { name: 'millrace-heartbeat', workerData, execArgv: [], env: threadEnvironment() });
  } catch {
    return undefined;
  }
}

/** For tests, which cannot wait for half a minute. */
function leaseFromEnvironment(): number {
  const given = Number(process.env.MILLRACE_LEASE_MS);
  return given > 0 ? given : LEASE_MS;
}
