import type { NotificationOccasion } from '../model/notification.js';
import type { RunState } from '../model/states.js';
import type { TaskError } from '../model/task-error.js';

/** What there is to tell, as it was at that moment. */
export interface Told {
  readonly occasion: NotificationOccasion;
  readonly at: number;
  readonly state: RunState;
  readonly counts: Readonly<Record<string, number>>;
  readonly failures: readonly TaskError[];
  readonly error?: unknown;
  readonly deadline?: number;
  readonly dueAt?: number;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number;
  readonly task?: { readonly id: string; readonly attempts: number; readonly error: unknown };
}
