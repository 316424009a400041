import type { TaskState } from '../../model/states.js';
import { TASK_STATES } from '../../model/states.js';
import { STATES_BY_URGENCY } from '../state-signs.js';
import type { RunModel } from './run-model.js';

export type SortKey = 'order' | 'id' | 'state' | 'start' | 'took' | 'tries';

export interface TableQuery {
  /** Parts of the id, the label, the reason or the error, all of which must be there; case does not count. */
  readonly text: string;
  readonly state: TaskState | undefined;
  /** Children of maps only where their map was opened, or something was searched for. */
  readonly folded: boolean;
  readonly opened: ReadonlySet<number>;
  readonly key: SortKey;
  readonly down: boolean;
}

/** The places of the task runs that a table shows, in its order: children of an opened map under their map. */
export function orderedTasks(model: RunModel, query: TableQuery): readonly number[] {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const state = query.state === undefined ? -1 : TASK_STATES.indexOf(query.state);
  const searching = words.length > 0 || state >= 0;
  const folded = query.folded && !searching;
  const places: number[] = [];
  for (let place = 0; place < model.count; place++) {
    if (folded && model.mapAround(place) >= 0) continue;
    if (state >= 0 && model.data.tasks.state[place] !== state) continue;
    if (words.length === 0 || matches(model, place, words)) places.push(place);
  }
  const compare = comparison(model, query);
  places.sort(compare);
  return folded && query.opened.size > 0 ? withChildren(model, places, query.opened, compare) : places;
}

function matches(model: RunModel, place: number, words: readonly string[]): boolean {
  const text = [model.id(place), model.task(place), model.label(place), model.state(place), model.why(place), model.errorMessage(place)]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function withChildren(
  model: RunModel,
  places: readonly number[],
  opened: ReadonlySet<number>,
  compare: (a: number, b: number) => number,
): readonly number[] {
  const all: number[] = [];
  const waiting = places.toReversed();
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    all.push(place);
    if (!opened.has(place)) continue;
    for (const child of model.children(place).toSorted(compare).reverse()) waiting.push(child);
  }
  return all;
}

function comparison(model: RunModel, { key, down }: TableQuery): (a: number, b: number) => number {
  const sign = down ? -1 : 1;
  const by: Record<SortKey, (a: number, b: number) => number> = {
    order: () => 0,
    id: (a, b) => model.id(a).localeCompare(model.id(b), 'en', { numeric: true }),
    state: (a, b) => STATES_BY_URGENCY.indexOf(model.state(a)) - STATES_BY_URGENCY.indexOf(model.state(b)),
    start: (a, b) => (model.start(a) ?? Number.MAX_VALUE) - (model.start(b) ?? Number.MAX_VALUE),
    took: (a, b) => (model.took(a) ?? -1) - (model.took(b) ?? -1),
    tries: (a, b) => (model.data.tasks.tries[a] ?? 0) - (model.data.tasks.tries[b] ?? 0),
  };
  // Equal ones stay in the order in which they were called, a map's children with their map.
  const outer = (place: number): number => (model.mapAround(place) >= 0 ? model.mapAround(place) : place);
  const called = (a: number, b: number): number => outer(a) - outer(b) || a - b;
  return key === 'order' ? (a, b) => sign * called(a, b) : (a, b) => sign * by[key](a, b) || called(a, b);
}
