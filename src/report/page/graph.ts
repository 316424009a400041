import type { Choice } from './choice.js';
import { el, fill, part } from './dom.js';
import type { RunModel } from './run-model.js';

const TALLEST = 620;
const LEAST_HEIGHT = 140;
/** With more boxes than this, the way through them by the Tab key would be no help. */
const TAB_STOPS = 300;

interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Moves and zooms the drawing that is in the page already, and makes its boxes buttons. */
export function graph(model: RunModel, choice: Choice, filterText: (text: string) => void): void {
  const place = part('graph');
  const holder = place?.body.querySelector<HTMLElement>('.graph');
  const drawing = holder?.querySelector('svg');
  if (!place || !holder || !drawing) return;
  const whole = boundsOf(drawing);
  drawing.removeAttribute('width');
  drawing.removeAttribute('height');
  holder.style.height = `${Math.max(LEAST_HEIGHT, Math.min(TALLEST, whole.height))}px`;
  let view = whole;

  const show = (next: View): void => {
    view = next;
    drawing.setAttribute('viewBox', `${next.x} ${next.y} ${next.width} ${next.height}`);
  };
  /** All of it, but never larger than life. */
  const showAll = (): void => {
    const [wide, tall] = [holder.clientWidth || whole.width, holder.clientHeight || whole.height];
    const scale = Math.min(1, wide / whole.width, tall / whole.height);
    const [width, height] = [wide / scale, tall / scale];
    show({ x: whole.x - (width - whole.width) / 2, y: whole.y - (height - whole.height) / 2, width, height });
  };
  const zoom = (factor: number, at = { x: 0.5, y: 0.5 }): void => {
    const held = Math.min(Math.max(factor, 60 / view.width), (whole.width * 4) / view.width);
    show({
      x: view.x + view.width * at.x * (1 - held),
      y: view.y + view.height * at.y * (1 - held),
      width: view.width * held,
      height: view.height * held,
    });
  };

  const button = (text: string, said: string, press: () => void): HTMLElement =>
    el('button', { type: 'button', 'aria-label': said, title: said, onclick: press }, text);
  fill(
    place.tools,
    el('span', { class: 'faint hint-text' }, 'Ctrl + wheel zooms, drag moves'),
    button('−', 'Zoom out', () => zoom(1.4)),
    button('+', 'Zoom in', () => zoom(1 / 1.4)),
    button('Fit', 'Show the whole graph', showAll),
  );
  let known = 0;
  new ResizeObserver(() => {
    if (holder.clientWidth === known) return;
    known = holder.clientWidth;
    showAll();
  }).observe(holder);
  holder.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = holder.getBoundingClientRect();
      zoom(Math.exp(event.deltaY / 300), { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
    },
    { passive: false },
  );
  const wasDragged = draggable(holder, () => view, show);
  holder.addEventListener('dblclick', () => zoom(0.5));
  showAll();
  boxes(model, choice, drawing, filterText, wasDragged);
}

function boundsOf(drawing: SVGSVGElement): View {
  const [x = 0, y = 0, width = 100, height = 100] = (drawing.getAttribute('viewBox') ?? '').split(/\s+/).map(Number);
  // The flow's name stands over the page already.
  const title = drawing.querySelector(':scope > text[font-weight="bold"]');
  if (title === null) return { x, y, width, height };
  const above = Number(title.getAttribute('y')) + 4;
  title.remove();
  return Number.isFinite(above) && above < height ? { x, y: y + above, width, height: height - above } : { x, y, width, height };
}

/** Gives whether the pointer has just dragged: then its release is no click. */
function draggable(holder: HTMLElement, viewOf: () => View, show: (view: View) => void): () => boolean {
  let drag: { x: number; y: number; view: View } | undefined;
  let moved = false;
  holder.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    drag = { x: event.clientX, y: event.clientY, view: viewOf() };
    moved = false;
  });
  window.addEventListener('pointermove', (event) => {
    if (drag === undefined) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!moved && Math.hypot(dx, dy) < 4) return;
    moved = true;
    holder.classList.add('dragged');
    const scale = drag.view.width / (holder.clientWidth || 1);
    show({ ...drag.view, x: drag.view.x - dx * scale, y: drag.view.y - dy * scale });
  });
  const end = (): void => {
    drag = undefined;
    holder.classList.remove('dragged');
  };
  window.addEventListener('pointerup', end);
  window.addEventListener('pointercancel', end);
  return () => moved;
}

/** A box of one task run shows that; a box of many shows them in the table. */
function boxes(model: RunModel, choice: Choice, drawing: SVGSVGElement, filterText: (text: string) => void, wasDragged: () => boolean): void {
  const found = [...drawing.querySelectorAll<SVGGElement>('g[data-node]')].filter((box) => box.getAttribute('data-node') !== '');
  const byPlace = new Map<number, SVGGElement>();
  for (const box of found) {
    const place = model.placeOf(box.getAttribute('data-node') ?? '');
    if (place === undefined) continue;
    byPlace.set(place, box);
    const lines = box.querySelector('title')?.textContent?.split('\n') ?? [];
    const many = lines[0]?.includes(' … ') === true && lines[0] !== model.id(place);
    const press = (): void => (many ? filterText(model.task(place)) : choice.choose(place));
    box.setAttribute('role', 'button');
    box.setAttribute('aria-label', lines.slice(0, 3).join(', '));
    if (found.length <= TAB_STOPS) box.setAttribute('tabindex', '0');
    box.addEventListener('click', (event) => {
      event.stopPropagation();
      if (!wasDragged()) press();
    });
    box.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      press();
    });
  }
  let marked: SVGGElement | undefined;
  choice.listen((place) => {
    marked?.classList.remove('chosen');
    const shown = place === undefined ? undefined : (byPlace.get(place) ?? byPlace.get(model.mapAround(place)));
    shown?.classList.add('chosen');
    marked = shown;
  });
  drawing.setAttribute('role', 'group');
}
