import type { Colours } from './colours.js';

export interface ReportStyle {
  readonly colours: Colours;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Undefined: nothing is cut. */
  readonly width: number | undefined;
}
