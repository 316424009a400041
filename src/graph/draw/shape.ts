import type { ViewEdge } from '../graph-view.js';
import type { Tone } from './palette.js';

/**
 * Something with a place on the page: a `box` for a task run (or for many drawn as one), a `frame` around the boxes of a sub-flow, a `joint` where
 * many lines meet.
 */
export interface Shape {
  readonly kind: 'box' | 'frame' | 'joint';
  /** Unique in the picture; the node's id where the shape stands for one node. */
  readonly id: string;
  readonly label: string;
  /** A small second line: state, duration, "may run". */
  readonly detail: string | undefined;
  readonly tooltip: readonly string[];
  readonly tone: Tone;
  readonly certain: boolean;
  /** A map: drawn as a stack of boxes. */
  readonly stacked: boolean;
  /** Place of the frame it is drawn in, or -1. */
  readonly parent: number;
}

/** A line between two places in `shapes`. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly kind: ViewEdge['kind'];
  /** A line of text each. */
  readonly labels: readonly string[];
}

/** What is to be drawn, before any format has its say. Texts are printable, but escaped for no format yet. */
export interface Picture {
  readonly title: string;
  readonly note: string | undefined;
  readonly shapes: readonly Shape[];
  readonly links: readonly Link[];
  /** Between a frame and something inside it: being inside already shows these, but they tell where lines to the frame should end. */
  readonly inner: readonly Link[];
}
