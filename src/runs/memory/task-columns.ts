import type { TaskRunRow } from '../../model/records.js';
import { isFinalTaskCode, TASK_STATE_CODE, TASK_STATES, type TaskState } from '../../model/states.js';
import { EdgePool } from './edge-pool.js';
import { grown } from './growing.js';

const ABSENT = 255;
const NONE = -1;
/** A key of 32 hex digits, which all of ours are, is kept as its bytes. */
const KEY_BYTES = 16;
const TIMES = 3;

/** What most task runs lack. */
type Rare = Pick<TaskRunRow, 'label' | 'error' | 'origin' | 'checks' | 'nodeKey' | 'cacheKey'>;

/**
 * The task runs of one run, by column: some 150 bytes each, where an object with its strings takes four times as much.
 * A run of a million tasks is to fit beside its engine.
 */
export class TaskColumns {
  #end = 0;
  #state = new Uint8Array(0);
  #attempts = new Uint16Array(0);
  #parent = new Int32Array(0);
  #times = new Float64Array(0);
  #keys = Buffer.alloc(0);
  #keysHeld = new Uint8Array(0);
  #firstEdge = new Int32Array(0);
  #edgeCount = new Int32Array(0);
  readonly #ids: string[] = [];
  readonly #tasks: string[] = [];
  readonly #reasons: TaskRunRow['reason'][] = [];
  readonly #inputs: TaskRunRow['inputs'][] = [];
  readonly #edges = new EdgePool();
  readonly #rare = new Map<number, Rare>();

  /** Places in order, also those that hold nothing. */
  get end(): number {
    return this.#end;
  }

  /** A row in a final state is never replaced (S10). */
  put(row: TaskRunRow): void {
    const { index } = row;
    this.#reserve(index + 1);
    const before = this.#state[index] as number;
    if (before !== ABSENT && isFinalTaskCode(before)) return;
    this.#state[index] = TASK_STATE_CODE[row.state];
    this.#attempts[index] = row.attempts;
    this.#parent[index] = row.parent ?? NONE;
    this.#times.set([row.createdAt, row.startedAt ?? Number.NaN, row.finishedAt ?? Number.NaN], index * TIMES);
    this.#ids[index] = row.id;
    this.#tasks[index] = row.task;
    this.#reasons[index] = row.reason;
    this.#inputs[index] = row.inputs;
    this.#putEdges(row);
    this.#putRare(row, this.#putKeys(row));
  }

  get(index: number): TaskRunRow | undefined {
    const state = this.#state[index] ?? ABSENT;
    if (state === ABSENT) return undefined;
    const rare = this.#rare.get(index);
    const parent = this.#parent[index] as number;
    return {
      index,
      id: this.#ids[index] as string,
      task: this.#tasks[index] as string,
      label: rare?.label,
      parent: parent === NONE ? undefined : parent,
      state: TASK_STATES[state] as TaskState,
      nodeKey: this.#key(index, 0) ?? rare?.nodeKey,
      cacheKey: this.#key(index, 1) ?? rare?.cacheKey,
      attempts: this.#attempts[index] as number,
      reason: this.#reasons[index],
      createdAt: this.#time(index, 0) as number,
      startedAt: this.#time(index, 1),
      finishedAt: this.#time(index, 2),
      error: rare?.error,
      upstream: this.#edges.read(this.#firstEdge[index] as number, this.#edgeCount[index] as number),
      inputs: this.#inputs[index],
      origin: rare?.origin,
      checks: rare?.checks,
    };
  }

