import { formatMs } from '../../log/format-ms.js';
import { TASK_STATES } from '../../model/states.js';
import type { Choice } from './choice.js';
import { el, fill, name, part } from './dom.js';
import { type Inks, inksOf } from './inks.js';
import { type Bar, type Lane, lanesOf, tickStep } from './lanes.js';
import type { RunModel } from './run-model.js';

const LANE = 22;
const BAR = 14;
const AXIS = 26;
const TALLEST = 520;
/** Narrower bars could not be seen, nor pointed at. */
const NARROWEST = 2;
const TICK_WIDTH = 90;

/** All attempts over time, on a canvas: a drawing of 5,000 bars is a few milliseconds, as elements it would be seconds. */
export function timeline(model: RunModel, choice: Choice): void {
  const place = part('timeline');
  if (place === undefined) return;
  const lanes = lanesOf(model);
  if (lanes.length === 0) {
    fill(place.body, el('p', { class: 'faint' }, 'Nothing has run.'));
    return;
  }
  new Timeline(model, choice, lanes, place.tools, place.body);
}

class Timeline {
  readonly #model: RunModel;
  readonly #choice: Choice;
  readonly #lanes: readonly Lane[];
  readonly #canvas = el('canvas', { tabindex: 0, role: 'img' });
  readonly #scroller: HTMLElement;
  readonly #tip = el('div', { class: 'tip', hidden: true });
  readonly #first: number;
  readonly #last: number;
  #from: number;
  #to: number;
  #inks: Inks;
  #asked = false;

