import type { AttemptRow } from '../../model/records.js';
import { isFinalTaskCode, TASK_STATE_CODE, TASK_STATES, type TaskState } from '../../model/states.js';
import { grown } from './growing.js';

const NONE = -1;
const TIMES = 2;

/** The attempts of one run, by column, in order of arrival; each task run knows its newest one, each attempt the one before it. */
export class AttemptColumns {
  #end = 0;
  #newest = new Int32Array(0);
  #before = new Int32Array(0);
  #index = new Int32Array(0);
  #attempt = new Uint16Array(0);
  #state = new Uint8Array(0);
  #times = new Float64Array(0);
  readonly #changes: string[] = [];
  readonly #errors = new Map<number, NonNullable<AttemptRow['error']>>();

  /** An attempt in a final state is never replaced (S10). */
  put(row: AttemptRow): void {
    const known = this.#find(row.index, row.attempt);
    if (known !== NONE && isFinalTaskCode(this.#state[known] as number)) return;
    const at = known === NONE ? this.#add(row) : known;
    this.#state[at] = TASK_STATE_CODE[row.state];
    this.#times.set([row.startedAt, row.finishedAt ?? Number.NaN], at * TIMES);
    this.#changes[at] = row.changes;
    if (row.error) this.#errors.set(at, row.error);
    else this.#errors.delete(at);
  }

  /** From the first to the last. */
  of(index: number): readonly AttemptRow[] {
    const rows: AttemptRow[] = [];
    for (let at = this.#newest[index] ?? NONE; at !== NONE; at = this.#before[at] as number) rows.push(this.#row(at));
    return rows.sort((a, b) => a.attempt - b.attempt);
  }

  crash(now: number): void {
    for (let at = 0; at < this.#end; at += 1) {
      if (isFinalTaskCode(this.#state[at] as number)) continue;
      const startedAt = this.#times[at * TIMES] as number;
      this.#state[at] = TASK_STATE_CODE.crashed;
      this.#times[at * TIMES + 1] = now;
      this.#changes[at] += ` crashed@${Math.trunc(Math.max(0, now - startedAt))}`;
    }
  }

  #find(index: number, attempt: number): number {
    let at = this.#newest[index] ?? NONE;
    while (at !== NONE && this.#attempt[at] !== attempt) at = this.#before[at] as number;
    return at;
  }

  #add({ index, attempt }: AttemptRow): number {
    const at = this.#end;
    this.#end += 1;
    this.#newest = grown(this.#newest, index + 1, NONE);
    this.#before = grown(this.#before, this.#end, NONE);
    this.#index = grown(this.#index, this.#end, 0);
    this.#attempt = grown(this.#attempt, this.#end, 0);
    this.#state = grown(this.#state, this.#end, 0);
    this.#times = grown(this.#times, this.#end * TIMES, Number.NaN);
    this.#index[at] = index;
    this.#attempt[at] = attempt;
    this.#before[at] = this.#newest[index] as number;
    this.#newest[index] = at;
    return at;
  }

  #row(at: number): AttemptRow {
    const finishedAt = this.#times[at * TIMES + 1] as number;
    return {
      index: this.#index[at] as number,
      attempt: this.#attempt[at] as number,
      state: TASK_STATES[this.#state[at] as number] as TaskState,
      changes: this.#changes[at] as string,
      startedAt: this.#times[at * TIMES] as number,
      finishedAt: Number.isNaN(finishedAt) ? undefined : finishedAt,
      error: this.#errors.get(at),
    };
  }
}
