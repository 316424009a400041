import { existsSync } from 'node:fs';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { MillraceError } from '../../base/error.js';
import { PACKAGE_ROOT } from '../../base/own-files.js';
import { threadEnvironment } from '../thread-environment.js';
import { ANSWERED, type LineAnswer, type LineBatch, type LineOrder, type LineThreadData, STARTED } from './line-messages.js';

/** Built beside the rest. Where this package was bundled into another program it is not there. */
const THREAD = PACKAGE_ROOT === undefined ? undefined : `${PACKAGE_ROOT}dist/line-thread.js`;

/** What a thread that could not be started, or that has died, costs once. It answers sooner also when the server is away. */
const START_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 60_000;

/**
 * Writes lines before it returns, though a socket can only be read by an event loop: that of a thread, for which this one waits. The thread is started by
 * the first lines that need it, and does not hold the process.
 */
export class LineWriter {
  readonly #address: string;
  readonly #signal = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  /** There is no thread, and none is tried again. */
  #isOver = false;

  constructor(address: string) {
    this.#address = address;
  }

  /**
   * @returns false: there is no thread, or others hold the record for longer; the lines are not written
   * @throws MillraceError `OWNER_FENCED`, `RUN_UNKNOWN`, `RECORD_UNREACHABLE`, and what else writing throws
   */
  write({ run, epoch, logs }: LineBatch): boolean {
    const port = this.#isOver ? undefined : (this.#port ?? this.#start());
    if (port === undefined) return false;
    const before = Atomics.load(this.#signal, ANSWERED);
    port.postMessage({ run, epoch, logs } satisfies LineOrder);
    const answer = this.#isAnswered(before) ? (receiveMessageOnPort(port)?.message as LineAnswer | undefined) : undefined;
    if (answer === 'written') return true;
    if (answer === undefined) this.#giveUp();
    if (answer === undefined || answer.code === 'RECORD_BUSY') return false;
    throw new MillraceError(answer.code, answer.message, answer.hint === undefined ? {} : { hint: answer.hint });
  }

  /** What it was given is written: it has answered. */
  close(): void {
    this.#port?.postMessage('close' satisfies LineOrder);
    this.#isOver = true;
  }

  #isAnswered(before: number): boolean {
    const waits = (ms: number): boolean => Atomics.wait(this.#signal, ANSWERED, before, ms) !== 'timed-out';
    return waits(START_WITHIN_MS) || (Atomics.load(this.#signal, STARTED) === 1 && waits(ANSWER_WITHIN_MS));
  }

  #start(): MessagePort | undefined {
    const { port1, port2 } = new MessageChannel();
    const workerData: LineThreadData = { address: this.#address, port: port2, signal: this.#signal };
    this.#worker = newThread(workerData);
    if (this.#worker === undefined) {
      port1.close();
      this.#isOver = true;
      return undefined;
    }
    this.#worker.on('error', () => this.#giveUp());
    // After the listener, which would hold the process.
    this.#worker.unref();
    this.#port = port1;
    return port1;
  }

  #giveUp(): void {
    this.#isOver = true;
    void this.#worker?.terminate();
  }
}

/** Undefined where threads are not allowed (`--permission`), or the file is not there. */
function newThread(workerData: LineThreadData): Worker | undefined {
  if (THREAD === undefined || !existsSync(THREAD)) return undefined;
  try {
    return new Worker(THREAD, { name: 'millrace-lines', workerData, transferList: [workerData.port], execArgv: [], env: threadEnvironment() });
  } catch {
    return undefined;
  }
}
