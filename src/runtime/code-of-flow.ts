import { valueDigest } from '../base/canonical.js';
import { createTaskCode, type TaskCode } from '../code/task-code.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { taughtForm } from '../results/class-registry.js';

/** The code of the tasks of one run. */
export function codeOfFlow({ code }: FlowDefinition): TaskCode {
  return createTaskCode({ flow: code, digestOf });
}

function digestOf(value: unknown): string | undefined {
  try {
    return valueDigest(value, taughtForm);
  } catch {
    // A function, an instance of a class that was not taught: who captures one has to say a version.
    return undefined;
  }
}
