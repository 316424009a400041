import type { RunModel } from './run-model.js';

/** One attempt, or the moment at which a task run was settled without one. Times in milliseconds from the beginning of the run's row. */
export interface Bar {
  readonly task: number;
  /** Row of `data.attempts`, or -1. */
  readonly attempt: number;
  readonly waitFrom: number;
  readonly start: number;
  readonly end: number;
  /** Place in `TASK_STATES`. */
  readonly state: number;
}

/** One line of a timeline. Its bars follow each other. */
export interface Lane {
  /** What it says at its side: on the first lane of a group. */
  readonly title: string | undefined;
  /** The task run it is about, where it is about one: a map's, for the lanes of its children. */
  readonly task: number | undefined;
  readonly bars: readonly Bar[];
  /** Whether waiting is drawn: where many share a lane there is no room for it. */
  readonly waits: boolean;
}

/** From so many calls of one task on, they share lanes. */
const SHARED_FROM = 9;

/**
 * The attempts of a run on as few lanes as tell the tale: a lane for each task run, but the children of a map, and the calls of a task that was
 * called often, packed together, so that as many lanes are taken as ran side by side.
 */
export function lanesOf(model: RunModel): readonly Lane[] {
  const groups = groupsOf(model);
  const ordered = [...groups.values()].map((group) => ({ group, first: firstOf(group.bars) })).sort((a, b) => a.first - b.first);
  return ordered.flatMap(({ group }) => packed(group));
}

interface Group {
  readonly title: string;
  readonly task: number | undefined;
  readonly shared: boolean;
  readonly bars: Bar[];
}

function groupsOf(model: RunModel): ReadonlyMap<string, Group> {
  const calls = new Map<string, number>();
  for (let place = 0; place < model.count; place++) {
    if (model.mapAround(place) < 0) calls.set(model.task(place), (calls.get(model.task(place)) ?? 0) + 1);
  }
  const groups = new Map<string, Group>();
  for (let place = 0; place < model.count; place++) {
    const bars = barsOf(model, place);
    if (bars.length === 0) continue;
    const map = model.mapAround(place);
    const task = model.task(place);
    const often = (calls.get(task) ?? 0) >= SHARED_FROM;
    const key = map >= 0 ? `map ${map}` : often ? `task ${task}` : `one ${place}`;
    const group = groups.get(key) ?? newGroup(model, map >= 0 ? map : often ? undefined : place, task, map >= 0 || often);
    groups.set(key, group);
    for (const bar of bars) group.bars.push(bar);
  }
  return groups;
}

function newGroup(model: RunModel, place: number | undefined, task: string, shared: boolean): Group {
  const title = place === undefined ? `${task} (all)` : model.isMap(place) ? `${model.id(place)} ×${model.children(place).length}` : model.id(place);
  return { title, task: place, shared, bars: [] };
}

function barsOf(model: RunModel, place: number): readonly Bar[] {
  const { tasks, attempts } = model.data;
  const rows = model.attempts(place);
  if (rows.length === 0) {
    // What holds others is told by their bars.
    if (model.children(place).length > 0) return [];
    const at = tasks.end[place] ?? tasks.start[place];
    const created = tasks.created[place] as number;
    if (at === null || at === undefined)
      return [{ task: place, attempt: -1, waitFrom: created, start: model.end, end: model.end, state: tasks.state[place] as number }];
    return [{ task: place, attempt: -1, waitFrom: at, start: at, end: at, state: tasks.state[place] as number }];
  }
  let before = attempts.queued[rows[0] as number] as number;
  return rows.map((row) => {
    const start = attempts.start[row] as number;
    const end = attempts.end[row] ?? model.end;
    const bar = {
      task: place,
      attempt: row,
      waitFrom: Math.min(before, start),
      start,
      end: Math.max(start, end),
      state: attempts.state[row] as number,
    };
    before = bar.end;
    return bar;
  });
}

function firstOf(bars: readonly Bar[]): number {
  return bars.reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY);
}

/** Each bar goes to the first lane that is free again. */
function packed({ title, task, shared, bars }: Group): readonly Lane[] {
  if (!shared) return [{ title, task, bars, waits: true }];
  const sorted = bars.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const lanes: { end: number; bars: Bar[] }[] = [];
  for (const bar of sorted) {
    const free = lanes.find(({ end }) => end <= bar.start);
    if (free === undefined) lanes.push({ end: bar.end, bars: [bar] });
    else {
      free.bars.push(bar);
      free.end = bar.end;
    }
  }
  return lanes.map((lane, at) => ({ title: at === 0 ? title : undefined, task, bars: lane.bars, waits: false }));
}

const STEPS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000];
const LONG_STEPS: readonly number[] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440].map((minutes) => minutes * 60_000);

/** Milliseconds between two marks of an axis: a number that people count in, and at least `least`. */
export function tickStep(least: number): number {
  if (least <= 1) return 10 ** Math.ceil(Math.log10(Math.max(least, 0.001)));
  return [...STEPS, ...LONG_STEPS].find((step) => step >= least) ?? Math.ceil(least / 86_400_000) * 86_400_000;
}
