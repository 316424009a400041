import { TASK_STATES } from '../../model/states.js';
import { el } from './dom.js';

/** The page's colours, for what is drawn on a canvas, which knows no style sheet. */
export interface Inks {
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly page: string;
  readonly wait: string;
  readonly chosen: string;
  readonly font: string;
  /** By place in `TASK_STATES`. */
  readonly states: readonly string[];
}

export function inksOf(place: HTMLElement): Inks {
  const style = getComputedStyle(place);
  const ink = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: ink('--text'),
    faint: ink('--faint'),
    line: ink('--line'),
    page: ink('--card'),
    wait: ink('--wait'),
    chosen: ink('--chosen'),
    font: `12px ${style.fontFamily}`,
    states: stateInks(place),
  };
}

function stateInks(place: HTMLElement): readonly string[] {
  const probe = el('i', { hidden: true });
  place.append(probe);
  const inks = TASK_STATES.map((state) => {
    probe.setAttribute('data-state', state);
    return getComputedStyle(probe).getPropertyValue('--solid').trim();
  });
  probe.remove();
  return inks;
}
