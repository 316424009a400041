import { createLines } from '../log/lines.js';
import type { LogLevel, RunEvent } from '../model/event.js';
import type { WatchedRun } from '../runtime/run-watch.js';

type Lines = (event: RunEvent) => readonly string[];

/** The end of an id, which tells apart what started in the same second. */
const ID_END = 6;

/**
 * Makes the lines of the runs that a run started. Each begins with the run's name, or that of its flow; where two would be called alike, the
 * later one has the end of its id with it, which its first line gives in full.
 */
export function childrenLines(options: {
  readonly colour: boolean;
  readonly level?: LogLevel;
}): (event: RunEvent, child: WatchedRun) => readonly string[] {
  const known = new Map<string, Lines>();
  const taken = new Set<string>();
  const linesOf = ({ run, flow, name = flow }: WatchedRun): Lines => {
    const prefix = taken.has(name) ? `${name} ${run.slice(-ID_END)}` : name;
    taken.add(name);
    return createLines({ ...options, run, flow, prefix });
  };
  return (event, child) => {
    const lines = known.get(child.run) ?? linesOf(child);
    known.set(child.run, lines);
    return lines(event);
  };
}
