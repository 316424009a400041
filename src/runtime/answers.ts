import type { Force } from '../engine/force.js';
import { OnlyTasks } from '../engine/only-tasks.js';
import type { Recording } from '../engine/recording.js';
import { type EarlierWork, Resumption } from '../engine/resumption.js';
import type { Reuse } from '../engine/reuse.js';
import { TaskSelection } from '../engine/task-selection.js';
import type { TaskGraph } from '../graph/task-graph.js';
import { namesOf } from './run-force.js';
import type { StartOptions } from './run-options.js';

export interface AnswersParts {
  readonly reuse: Reuse;
  readonly force: Force;
  readonly recording: Recording;
  readonly graph: TaskGraph;
}

/** Who is asked before anything executes, where that is more than what keys answer for. */
export function answersIn(options: StartOptions, parts: AnswersParts): Resumption | OnlyTasks | undefined {
  const { resume, only, work } = options;
  const resumption = resume && resumptionOf(resume.work, options, parts);
  if (only === undefined) return resumption;
  const names = namesOf(only);
  const earlier = resumption ?? resumptionOf(work ?? NO_WORK, options, parts);
  return new OnlyTasks({ chosen: new TaskSelection(names), names, own: resumption ?? parts.reuse, earlier, graph: parts.graph });
}

function resumptionOf(work: EarlierWork, { force, forceOnly, from }: StartOptions, parts: AnswersParts): Resumption {
  const isForced = force !== undefined || forceOnly !== undefined || from !== undefined;
  return new Resumption({
    reuse: parts.reuse,
    force: parts.force,
    // What this very run was told to execute, no earlier one answers.
    work: isForced ? { ...work, forcedSince: undefined } : work,
    keyOf: (node, inputs) => parts.recording.keyOf(node, inputs),
  });
}

const NO_WORK: EarlierWork = { runs: [], forcedSince: undefined, codesOf: () => ({}), tasksInside: () => [] };
