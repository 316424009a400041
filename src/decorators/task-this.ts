import { valueDigest } from '../base/canonical.js';
import { MillraceError } from '../base/error.js';
import { isThenable } from '../base/thenable.js';
import { scopes } from '../flow/scope.js';
import { visitReferences } from '../graph/references.js';
import { registerClass, taughtForm } from '../results/class-registry.js';
import type { Code } from './class-chain.js';
import { dataFields } from './instance-fields.js';

/** How much of its instance counts for a task. */
export interface ThisUse {
  readonly taskName: string;
  /** Names of the fields that the method may read; undefined: any. */
  readonly fields: ReadonlySet<string> | undefined;
  /**
   * - `strict`: every field that the method may read counts in cache keys; one without a digest means no reuse
   * - `lenient`: the author answers with a `version`; fields without a digest do not count
   * - `none`: the method cannot be judged, so there is no reuse
   */
  readonly keys: 'strict' | 'lenient' | 'none';
}

/**
 * `this` as the first input of a class task. Its value for cache keys are the fields that the method may read, as they were when the task
 * was called. The method gets the instance itself; should one of these fields have changed by then, or should the method change one,
 * the task fails: a result that is reused would be the wrong one, or would leave the field unset.
 */
export class TaskThis {
  readonly #instance: object;
  readonly #use: ThisUse;
  readonly #fields: ReadonlyMap<string, unknown>;
  #hasUnknown = false;

  /** @throws MillraceError `FUTURE_MISPLACED` for a field, among those that the method may read, that holds a future */
  constructor(instance: object, use: ThisUse) {
    this.#instance = instance;
    this.#use = use;
    this.#fields = dataFields(instance, use.fields);
    this.#refuseFutures();
  }

  /** Calls a method on the instance. @throws MillraceError `INSTANCE_CHANGED` */
  call(method: Code, args: readonly unknown[]): unknown {
    this.#refuseChanges('since it was called');
    const returned = Reflect.apply(method, this.#instance, args);
    if (isThenable(returned)) {
      return returned.then((value) => {
        this.#refuseChanges('while it ran');
        return value;
      });
    }
    this.#refuseChanges('while it ran');
    return returned;
  }

  /** What counts in cache keys. Throws where there is no reuse: a value without a digest. */
  form(): Readonly<Record<string, unknown>> {
    const { keys, taskName } = this.#use;
    if (keys === 'none' || this.#hasUnknown) throw new MillraceError('VALUE_NOT_CANONICAL', `'this' of task '${taskName}' has no digest`);
    const counting = [...this.#fields].filter(([, value]) => keys === 'strict' || hasDigest(value));
    return Object.fromEntries(counting);
  }

  /** In a trace, a parameter that was not given is a placeholder: nothing to refuse, and nothing that has a digest. */
  #refuseFutures(): void {
    const names = [...this.#fields.keys()].map((name) => `this.${name}`);
    const isTrace = scopes.getStore()?.context.tracing === true;
    visitReferences([...this.#fields.values()], names, (_future, position) => {
      if (!isTrace) throw futureInField(this.#use.taskName, names[position] as string);
      this.#hasUnknown = true;
    });
  }

  #refuseChanges(when: string): void {
    const now = dataFields(this.#instance, this.#use.fields);
    for (const name of new Set([...this.#fields.keys(), ...now.keys()])) {
      if (Object.is(this.#fields.get(name), now.get(name)) && this.#fields.has(name) === now.has(name)) continue;
      throw new MillraceError('INSTANCE_CHANGED', `expected 'this.${name}' to stay as it was for task '${this.#use.taskName}'; it changed ${when}`, {
        hint: 'A task may read its instance, not change it: pass what changes as an argument, and return what the task makes.',
      });
    }
  }
}

registerClass(TaskThis, {
  name: 'millrace.this',
  encode: (self) => self.form(),
  decode: () => {
    throw new MillraceError('TASK_NOT_PORTABLE', 'expected a task of a module; a task of an instance runs only in the process of its flow');
  },
});

function futureInField(task: string, field: string): MillraceError {
  return new MillraceError('FUTURE_MISPLACED', `expected task '${task}' to get futures as arguments; '${field}', which it may read, holds one`, {
    hint: 'Pass the future as an argument, or await it before it is put into the field.',
  });
}

function hasDigest(value: unknown): boolean {
  try {
    valueDigest(value, taughtForm);
    return true;
  } catch {
    return false;
  }
}
