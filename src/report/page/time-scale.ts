import { tickStep } from './lanes.js';

const TICK_WIDTH = 90;
/** In milliseconds. */
const SHORTEST = 0.01;

/** What time is drawn on, in pixels: it begins at `left`. */
export interface Paper {
  readonly left: number;
  readonly width: number;
}

/** The stretch of a run's time that is shown, and where on the paper each moment lies. Times are milliseconds since the run began. */
export class TimeScale {
  readonly #least: number;
  readonly #most: number;
  readonly #paper: () => Paper;
  readonly #changed: () => void;
  #from: number;
  #to: number;

  constructor(first: number, last: number, paper: () => Paper, changed: () => void) {
    const air = (last - first) * 0.01;
    [this.#least, this.#most] = [first - air, last + air];
    [this.#from, this.#to] = [this.#least, this.#most];
    this.#paper = paper;
    this.#changed = changed;
  }

  get from(): number {
    return this.#from;
  }

  /** How much time is shown. */
  get span(): number {
    return this.#to - this.#from;
  }

  timeAt(x: number): number {
    const { left, width } = this.#paper();
    return this.#from + ((x - left) / width) * this.span;
  }

  xOf(at: number): number {
    const { left, width } = this.#paper();
    return left + ((at - this.#from) / this.span) * width;
  }

  /** Of so many pixels. */
  timeOf(pixels: number): number {
    return (pixels / this.#paper().width) * this.span;
  }

  zoom(factor: number, around = (this.#from + this.#to) / 2): void {
    this.show(around - (around - this.#from) * factor, around + (this.#to - around) * factor);
  }

  move(by: number): void {
    this.show(this.#from + by, this.#to + by);
  }

  fit(): void {
    this.show(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** Never out of the run, never closer than a hundredth of a millisecond. */
  show(from: number, to: number): void {
    const span = Math.min(Math.max(to - from, SHORTEST), this.#most - this.#least);
    this.#from = Math.min(Math.max(from, this.#least), this.#most - span);
    this.#to = this.#from + span;
    this.#changed();
  }

  ticks(): readonly { readonly x: number; readonly at: number }[] {
    const step = tickStep(this.timeOf(TICK_WIDTH));
    const ticks = [];
    for (let at = Math.ceil(this.#from / step) * step; at <= this.#to; at += step) ticks.push({ x: Math.round(this.xOf(at)) + 0.5, at });
    return ticks;
  }
}
