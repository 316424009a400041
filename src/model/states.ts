/** The states of a run and of a task run (rule S10), and which of them are final. */
export const RUN_STATES = ['pending', 'running', 'paused', 'success', 'failed', 'cancelled', 'timed-out', 'crashed'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** A state's place in this list is its code wherever states are packed into numbers: only ever append. */
export const TASK_STATES = [
  'pending',
  'queued',
  'running',
  'retrying',
  'paused',
  'success',
  'cached',
  'skipped',
  'failed',
  'upstream-failed',
  'cancelled',
  'timed-out',
  'crashed',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const FINAL_RUN_STATES: ReadonlySet<RunState> = new Set<RunState>(['success', 'failed', 'cancelled', 'timed-out', 'crashed']);

/** This and all after it are final. */
export const FIRST_FINAL_TASK_STATE = TASK_STATES.indexOf('success');

/** Codes: places in `TASK_STATES`. */
export const TASK_STATE_CODE = Object.freeze(Object.fromEntries(TASK_STATES.map((state, code) => [state, code]))) as Readonly<
  Record<TaskState, number>
>;

export function isFinalTaskCode(code: number): boolean {
  return code >= FIRST_FINAL_TASK_STATE;
}

export function isFinalTaskState(state: TaskState): boolean {
  return isFinalTaskCode(TASK_STATE_CODE[state]);
}
