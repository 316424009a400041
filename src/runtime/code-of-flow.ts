import { join } from 'node:path';
import { valueDigest } from '../base/canonical.js';
import { createTaskCode, type TaskCode } from '../code/task-code.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { taughtForm } from '../results/class-registry.js';
import type { Project } from './project.js';

/** The code of the tasks of one run. What is found out about it is kept in the project folder for the next one. */
export function codeOfFlow({ code }: FlowDefinition, { home, lasting }: Pick<Project, 'home' | 'lasting'>): TaskCode {
  return createTaskCode({ flow: code, digestOf, books: lasting ? join(home, 'code') : undefined });
}

function digestOf(value: unknown): string | undefined {
  try {
    return valueDigest(value, taughtForm);
  } catch {
    // A function, an instance of a class that was not taught: who captures one has to say a version.
    return undefined;
  }
}
