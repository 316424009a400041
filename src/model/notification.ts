import type { Duration } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import type { RunState, TaskState } from './states.js';

/**
 * What is told of: `retry` that it failed and is tried again, `deadline` that a run still goes on past its `deadline`, `late` that it started long
 * after it was due, `crash` that its process is gone. A run that was out of time has failed.
 */
export type NotificationOccasion = 'success' | 'failure' | 'cancel' | 'retry' | 'deadline' | 'late' | 'crash';

/**
 * What a service tells of itself, to whom `serve({ notify })` names: `broken-file` that a flow file could not be loaded, `refused` that a run which was
 * due will never start, `trouble` that a step of its work fails since a minute.
 */
export type ServiceOccasion = 'broken-file' | 'refused' | 'trouble';

const RUN_OCCASIONS: readonly NotificationOccasion[] = ['success', 'failure', 'cancel', 'retry', 'deadline', 'late', 'crash'];
const SERVICE_OCCASIONS: readonly ServiceOccasion[] = ['broken-file', 'refused', 'trouble'];
const OCCASIONS: readonly string[] = [...RUN_OCCASIONS, ...SERVICE_OCCASIONS];

/** Of notifications that do not say. */
const DEFAULT_OCCASIONS: NonNullable<Notification['on']> = ['failure', 'deadline', 'crash', ...SERVICE_OCCASIONS];

/** An error as it is sent: no stack, no secrets, and not without end. */
export interface NotifiedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** A task run, as far as it is told of. */
export interface NotifiedTask {
  /** Such as `clean#2`. */
  readonly id: string;
  readonly attempts: number;
  readonly state?: TaskState;
  readonly error?: NotifiedError;
}

/** What is told: plain data, secrets masked. Times are texts as `Date.toISOString` gives them. */
export interface NotificationEvent {
  /** The same whenever the same is told, so that whoever gets it twice can tell. */
  readonly id: string;
  readonly event: NotificationOccasion;
  /** When it happened. */
  readonly at: string;
  /** One sentence for people. */
  readonly text: string;
  readonly flow: string;
  readonly run: string;
  /** Of the run, where it has one. */
  readonly name?: string;
  readonly state: RunState;
  /** As the record has them: a secret is `***`. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly error?: NotifiedError;
  /** The time that the run stands for, where it was given one. */
  readonly scheduledTime?: string;
  /** When it was to have ended: with `deadline`. */
  readonly deadline?: string;
  /** When it was to have started: with `late`. */
  readonly dueAt?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** How many task runs ended how, up to now. */
  readonly counts: Readonly<Partial<Record<TaskState, number>>>;
  /** Task runs that failed by themselves, at most 50 of them; `counts` knows how many there are. */
  readonly failed: readonly NotifiedTask[];
  /** The one that is told of, where it is a task's notification. */
  readonly task?: NotifiedTask;
}

/** What a service tells of itself. Of a run it has what is known: of one that was refused, its flow and its id. */
export interface ServiceNews extends Partial<Omit<NotificationEvent, 'id' | 'event' | 'at' | 'text'>> {
  /** The same for every try, so that whoever gets it twice can tell. */
  readonly id: string;
  readonly event: ServiceOccasion;
  readonly at: string;
  /** One sentence for people. */
  readonly text: string;
  /** Where its flow files are. */
  readonly folder: string;
  /** Its machine. */
  readonly host: string;
  /** With `broken-file`: relative to the folder. */
  readonly file?: string;
}

/** One try at delivering. */
export interface Delivery {
  /** From 1. */
  readonly attempt: number;
  /** Aborted when the try takes longer than its `timeout`. */
  readonly signal: AbortSignal;
}

/**
 * A place where it is told what became of a run or a task: what `webhook`, `email` and `shellNotification` make, or an object of your own. What it
 * throws is tried again, with growing delays, unless it is a `Fail`; nothing of it ever fails a run.
 */
export interface Notification {
  /** For logs: it must hold no secret. @default 'a notification' */
  readonly name?: string;
  /** What is told; of a service's own news, by services alone. @default ['failure', 'deadline', 'crash', 'broken-file', 'refused', 'trouble'] */
  readonly on?: readonly (NotificationOccasion | ServiceOccasion)[];
  /** Tries after the first. @default 4 */
  readonly retries?: number;
  /** For one try. @default '10s' */
  readonly timeout?: Duration;
  /** For all tries, and the waits between them; so long the process stays for it at most. @default '30s' */
  readonly within?: Duration;
  notify(event: NotificationEvent, delivery: Delivery): void | Promise<void>;
}

/** A place where a service tells what becomes of its runs, and of itself. One of a flow does, too: what `webhook`, `email` and `shellNotification` make. */
export interface ServiceNotification extends Omit<Notification, 'notify'> {
  notify(event: NotificationEvent | ServiceNews, delivery: Delivery): void | Promise<void>;
}

/** Whether it wants to be told. */
export function wants({ on = DEFAULT_OCCASIONS }: Pick<Notification, 'on'>, occasion: NotificationOccasion | ServiceOccasion): boolean {
  return on.includes(occasion);
}

/** For logs. */
export function notificationName({ name = 'a notification' }: Pick<Notification, 'name'>): string {
  return name;
}

/** One or several, checked. @throws MillraceError with `code` */
export function checkNotifications(given: unknown, code: string, whose: string): readonly Notification[] {
  const list = [given].flat() as readonly unknown[];
  for (const one of list) {
    const { notify, on } = (typeof one === 'object' && one !== null ? one : {}) as { readonly notify?: unknown; readonly on?: unknown };
    if (typeof notify !== 'function')
      throw new MillraceError(code, `expected 'notify'${whose} to be what webhook(…), email(…) or shellNotification(…) makes; got ${describe(one)}`, {
        hint: 'One of your own is an object with a method: { notify(event) { … } }.',
      });
    checkOccasions(on, code);
  }
  return Object.freeze([...list]) as readonly Notification[];
}

/** @throws MillraceError with `code` */
export function checkOccasions(on: unknown, code: string): void {
  const isList = Array.isArray(on) && on.length > 0 && on.every((one) => OCCASIONS.includes(one));
  if (on === undefined || isList) return;
  const known = OCCASIONS.map((one) => `'${one}'`).join(', ');
  throw new MillraceError(code, `expected 'on' of a notification to be a list of ${known}; got ${describe(on)}`);
}
