import { formatMs } from '../../log/format-ms.js';
import { TASK_STATES } from '../../model/states.js';
import type { Choice } from './choice.js';
import { el, fill, name, part } from './dom.js';
import { AXIS, drawTimeline, LANE, NARROWEST } from './draw-timeline.js';
import { type Inks, inksOf } from './inks.js';
import { type Bar, type Lane, lanesOf } from './lanes.js';
import type { RunModel } from './run-model.js';
import { TimeScale } from './time-scale.js';

const TALLEST = 520;

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
  readonly #scale: TimeScale;
  #inks: Inks;
  #asked = false;

  constructor(model: RunModel, choice: Choice, lanes: readonly Lane[], tools: HTMLElement, body: HTMLElement) {
    this.#model = model;
    this.#choice = choice;
    this.#lanes = lanes;
    const times = lanes.flatMap(({ bars, waits }) => bars.map((bar) => (waits ? bar.waitFrom : bar.start)));
    const first = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
    const last = lanes.reduce((most, { bars }) => bars.reduce((end, bar) => Math.max(end, bar.end), most), first + 0.01);
    const paper = () => ({ left: this.#gutter, width: this.#width });
    this.#scale = new TimeScale(first, last, paper, () => this.#ask());
    this.#inks = inksOf(body);
    const tall = lanes.length * LANE + AXIS;
    const spacer = el('div', { class: 'spacer' }, this.#canvas);
    spacer.style.height = `${tall}px`;
    this.#scroller = el('div', { class: 'timeline' }, spacer);
    this.#scroller.style.height = `${Math.min(TALLEST, tall)}px`;
    this.#canvas.setAttribute('aria-label', this.#inWords(last - first));
    fill(body, el('div', { class: 'holder' }, this.#scroller, this.#tip));
    fill(tools, ...this.#buttons());
    this.#listen(body);
    this.#draw();
  }

  #inWords(ms: number): string {
    const bars = this.#lanes.reduce((sum, lane) => sum + lane.bars.length, 0);
    return `Timeline of ${bars} attempts over ${formatMs(ms)}. The table of task runs below says the same in words. Plus and minus zoom, arrows move, 0 shows all.`;
  }

  #buttons(): readonly HTMLElement[] {
    const button = (text: string, said: string, press: () => void): HTMLElement =>
      el('button', { type: 'button', 'aria-label': said, title: said, onclick: press }, text);
    return [
      el('span', { class: 'faint hint-text' }, 'Ctrl + wheel zooms, drag moves'),
      button('−', 'Zoom out', () => this.#scale.zoom(1.6)),
      button('+', 'Zoom in', () => this.#scale.zoom(1 / 1.6)),
      button('Fit', 'Show the whole run', () => this.#scale.fit()),
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
        if (event.ctrlKey || event.metaKey) this.#scale.zoom(Math.exp(event.deltaY / 300), this.#scale.timeAt(event.offsetX));
        else this.#scale.move(this.#scale.timeOf(event.deltaX));
      },
      { passive: false },
    );
    this.#listenToPointer();
    canvas.addEventListener('keydown', (event) => this.#press(event));
  }

  #listenToPointer(): void {
    const canvas = this.#canvas;
    let drag: { x: number; y: number; from: number; top: number; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, from: this.#scale.from, top: this.#scroller.scrollTop, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (drag === undefined) return this.#point(event.offsetX, event.offsetY);
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      drag.moved = true;
      const from = drag.from - this.#scale.timeOf(dx);
      this.#scale.show(from, from + this.#scale.span);
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
    canvas.addEventListener('dblclick', (event) => this.#scale.zoom(0.4, this.#scale.timeAt(event.offsetX)));
  }

  #press(event: KeyboardEvent): void {
    const step = this.#scale.span * 0.15;
    const deeds: Readonly<Record<string, () => void>> = {
      '+': () => this.#scale.zoom(1 / 1.6),
      '=': () => this.#scale.zoom(1 / 1.6),
      '-': () => this.#scale.zoom(1.6),
      '0': () => this.#scale.fit(),
      ArrowLeft: () => this.#scale.move(-step),
      ArrowRight: () => this.#scale.move(step),
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
      const [left, right] = [this.#scale.xOf(bar.start), Math.max(this.#scale.xOf(bar.end), this.#scale.xOf(bar.start) + NARROWEST)];
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
    const sizes = { width, height, gutter: this.#gutter };
    drawTimeline({ brush, inks: this.#inks, scale: this.#scale, chosen: this.#choice.place, ...sizes }, this.#lanes, this.#scroller.scrollTop);
  }
}
