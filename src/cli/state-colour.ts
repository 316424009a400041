import type { RunState, TaskState } from '../model/states.js';
import type { Colours } from './colours.js';

type Paint = 'green' | 'cyan' | 'red' | 'yellow' | 'dim' | 'blue';

const PAINT: Readonly<Record<RunState | TaskState, Paint>> = {
  pending: 'dim',
  queued: 'dim',
  running: 'blue',
  retrying: 'yellow',
  paused: 'yellow',
  success: 'green',
  cached: 'cyan',
  skipped: 'dim',
  failed: 'red',
  'upstream-failed': 'yellow',
  cancelled: 'yellow',
  'timed-out': 'red',
  crashed: 'red',
};

/** The name of a state, in its colour. */
export function paintState(state: RunState | TaskState, colours: Colours): string {
  return colours[PAINT[state]](state);
}
