import { BY_URGENCY } from '../graph/draw/palette.js';
import { type RunState, TASK_STATE_CODE, type TaskState } from '../model/states.js';

/** A sign beside each state's name, so that no state is told by its colour alone. */
export const STATE_SIGNS: Readonly<Record<TaskState | RunState, string>> = {
  pending: '○',
  queued: '○',
  running: '●',
  retrying: '↻',
  paused: '‖',
  success: '✓',
  cached: '≡',
  skipped: '–',
  failed: '✕',
  'upstream-failed': '↑',
  cancelled: '■',
  'timed-out': '◷',
  crashed: '✕',
};

/** In the order in which people look for them. */
export const STATES_BY_URGENCY: readonly TaskState[] = BY_URGENCY.filter((tone): tone is TaskState => tone in TASK_STATE_CODE);
