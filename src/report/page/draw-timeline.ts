import { formatMs } from '../../log/format-ms.js';
import type { Inks } from './inks.js';
import type { Bar, Lane } from './lanes.js';
import type { TimeScale } from './time-scale.js';

export const LANE = 22;
export const AXIS = 26;
/** Narrower bars could not be seen, nor pointed at. */
export const NARROWEST = 2;
const BAR = 14;

export interface TimelineDrawing {
  readonly brush: CanvasRenderingContext2D;
  readonly inks: Inks;
  readonly scale: TimeScale;
  readonly width: number;
  readonly height: number;
  /** Pixels on the left, for the titles of lanes. */
  readonly gutter: number;
  /** The place of the task run that is chosen. */
  readonly chosen: number | undefined;
}

/** @param top what of the lanes is scrolled away, in pixels */
export function drawTimeline(drawing: TimelineDrawing, lanes: readonly Lane[], top: number): void {
  const { brush, inks, width, height } = drawing;
  brush.clearRect(0, 0, width, height);
  brush.font = inks.font;
  brush.textBaseline = 'middle';
  const first = Math.max(0, Math.floor((top - AXIS) / LANE));
  const last = Math.min(lanes.length, Math.ceil((top + height) / LANE));
  drawGrid(drawing);
  for (let at = first; at < last; at++) drawLane(drawing, lanes[at] as Lane, AXIS + at * LANE - top);
  drawAxis(drawing);
}

function drawGrid({ brush, inks, scale, height }: TimelineDrawing): void {
  brush.strokeStyle = inks.line;
  brush.lineWidth = 1;
  brush.beginPath();
  for (const { x } of scale.ticks()) {
    brush.moveTo(x, AXIS);
    brush.lineTo(x, height);
  }
  brush.stroke();
}

function drawAxis({ brush, inks, scale, width }: TimelineDrawing): void {
  brush.fillStyle = inks.page;
  brush.fillRect(0, 0, width, AXIS);
  brush.fillStyle = inks.faint;
  brush.textAlign = 'left';
  for (const { x, at } of scale.ticks()) brush.fillText(at <= 0 ? (at === 0 ? '0' : '') : formatMs(at), x + 3, AXIS / 2);
  brush.strokeStyle = inks.line;
  brush.beginPath();
  brush.moveTo(0, AXIS - 0.5);
  brush.lineTo(width, AXIS - 0.5);
  brush.stroke();
}

function drawLane(drawing: TimelineDrawing, lane: Lane, y: number): void {
  const { brush, inks, width, gutter, chosen } = drawing;
  const middle = y + LANE / 2;
  if (lane.task !== undefined && lane.task === chosen) {
    brush.fillStyle = inks.chosen;
    brush.fillRect(0, y, width, LANE);
  }
  brush.save();
  brush.beginPath();
  brush.rect(gutter, y, width - gutter, LANE);
  brush.clip();
  for (const bar of lane.bars) drawBar(drawing, bar, lane.waits, middle);
  brush.restore();
  if (lane.title === undefined) return;
  brush.save();
  brush.beginPath();
  brush.rect(0, y, gutter - 10, LANE);
  brush.clip();
  brush.fillStyle = inks.text;
  brush.textAlign = 'left';
  brush.fillText(lane.title, 4, middle);
  brush.restore();
}

function drawBar({ brush, inks, scale, width, gutter, chosen }: TimelineDrawing, bar: Bar, waits: boolean, middle: number): void {
  const [left, right] = [scale.xOf(bar.start), scale.xOf(bar.end)];
  if (left > width || right < gutter - NARROWEST) return;
  const waited = waits ? scale.xOf(bar.waitFrom) : left;
  if (left - waited >= 1) {
    brush.fillStyle = inks.wait;
    brush.fillRect(waited, middle - 1.5, left - waited, 3);
  }
  brush.fillStyle = inks.states[bar.state] as string;
  if (bar.attempt < 0) return drawMoment(brush, left, middle);
  const long = Math.max(right - left - 0.5, NARROWEST);
  if (long < 6) brush.fillRect(left, middle - BAR / 2, long, BAR);
  else {
    brush.beginPath();
    brush.roundRect(left, middle - BAR / 2, long, BAR, 3);
    brush.fill();
  }
  if (bar.task !== chosen) return;
  brush.strokeStyle = inks.text;
  brush.lineWidth = 1.5;
  brush.strokeRect(left - 1, middle - BAR / 2 - 1, long + 2, BAR + 2);
}

/** What took no time, a reused result say, is a diamond. */
function drawMoment(brush: CanvasRenderingContext2D, x: number, middle: number): void {
  brush.beginPath();
  brush.moveTo(x, middle - 5);
  brush.lineTo(x + 5, middle);
  brush.lineTo(x, middle + 5);
  brush.lineTo(x - 5, middle);
  brush.fill();
}
