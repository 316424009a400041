import type { CachePolicy } from '../model/cache-policy.js';
import type { CacheEntryRow } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Answer, Answers, KnownAnswer } from './answer.js';
import { codeMark } from './code-mark.js';
import type { Force } from './force.js';
import type { InputDigests } from './inputs.js';
import type { OpenQuestion, Question } from './question.js';
import type { Reuse } from './reuse.js';
import { type EarlierRun, TakeOver } from './take-over.js';

/** What is gone on with. */
export interface EarlierWork {
  /** Newest first: the run that is resumed, the one that that one resumed … */
  readonly runs: readonly EarlierRun[];
  /**
   * What an earlier run was told to execute whatever there is, this one executes too, but for what was done by then: so many of the newest runs
   * were told, or came after. Undefined: what is forced is forced by this run itself.
   */
  readonly forcedSince: number | undefined;
  /** What tasks were when a run executed them, by their marks. */
  codesOf(run: string): Readonly<Record<string, string>>;
  /** Names of the tasks that ran inside a task run: of a sub-flow. */
  tasksInside(run: string, index: number): Iterable<string>;
}

export interface ResumptionParts {
  readonly reuse: Reuse;
  readonly work: EarlierWork;
  readonly force: Force;
  /** The node key of a call. */
  readonly keyOf: (node: number, inputs: InputDigests) => string;
}

/**
 * Asks first what keys answer, then what earlier runs have finished (S30). Who is reused by a key goes by it alone, code and all; every other
 * task is taken over, also where its code has changed since, which is told.
 */
export class Resumption implements Answers {
  readonly #parts: ResumptionParts;
  readonly #takeOver: TakeOver;
  /** Tasks that were told of as changed. */
  readonly #told = new Set<string>();

  constructor(parts: ResumptionParts) {
    this.#parts = parts;
    this.#takeOver = new TakeOver(parts.work.runs);
  }

  concerns({ external, persist }: TaskDefinition, policy: CachePolicy | false | undefined): boolean {
    // Data of others is looked at anew, and what is never stored can only be computed.
    return Boolean(policy) || (external === undefined && persist);
  }

  prepare(definition: TaskDefinition, policy: CachePolicy | undefined): Promise<unknown> | undefined {
    return this.#parts.reuse.prepare(definition, policy);
  }

  ask(question: OpenQuestion): Answer | Promise<Answer> {
    const asked = this.#insideForced(question);
    if (asked.policy === undefined) {
      return this.#orTaken(asked, { hit: undefined, key: undefined, why: asked.forced === undefined ? NO_RESULT : forcedReason(asked.forced) });
    }
    const answer = this.#parts.reuse.ask(asked);
    return answer instanceof Promise ? answer.then((known) => this.#orTaken(asked, known)) : this.#orTaken(asked, answer);
  }

  /** A sub-flow that ran a task which is forced is run again, so that the task can be. */
  #insideForced(question: OpenQuestion): OpenQuestion {
    const { force, work } = this.#parts;
    if (question.forced !== undefined || question.definition.kind !== 'subflow' || (force.downstream.isEmpty && force.only.isEmpty)) return question;
    const entry = this.#find(question, this.#among(question));
    if (entry === undefined) return question;
    for (const task of work.tasksInside(entry.run, entry.index)) {
      if (force.downstream.has(task) || force.only.has(task)) return { ...question, forced: `${task} inside it was forced` };
    }
    return question;
  }

  #orTaken(question: OpenQuestion, answer: KnownAnswer): Answer | Promise<Answer> {
    if (answer.hit !== undefined || answer.adopted !== undefined || question.isRedone === true) return answer;
    const entry = this.#find(question, this.#among(question));
    if (entry === undefined || (answer.key !== undefined && !this.#answersKey(question as Question, answer.key, entry))) return answer;
    const present = this.#parts.reuse.present(question, undefined, entry);
    return present instanceof Promise
      ? present.then((found) => this.#taken(question, answer, entry, found))
      : this.#taken(question, answer, entry, present);
  }

  #taken(question: OpenQuestion, answer: KnownAnswer, entry: CacheEntryRow, found: KnownAnswer): Answer | Promise<Answer> {
    if (found.hit !== undefined) {
      this.#takeOver.take(entry);
      return { hit: { ...entry, key: '' }, key: undefined, why: undefined, ...this.#remark(question.definition, entry) };
    }
    this.#takeOver.lose(entry);
    // Another that is as good may be there; else it is known why there is none.
    return this.#orTaken(question, answer.key === undefined ? { hit: undefined, key: undefined, why: found.why } : answer);
  }

  /** How many of the earlier runs may answer. */
  #among({ forced }: OpenQuestion): number {
    const { runs, forcedSince } = this.#parts.work;
    return forced === undefined ? runs.length : (forcedSince ?? 0);
  }

  #find(question: OpenQuestion, among: number): CacheEntryRow | undefined {
    const { definition, place, details } = question;
    if (among === 0 || place === undefined) return undefined;
    const inputs = details.given?.(question);
    return inputs && this.#takeOver.find({ task: definition.name, nodeKey: this.#parts.keyOf(place, inputs), inputs }, among);
  }

  /** Whether it is what the key asks for: one that was forced then, or one whose key is another in every run. */
  #answersKey(question: Question, key: string, entry: CacheEntryRow): boolean {
    if (question.forced !== undefined) return entry.key === key;
    const { reuse } = this.#parts;
    const then = reuse.keyIn(entry.run, question);
    return then !== key && then === entry.key;
  }

  #remark(definition: TaskDefinition, { run }: CacheEntryRow): { readonly remark?: string } {
    const { name } = definition;
    const marks = this.#parts.work.codesOf(run)[name];
    if (marks === undefined || this.#told.has(name) || marks.split(' ').includes(codeMark(definition))) return {};
    this.#told.add(name);
    return { remark: `the code of '${name}' has changed since run ${run}: its results are taken over all the same; to run it again, resume from it` };
  }
}

const NO_RESULT = { kind: 'no-result' } as const;

function forcedReason(detail: string): { readonly kind: 'forced'; readonly detail: string } {
  return { kind: 'forced', detail };
}