  constructor(model: RunModel, choice: Choice, lanes: readonly Lane[], tools: HTMLElement, body: HTMLElement) {
    this.#model = model;
    this.#choice = choice;
    this.#lanes = lanes;
    const times = lanes.flatMap(({ bars, waits }) => bars.map((bar) => (waits ? bar.waitFrom : bar.start)));
    this.#first = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
    this.#last = lanes.reduce((most, { bars }) => bars.reduce((end, bar) => Math.max(end, bar.end), most), this.#first + 0.01);
    const air = (this.#last - this.#first) * 0.01;
    [this.#from, this.#to] = [this.#first - air, this.#last + air];
    this.#inks = inksOf(body);
    const tall = lanes.length * LANE + AXIS;
    const spacer = el('div', { class: 'spacer' }, this.#canvas);
    spacer.style.height = `${tall}px`;
    this.#scroller = el('div', { class: 'timeline' }, spacer);
    this.#scroller.style.height = `${Math.min(TALLEST, tall)}px`;
    this.#canvas.setAttribute('aria-label', this.#inWords());
    fill(body, el('div', { class: 'holder' }, this.#scroller, this.#tip));
    fill(tools, ...this.#buttons());
    this.#listen(body);
    this.#draw();
  }

  #inWords(): string {
    const bars = this.#lanes.reduce((sum, lane) => sum + lane.bars.length, 0);
    return `Timeline of ${bars} attempts over ${formatMs(this.#last - this.#first)}. The table of task runs below says the same in words. Plus and minus zoom, arrows move, 0 shows all.`;
  }

  #buttons(): readonly HTMLElement[] {
    const button = (text: string, said: string, press: () => void): HTMLElement =>
      el('button', { type: 'button', 'aria-label': said, title: said, onclick: press }, text);
    return [
      el('span', { class: 'faint hint-text' }, 'Ctrl + wheel zooms, drag moves'),
      button('−', 'Zoom out', () => this.#zoom(1.6)),
      button('+', 'Zoom in', () => this.#zoom(1 / 1.6)),
      button('Fit', 'Show the whole run', () => this.#fit()),
    ];
  }

  #listen(body: HTMLElement): void {
    new ResizeObserver(() => this.#ask()).observe(this.#scroller);
    this.#scroller.addEventListener('scroll', () => this.#ask());
    this.#choice.listen(() => this.#ask());
    const recolour = (): void => {
      this.#inks = inksOf(body);
      this.#draw();
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
    // Paper is white, whatever the screen is.
    matchMedia('print').addEventListener('change', recolour);
    const canvas = this.#canvas;
    canvas.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
        event.preventDefault();
        if (event.ctrlKey || event.metaKey) this.#zoom(Math.exp(event.deltaY / 300), this.#timeAt(event.offsetX));
        else this.#move((event.deltaX / this.#width) * (this.#to - this.#from));
      },
      { passive: false },
    );
    this.#listenToPointer();
    canvas.addEventListener('keydown', (event) => this.#press(event));
  }

  #listenToPointer(): void {
    const canvas = this.#canvas;
    let drag: { x: number; y: number; from: number; to: number; top: number; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, from: this.#from, to: this.#to, top: this.#scroller.scrollTop, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (drag === undefined) return this.#point(event.offsetX, event.offsetY);
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      drag.moved = true;
      const span = drag.to - drag.from;
      this.#show(drag.from - (dx / this.#width) * span, drag.to - (dx / this.#width) * span);
      this.#scroller.scrollTop = drag.top - dy;
    });
    canvas.addEventListener('pointerup', (event) => {
      const moved = drag?.moved === true;
      drag = undefined;
      if (moved) return;
      const found = this.#at(event.offsetX, event.offsetY);
      const lane = this.#laneAt(event.offsetY);
      const task = found?.task ?? (event.offsetX < this.#gutter ? lane?.task : undefined);
      if (task !== undefined) this.#choice.choose(task);
    });
    canvas.addEventListener('pointercancel', () => {
      drag = undefined;
    });
    canvas.addEventListener('pointerleave', () => {
      this.#tip.hidden = true;
    });
    canvas.addEventListener('dblclick', (event) => this.#zoom(0.4, this.#timeAt(event.offsetX)));
  }

  #press(event: KeyboardEvent): void {
    const step = (this.#to - this.#from) * 0.15;
    const deeds: Readonly<Record<string, () => void>> = {
      '+': () => this.#zoom(1 / 1.6),
      '=': () => this.#zoom(1 / 1.6),
      '-': () => this.#zoom(1.6),
      '0': () => this.#fit(),
      ArrowLeft: () => this.#move(-step),
      ArrowRight: () => this.#move(step),
      ArrowUp: () => this.#scroller.scrollBy(0, -LANE * 2),
      ArrowDown: () => this.#scroller.scrollBy(0, LANE * 2),
    };
    const deed = deeds[event.key];
    if (deed === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    deed();
  }

  get #gutter(): number {
    return Math.min(200, this.#scroller.clientWidth * 0.3);
  }

  /** Of what time is drawn on. */
  get #width(): number {
    return Math.max(50, this.#scroller.clientWidth - this.#gutter);
  }

  #timeAt(x: number): number {
    return this.#from + ((x - this.#gutter) / this.#width) * (this.#to - this.#from);
  }

  #xOf(at: number): number {
    return this.#gutter + ((at - this.#from) / (this.#to - this.#from)) * this.#width;
  }

  #zoom(factor: number, around = (this.#from + this.#to) / 2): void {
    this.#show(around - (around - this.#from) * factor, around + (this.#to - around) * factor);
  }

  #move(by: number): void {
    this.#show(this.#from + by, this.#to + by);
  }

  #fit(): void {
    this.#show(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** Never out of the run, never closer than a hundredth of a millisecond. */
  #show(from: number, to: number): void {
    const air = (this.#last - this.#first) * 0.01;
    const [least, most] = [this.#first - air, this.#last + air];
    const span = Math.min(Math.max(to - from, 0.01), most - least);
    this.#from = Math.min(Math.max(from, least), most - span);
    this.#to = this.#from + span;
    this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #laneAt(y: number): Lane | undefined {
    return y < AXIS ? undefined : this.#lanes[Math.floor((y - AXIS + this.#scroller.scrollTop) / LANE)];
  }

  #at(x: number, y: number): Bar | undefined {
    if (x < this.#gutter) return undefined;
    let nearest: Bar | undefined;
    let least = 4;
    for (const bar of this.#laneAt(y)?.bars ?? []) {
      const [left, right] = [this.#xOf(bar.start), Math.max(this.#xOf(bar.end), this.#xOf(bar.start) + NARROWEST)];
      const distance = x < left ? left - x : x > right ? x - right : 0;
      if (distance >= least) continue;
      [nearest, least] = [bar, distance === 0 ? 0.001 : distance];
    }
    return nearest;
  }

  #point(x: number, y: number): void {
    const bar = this.#at(x, y);
    this.#canvas.classList.toggle('over', bar !== undefined);
    this.#tip.hidden = bar === undefined;
    if (bar === undefined) return;
    const { attempts } = this.#model.data;
    const number = bar.attempt < 0 ? 0 : (attempts.number[bar.attempt] as number);
    const waited = bar.start - bar.waitFrom;
    fill(
      this.#tip,
      el('strong', {}, name(this.#model.id(bar.task))),
      el('div', {}, `${TASK_STATES[bar.state]}${number > 1 || this.#model.attempts(bar.task).length > 1 ? `, attempt ${number}` : ''}`),
      el('div', {}, bar.attempt < 0 ? `at ${formatMs(bar.end)}` : `${formatMs(bar.end - bar.start)}, from ${formatMs(bar.start)}`),
      waited >= 0.1 && bar.attempt >= 0 && el('div', {}, `after waiting ${formatMs(waited)}`),
    );
    const left = Math.min(x + 14, this.#scroller.clientWidth - this.#tip.offsetWidth - 4);
    this.#tip.style.left = `${Math.max(0, left)}px`;
    this.#tip.style.top = `${y + 18}px`;
  }

  #draw(): void {
    const [width, height] = [this.#scroller.clientWidth, this.#scroller.clientHeight];
    const ratio = devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * ratio) || this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.width = Math.round(width * ratio);
      this.#canvas.height = Math.round(height * ratio);
      this.#canvas.style.width = `${width}px`;
      this.#canvas.style.height = `${height}px`;
    }
    const brush = this.#canvas.getContext('2d');
    if (brush === null) return;
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, width, height);
    brush.font = this.#inks.font;
    brush.textBaseline = 'middle';
    const top = this.#scroller.scrollTop;
    const first = Math.max(0, Math.floor((top - AXIS) / LANE));
    const last = Math.min(this.#lanes.length, Math.ceil((top + height) / LANE));
    this.#drawGrid(brush, width, height);
    for (let at = first; at < last; at++) this.#drawLane(brush, this.#lanes[at] as Lane, AXIS + at * LANE - top, width);
    this.#drawAxis(brush, width);
  }

  #ticks(): readonly { readonly x: number; readonly at: number }[] {
    const step = tickStep(((this.#to - this.#from) / this.#width) * TICK_WIDTH);
    const ticks = [];
    for (let at = Math.ceil(this.#from / step) * step; at <= this.#to; at += step) ticks.push({ x: Math.round(this.#xOf(at)) + 0.5, at });
    return ticks;
  }

  #drawGrid(brush: CanvasRenderingContext2D, _width: number, height: number): void {
    brush.strokeStyle = this.#inks.line;
    brush.lineWidth = 1;
    brush.beginPath();
    for (const { x } of this.#ticks()) {
      brush.moveTo(x, AXIS);
      brush.lineTo(x, height);
    }
    brush.stroke();
  }

  #drawAxis(brush: CanvasRenderingContext2D, width: number): void {
    brush.fillStyle = this.#inks.page;
    brush.fillRect(0, 0, width, AXIS);
    brush.fillStyle = this.#inks.faint;
    brush.textAlign = 'left';
    for (const { x, at } of this.#ticks()) brush.fillText(at <= 0 ? (at === 0 ? '0' : '') : formatMs(at), x + 3, AXIS / 2);
    brush.strokeStyle = this.#inks.line;
    brush.beginPath();
    brush.moveTo(0, AXIS - 0.5);
    brush.lineTo(width, AXIS - 0.5);
    brush.stroke();
  }

  #drawLane(brush: CanvasRenderingContext2D, lane: Lane, y: number, width: number): void {
    const middle = y + LANE / 2;
    const chosen = this.#choice.place;
    if (lane.task !== undefined && lane.task === chosen) {
      brush.fillStyle = this.#inks.chosen;
      brush.fillRect(0, y, width, LANE);
    }
    brush.save();
    brush.beginPath();
    brush.rect(this.#gutter, y, width - this.#gutter, LANE);
    brush.clip();
    for (const bar of lane.bars) this.#drawBar(brush, bar, lane.waits, middle, width);
    brush.restore();
    if (lane.title === undefined) return;
    brush.save();
    brush.beginPath();
    brush.rect(0, y, this.#gutter - 10, LANE);
    brush.clip();
    brush.fillStyle = this.#inks.text;
    brush.textAlign = 'left';
    brush.fillText(lane.title, 4, middle);
    brush.restore();
  }

  #drawBar(brush: CanvasRenderingContext2D, bar: Bar, waits: boolean, middle: number, width: number): void {
    const [left, right] = [this.#xOf(bar.start), this.#xOf(bar.end)];
    if (left > width || right < this.#gutter - NARROWEST) return;
    const ink = this.#inks.states[bar.state] as string;
    const waited = waits ? this.#xOf(bar.waitFrom) : left;
    if (left - waited >= 1) {
      brush.fillStyle = this.#inks.wait;
      brush.fillRect(waited, middle - 1.5, left - waited, 3);
    }
    brush.fillStyle = ink;
    if (bar.attempt < 0) return drawMoment(brush, left, middle);
    const long = Math.max(right - left - 0.5, NARROWEST);
    if (long < 6) brush.fillRect(left, middle - BAR / 2, long, BAR);
    else {
      brush.beginPath();
      brush.roundRect(left, middle - BAR / 2, long, BAR, 3);
      brush.fill();
    }
    if (bar.task !== this.#choice.place) return;
    brush.strokeStyle = this.#inks.text;
    brush.lineWidth = 1.5;
    brush.strokeRect(left - 1, middle - BAR / 2 - 1, long + 2, BAR + 2);
  }
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
