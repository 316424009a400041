import { createLogUpdate } from 'log-update';
import type { Clock } from '../base/clock.js';
import { uncaptured } from '../log/capture.js';
import type { TaskDurations } from '../runs/durations.js';
import type { Colours } from './colours.js';
import { liveFrame } from './live-frame.js';
import { guardOutput, type OutputGuard } from './output-guard.js';
import type { RunProgress } from './run-progress.js';
import { SteadyTimeLeft, timeLeft } from './time-left.js';

const REDRAW_MS = 100;
/** Shorter runs have ended before anybody has read how long they will take. */
const LONG_ENOUGH_MS = 1_000;
/** Minor lines let through between two redraws; nobody reads more, and a terminal cannot keep up with 100,000. */
const LINES_PER_REDRAW = 40;

export interface LiveViewOptions {
  readonly stream: NodeJS.WriteStream;
  /** Other streams of the same terminal. @default none */
  readonly alsoGuard?: readonly NodeJS.WriteStream[];
  readonly flow: string;
  readonly progress: RunProgress;
  readonly colours: Colours;
  readonly clock: Clock;
  /** Task runs at the same time. */
  readonly slots: number;
  /** Asked once, when the run has gone on for a moment: how long its tasks took in earlier runs. */
  readonly past: () => Promise<TaskDurations | undefined>;
}

/**
 * The part of the screen that redraws itself at the bottom, ten times a second at most, while lines scroll above it. What anybody else
 * prints meanwhile scrolls above it too.
 */
export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #update: ReturnType<typeof createLogUpdate>;
  readonly #guard: OutputGuard;
  #waiting: string[] = [];
  #folded = 0;
  #tick = 0;
  #note: string | undefined;
  #cancelRedraw: (() => void) | undefined;
  readonly #steady = new SteadyTimeLeft();
  #past: TaskDurations | undefined;
  #hasAsked = false;

  constructor(options: LiveViewOptions) {
    this.#options = options;
    this.#update = createLogUpdate(options.stream);
    this.#guard = guardOutput([options.stream, ...(options.alsoGuard ?? [])], (line) => this.line(line));
    this.#schedule();
  }

  /** A line to scroll by above, shown with the next redraw. Minor ones are counted instead when there are too many to read. */
  line(text: string, minor = false): void {
    if (minor && this.#waiting.length >= LINES_PER_REDRAW) this.#folded++;
    else this.#waiting.push(text);
  }

  /** Said beside the flow's name from now on. */
  note(text: string): void {
    this.#note = text;
  }

  /** Shows what is still to be shown, takes the moving part away and gives the cursor back. */
  close(): void {
    this.#cancelRedraw?.();
    this.#guard.release();
    this.#print(() => {
      this.#flush();
      this.#update.clear();
      this.#update.done();
    });
  }

  #schedule(): void {
    const redraw = (): void => {
      this.#print(() => {
        this.#flush();
        this.#draw();
      });
      this.#schedule();
    };
    // Idle: a picture of a run must not keep the process alive when the run waits for what can never come.
    this.#cancelRedraw = this.#options.clock.schedule(REDRAW_MS, redraw, { idle: true });
  }

  #print(write: () => void): void {
    uncaptured(() => this.#guard.own(write));
  }

  /** Not `persist` of log-update, which drops what is higher than the screen. */
  #flush(): void {
    if (this.#folded > 0) this.#waiting.push(this.#options.colours.dim(`… and ${this.#folded} more lines like these`));
    if (this.#waiting.length === 0) return;
    this.#update.clear();
    this.#options.stream.write(`${this.#waiting.join('\n')}\n`);
    this.#waiting = [];
    this.#folded = 0;
  }

  #draw(): void {
    const { stream, flow, progress, colours, clock } = this.#options;
    const { columns = 80, rows = 24 } = stream;
    const now = clock.now();
    const left = this.#timeLeft(now);
    this.#update(liveFrame(progress, { flow, now, tick: this.#tick++, columns, rows, colours, left, note: this.#note }));
  }

  /** Nothing while the run is ended: it will not do what is left. */
  #timeLeft(now: number): string | undefined {
    const { progress, slots, past } = this.#options;
    if (this.#note !== undefined || progress.elapsed(now) < LONG_ENOUGH_MS) return undefined;
    if (!this.#hasAsked) {
      this.#hasAsked = true;
      void past().then((known) => {
        this.#past = known;
      });
    }
    return this.#steady.words(timeLeft(progress.workLeft, { slots, now, past: this.#past }), now);
  }
}
