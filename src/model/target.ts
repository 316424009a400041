import type { TargetTemplate } from './target-template.js';

/**
 * An address of the user's choice that is no file: a table of a database, say (S26). It is complete when its task is recorded with the same
 * cache key and `exists()` says yes.
 */
// biome-ignore lint/suspicious/noExplicitAny: as a serializer, a target of anything must accept a target of something
export interface Target<R = any> {
  /** What kind of place it is: `sqlite`, `postgres`. */
  readonly scheme: string;
  /** What it is called in records and drawings, without credentials; two targets of one address are one place. @default the scheme and the task's name */
  readonly address?: string;
  /** For the type checker only. */
  readonly __r?: R;
  exists(): Promise<boolean>;
  /** What downstream tasks get, also when it has just been written (S16). */
  read(): Promise<R>;
  /** Whole or not at all: a reader sees what was there before, or what is there now. */
  write(value: R): Promise<void>;
}

/** Where a task's result shall lie, as the engine reads it. */
export type TaskTarget =
  | {
      readonly kind: 'template';
      readonly template: TargetTemplate;
      /** Values of the flow's parameters in it, by name; filled in when the call is registered. */
      readonly params: Readonly<Record<string, unknown>>;
    }
  // biome-ignore lint/suspicious/noExplicitAny: functions of every signature
  | { readonly kind: 'function'; readonly of: (...args: any[]) => string }
  | { readonly kind: 'custom'; readonly target: Target };

/** Data made by others: looked for, never computed. */
export interface External {
  /** Milliseconds from one look to the next. */
  readonly pollMs: number;
  /** Milliseconds until the wait is given up. @default none */
  readonly timeoutMs: number | undefined;
}

/** Whether the address cannot be told without the values of the arguments. */
export function asksForInputs(target: TaskTarget): boolean {
  if (target.kind === 'template') return target.template.pieces.some((piece) => typeof piece !== 'string' && piece.kind === 'input');
  return target.kind === 'function';
}

/** What a target of no path is known by. */
export function customAddress({ scheme, address }: Target, task: string): string {
  return address ?? `${scheme}:${task}`;
}
