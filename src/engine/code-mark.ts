import { digest128 } from '../base/digest.js';
import { functionTextDigest } from '../code/function-text.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { inputDigests } from './inputs.js';

const marks = new WeakMap<TaskDefinition, string>();

/**
 * What tells that a task's code has changed where no key does: its `version`, else the text of its function, and what it captures. Cheap enough
 * to be taken of every task that runs; what its function calls is not looked at.
 */
export function codeMark(definition: TaskDefinition): string {
  let mark = marks.get(definition);
  if (mark === undefined) {
    const { version, fn, captures } = definition;
    const captured = captures === undefined ? '' : (inputDigests([captures], ['captures'], () => undefined)?.captures?.digest ?? '?');
    mark = digest128(version === undefined ? `${functionTextDigest(fn)} ${captured}` : `version ${JSON.stringify(version)}`).slice(0, 16);
    marks.set(definition, mark);
  }
  return mark;
}
