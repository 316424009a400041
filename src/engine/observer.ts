import type { CheckResult } from '../model/check.js';
import type { LogLevel } from '../model/event.js';
import type { FileRead } from '../model/file-read.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow, InputDigest } from '../model/records.js';
import type { TaskState } from '../model/states.js';
import type { TaskError } from '../model/task-error.js';
import type { Kept } from '../results/result-keeper.js';

/** What may be asked of a node at the moment it settles; each is worked out only when asked for. */
export interface SettledNode {
  readonly state: TaskState;
  /** A map that has its children: they tell what became of it. */
  readonly isSplit: boolean;
  /** Milliseconds since the epoch; undefined when no attempt was made. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number;
  /** A readable name, when the task has a naming function and was executed. */
  readonly label: string | undefined;
  /** How many were made. */
  readonly attempts: number;
  /** When the first of several attempts began. */
  readonly firstStartedAt: number | undefined;
  readonly checks: readonly CheckResult[] | undefined;
  readonly key: string | undefined;
  /** The key that was claimed for it, whatever has become of it (S24). */
  readonly claimed: string | undefined;
  readonly reason: Reason | undefined;
  readonly error: TaskError | undefined;
  /** The freshly stored result. */
  readonly kept: Kept | undefined;
  /** What it asked the file system, where its result may be reused. */
  readonly reads: readonly FileRead[] | undefined;
  /** Called when it is recorded: hooks. */
  readonly afterwards: (() => void) | undefined;
  readonly inputs: () => Readonly<Record<string, InputDigest>> | undefined;
}

/** A node that an earlier result stands for. */
export interface ReusedNode {
  readonly origin: CacheEntryRow;
  /** Undefined: it was no answer to a key. */
  readonly key: string | undefined;
  /** As of `SettledNode`. */
  readonly claimed: string | undefined;
  readonly finishedAt: number;
  readonly inputs: Readonly<Record<string, InputDigest>> | undefined;
}

/** Is told, in order, what happens to each node. The engine does not know who listens: the record, events, or nobody. */
export interface Observer {
  /** False while nobody wants to know of nodes that reuse has nothing to do with: `registered` and `moved` are not called then, nor `settled` for those. */
  readonly listens: boolean;
  registered(node: number): void;
  /** A move to a state that is not final. `reason`: of a first attempt that starts. */
  moved(node: number, state: TaskState, attempt: number, reason?: Reason): void;
  /** Its arguments are still there: they are dropped afterwards. */
  settled(node: number, facts: SettledNode): void;
  /** As `settled`, of a node that was answered before anything was done about it. */
  reused(node: number, facts: ReusedNode): void;
  /** How far a task says it is, from 0 to 1. */
  progress(node: number, attempt: number, fraction: number, message: string | undefined): void;
  /** An attempt ended in vain; another will be made. */
  retrying(node: number, attempt: number, startedAt: number, endedAt: number, thrown: unknown, delayMs: number): void;
  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void;
  /** An attempt's code has ended: what it printed without a line end is a line now. */
  attemptEnded(output: object): void;
}
