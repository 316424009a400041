/** States of the gate, in memory that both threads see. */
const [OPEN, INSIDE, SHUT] = [0, 1, 2];

/**
 * Between a process that ends and a thread of it that is at work in a native driver: Node stops threads wherever they are, and the driver answers
 * that by ending the whole process with SIGABRT, whatever its exit code was to be. So the thread asks before it goes in, and the process waits until
 * it is out.
 */
export class ExitGate {
  /** To be handed to the other thread. */
  readonly shared: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#state = new Int32Array(shared);
  }

  /** @returns false when the process is ending: do not go in any more */
  enter(): boolean {
    return Atomics.compareExchange(this.#state, 0, OPEN, INSIDE) === OPEN;
  }

  leave(): void {
    Atomics.compareExchange(this.#state, 0, INSIDE, OPEN);
    Atomics.notify(this.#state, 0);
  }

  /**
   * Synchronous: nobody goes in any more, and who is inside is waited for.
   * @returns false when that took too long
   */
  shut(patienceMs: number): boolean {
    for (const end = performance.now() + patienceMs; ; ) {
      if (Atomics.compareExchange(this.#state, 0, OPEN, SHUT) !== INSIDE) return true;
      if (Atomics.wait(this.#state, 0, INSIDE, Math.max(0, end - performance.now())) === 'timed-out') return false;
    }
  }
}