  /** Those that have taken results from a run: their places, and the places of what they took. */
  takenFrom(run: string): readonly (readonly [index: number, originIndex: number])[] {
    return [...this.#rare].flatMap(([index, { origin }]) => (origin?.run === run ? [[index, origin.index] as const] : []));
  }

  /** What a row has taken lies elsewhere from now on. */
  repoint(index: number, origin: TaskRunRow['origin']): void {
    const rare = this.#rare.get(index);
    if (rare !== undefined) this.#rare.set(index, { ...rare, origin });
  }

  /** Every task run without a final state is crashed from now on. @returns how many there are of each state, but for maps */
  crash(now: number): Partial<Record<TaskState, number>> {
    for (let index = 0; index < this.#end; index += 1) {
      const state = this.#state[index] as number;
      if (state === ABSENT || isFinalTaskCode(state)) continue;
      this.#state[index] = TASK_STATE_CODE.crashed;
      this.#times[index * TIMES + 2] = now;
    }
    // Maps count by their children: nothing else succeeds, or was running, without an attempt.
    const isMap = (index: number): boolean => {
      const name = TASK_STATES[this.#state[index] as number];
      return (name === 'success' || name === 'crashed') && this.#attempts[index] === 0;
    };
    return Object.fromEntries(this.#count((index) => !isMap(index)));
  }

  /** How many there are of each state, of a task or of all; in the order of the states. */
  count(task: string | undefined): ReadonlyMap<TaskState, number> {
    return this.#count((index) => task === undefined || this.#tasks[index] === task);
  }

  #count(counts: (index: number) => boolean): ReadonlyMap<TaskState, number> {
    const sums = TASK_STATES.map(() => 0);
    for (let index = 0; index < this.#end; index += 1) {
      const state = this.#state[index] as number;
      if (state !== ABSENT && counts(index)) sums[state] = (sums[state] as number) + 1;
    }
    return new Map(TASK_STATES.flatMap((state, code) => (sums[code] === 0 ? [] : [[state, sums[code] as number] as const])));
  }

  #reserve(length: number): void {
    if (length <= this.#end) return;
    this.#end = length;
    this.#state = grown(this.#state, length, ABSENT);
    this.#attempts = grown(this.#attempts, length, 0);
    this.#parent = grown(this.#parent, length, NONE);
    this.#times = grown(this.#times, length * TIMES, Number.NaN);
    this.#keysHeld = grown(this.#keysHeld, length, 0);
    this.#firstEdge = grown(this.#firstEdge, length, 0);
    this.#edgeCount = grown(this.#edgeCount, length, 0);
  }

  #putEdges({ index, upstream }: TaskRunRow): void {
    const known = this.#edgeCount[index] as number;
    if (known === 0 && upstream.length === 0) return;
    // A long task's row comes twice with the same edges: only what differs is added.
    const unchanged =
      known === upstream.length && JSON.stringify(this.#edges.read(this.#firstEdge[index] as number, known)) === JSON.stringify(upstream);
    if (unchanged) return;
    this.#firstEdge[index] = this.#edges.add(upstream);
    this.#edgeCount[index] = upstream.length;
  }

  /** @returns the keys that are not of the usual length */
  #putKeys({ index, nodeKey, cacheKey }: TaskRunRow): Pick<Rare, 'nodeKey' | 'cacheKey'> {
    this.#keysHeld[index] = 0;
    const odd = [nodeKey, cacheKey].map((key, place) => {
      if (key?.length !== KEY_BYTES * 2) return key;
      const at = (index * 2 + place) * KEY_BYTES;
      if (this.#keys.length < at + KEY_BYTES) this.#keys = Buffer.from(grown(new Uint8Array(this.#keys.buffer), at + KEY_BYTES, 0).buffer);
      this.#keys.write(key, at, 'hex');
      this.#keysHeld[index] = (this.#keysHeld[index] as number) | (1 << place);
      return undefined;
    });
    return { nodeKey: odd[0], cacheKey: odd[1] };
  }

  #putRare({ index, label, error, origin, checks }: TaskRunRow, keys: Pick<Rare, 'nodeKey' | 'cacheKey'>): void {
    const rare: Rare = { label, error, origin, checks, ...keys };
    if (Object.values(rare).some((part) => part !== undefined)) this.#rare.set(index, rare);
    else this.#rare.delete(index);
  }

  #key(index: number, place: number): string | undefined {
    if (((this.#keysHeld[index] as number) & (1 << place)) === 0) return undefined;
    const at = (index * 2 + place) * KEY_BYTES;
    return this.#keys.toString('hex', at, at + KEY_BYTES);
  }

  #time(index: number, place: number): number | undefined {
    const time = this.#times[index * TIMES + place] as number;
    return Number.isNaN(time) ? undefined : time;
  }
}
