import { FINAL_RUN_STATES, isFinalTaskCode, TASK_STATES, type TaskState } from '../../model/states.js';
import type { ReportData } from '../report-data.js';

/** A report's columns, as the parts of the page ask for them. Task runs go by their places. */
export class RunModel {
  readonly data: ReportData;
  readonly count: number;
  /** Until when the run is told: its end, or when the report was made. */
  readonly end: number;
  readonly #maps: ReadonlySet<number>;
  readonly #children = new Map<number, number[]>();
  readonly #outermost: Int32Array;
  readonly #places = new Map<string, number>();
  readonly #attempts = new Map<number, number[]>();
  readonly #starts: (number | null)[];
  readonly #ends: (number | null)[];

  constructor(data: ReportData) {
    this.data = data;
    const { tasks, attempts, run } = data;
    this.count = tasks.id.length;
    this.#maps = new Set(tasks.maps);
    this.#outermost = new Int32Array(this.count).fill(-1);
    this.#starts = tasks.start.slice();
    this.#ends = tasks.end.slice();
    for (let place = 0; place < this.count; place++) this.#addTo(place, tasks.parent[place] as number);
    attempts.task.forEach((place, row) => {
      const rows = this.#attempts.get(place);
      if (rows) rows.push(row);
      else this.#attempts.set(place, [row]);
    });
    this.end = run.end ?? (FINAL_RUN_STATES.has(run.state) ? this.#lastEnd() : data.madeAt - run.createdAt);
    for (let place = this.count - 1; place >= 0; place--) this.#spanOf(place);
  }

  #addTo(place: number, parent: number): void {
    this.#places.set(this.data.tasks.id[place] as string, place);
    if (parent < 0) return;
    const siblings = this.#children.get(parent);
    if (siblings) siblings.push(place);
    else this.#children.set(parent, [place]);
    const around = this.#outermost[parent] as number;
    this.#outermost[place] = around >= 0 ? around : this.#maps.has(parent) ? parent : -1;
  }

  #lastEnd(): number {
    return this.#ends.reduce<number>((last, end) => Math.max(last, end ?? 0), 0);
  }

  /** Maps and sub-flows have no attempt of their own: they take as long as what they hold. Parents come before their children. */
  #spanOf(place: number): void {
    const children = this.#children.get(place);
    if (children === undefined || this.#attempts.has(place)) return;
    let [first, last, open] = [Number.POSITIVE_INFINITY, 0, !isFinalTaskCode(this.data.tasks.state[place] as number)];
    for (const child of children) {
      const start = this.#starts[child];
      if (start === null || start === undefined) continue;
      first = Math.min(first, start);
      const end = this.#ends[child];
      if (end === null || end === undefined) open = true;
      else last = Math.max(last, end);
    }
    if (first === Number.POSITIVE_INFINITY) return;
    this.#starts[place] ??= first;
    this.#ends[place] = open ? null : Math.max(last, this.#ends[place] ?? 0);
  }

  text(number: number | undefined): string | undefined {
    return number === undefined || number < 0 ? undefined : this.data.texts[number];
  }

  id(place: number): string {
    return this.data.tasks.id[place] ?? '';
  }

  placeOf(id: string): number | undefined {
    return this.#places.get(id);
  }

  task(place: number): string {
    return this.text(this.data.tasks.task[place]) ?? '';
  }

  label(place: number): string | undefined {
    return this.text(this.data.tasks.label[place]);
  }

  state(place: number): TaskState {
    return TASK_STATES[this.data.tasks.state[place] as number] ?? 'pending';
  }

  why(place: number): string | undefined {
    return this.text(this.data.tasks.why[place]);
  }

  errorMessage(place: number): string | undefined {
    let error = this.data.errors[this.data.tasks.error[place] as number];
    while (error?.cause !== undefined) error = error.cause;
    return error?.message;
  }

  start(place: number): number | null {
    return this.#starts[place] ?? null;
  }

  endOf(place: number): number | null {
    return this.#ends[place] ?? null;
  }

  /** How long it took, or takes so far; undefined for what never started. */
  took(place: number): number | undefined {
    const start = this.start(place);
    if (start === null) return undefined;
    const until = this.endOf(place) ?? (isFinalTaskCode(this.data.tasks.state[place] as number) ? start : this.end);
    return Math.max(0, until - start);
  }

  parent(place: number): number {
    return this.data.tasks.parent[place] ?? -1;
  }

  children(place: number): readonly number[] {
    return this.#children.get(place) ?? [];
  }

  isMap(place: number): boolean {
    return this.#maps.has(place);
  }

  /** The outermost map that it lies in, or -1. */
  mapAround(place: number): number {
    return this.#outermost[place] ?? -1;
  }

  /** Rows of `data.attempts`. */
  attempts(place: number): readonly number[] {
    return this.#attempts.get(place) ?? [];
  }
}

/** How many of these are in each state. */
export function countStates(model: RunModel, places: readonly number[]): ReadonlyMap<TaskState, number> {
  const counts = new Map<TaskState, number>();
  for (const place of places) counts.set(model.state(place), (counts.get(model.state(place)) ?? 0) + 1);
  return counts;
}
