import { MillraceError } from '../base/error.js';
import { nearest } from '../base/nearest.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Answer, Answers } from './answer.js';
import type { OpenQuestion } from './question.js';
import type { TaskSelection } from './task-selection.js';

export interface OnlyTasksParts {
  readonly chosen: TaskSelection;
  /** For people. */
  readonly names: readonly string[];
  /** Asked for the chosen ones. */
  readonly own: Answers;
  /** Asked for all others: what it does not know is withheld. */
  readonly earlier: Answers;
  readonly graph: TaskGraph;
}

/** A run of some tasks only could not do what it was to do. Nothing that the body threw. */
export class OnlyTasksError extends MillraceError {}

/**
 * Executes none but the chosen tasks: what they need of others is taken from earlier results, and what has none is left out. A sub-flow is never
 * left out, since a chosen task may lie in it; nor is a look at what others make.
 */
export class OnlyTasks implements Answers {
  readonly #parts: OnlyTasksParts;
  readonly #withheld = new Set<number>();

  constructor(parts: OnlyTasksParts) {
    this.#parts = parts;
  }

  concerns(definition: TaskDefinition, policy: CachePolicy | false | undefined): boolean {
    return this.#mayExecute(definition) ? this.#parts.own.concerns(definition, policy) : true;
  }

  prepare(definition: TaskDefinition, policy: CachePolicy | undefined): Promise<unknown> | undefined {
    return (this.#mayExecute(definition) ? this.#parts.own : this.#parts.earlier).prepare(definition, policy);
  }

  ask(question: OpenQuestion): Answer | Promise<Answer> {
    const { own, earlier } = this.#parts;
    if (this.#mayExecute(question.definition)) return (question.definition.kind === 'subflow' ? earlier : own).ask(question);
    const answer = earlier.ask(question);
    return answer instanceof Promise ? answer.then((known) => this.#orWithheld(question, known)) : this.#orWithheld(question, answer);
  }

  #orWithheld({ place }: OpenQuestion, answer: Answer): Answer {
    if ('withheld' in answer || answer.hit !== undefined || answer.adopted !== undefined) return answer;
    if (place !== undefined) this.#withheld.add(place);
    return { withheld: `it is not among the tasks to execute (${this.#parts.names.join(', ')}), and there is no earlier result` };
  }

  #mayExecute({ name, kind, external }: TaskDefinition): boolean {
    return this.#parts.chosen.has(name) || kind === 'subflow' || external !== undefined;
  }

  /**
   * When all has ended: why a chosen task could not do what it was to do.
   * @param causesOf the nodes for want of which a node ended without a value
   */
  problem(causesOf: (node: number) => readonly number[]): OnlyTasksError | undefined {
    const { graph, chosen, names } = this.#parts;
    let isKnown = false;
    for (let node = 0; node < graph.size; node++) {
      const { kind, name } = graph.definitions[node] as TaskDefinition;
      if (kind === 'derived' || !chosen.has(name)) continue;
      isKnown = true;
      const lacking = this.#withheldBefore(node, causesOf);
      if (lacking !== undefined) return notComplete(`'${graph.id(node)}' needs '${graph.id(lacking)}', which has no earlier result`);
    }
    if (isKnown) return undefined;
    const tasks = [...new Set(graph.definitions.filter(({ kind }) => kind === 'task' || kind === 'subflow').map(({ name }) => name))];
    const [first] = this.#withheld;
    const meant = names.map((name) => nearest(name, tasks)).find((guess) => guess !== undefined);
    // The body awaited what is not there, and never came to it.
    if (first !== undefined) return notComplete(`no call of ${names.join(', ')} was come to: '${graph.id(first)}' has no earlier result`, meant);
    return new OnlyTasksError('TASK_UNKNOWN', `expected 'only' with the names of tasks of this flow; got ${names.join(', ')}`, {
      hint: meant === undefined ? `Its tasks are ${tasks.join(', ')}.` : `Did you mean '${meant}'?`,
    });
  }

  /** What was left out that the node ended without a value for, however far up. */
  #withheldBefore(node: number, causesOf: (node: number) => readonly number[]): number | undefined {
    const seen = new Set([node]);
    // What is found while it is walked is walked too.
    for (const at of seen) {
      if (this.#withheld.has(at)) return at;
      for (const cause of causesOf(at)) seen.add(cause);
    }
    return undefined;
  }
}

/** @param meant a task that has a name like those given */
function notComplete(sentence: string, meant?: string): OnlyTasksError {
  const hint = 'Run the flow as a whole first, or let more tasks execute.';
  return new OnlyTasksError('NOT_COMPLETE', sentence, { hint: meant === undefined ? hint : `${hint} Or did you mean '${meant}'?` });
}
