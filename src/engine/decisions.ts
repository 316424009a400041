import type { CachePolicy } from '../model/cache-policy.js';
import type { LogLevel } from '../model/event.js';
import { TASK_STATE_CODE } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Answer, Answers } from './answer.js';
import type { Endings } from './endings.js';
import { forcedBy } from './force.js';
import { inputSource } from './input-source.js';
import type { InputDigests } from './inputs.js';
import type { Machinery } from './machinery.js';
import { FORCED, HAS_INPUTS, INPUT_CANCELLED, INPUT_FAILED, INPUT_SKIPPED, LOOKED_AT, REDONE } from './node-table.js';
import type { CallDetails, OpenQuestion } from './question.js';
import type { StepsBetween } from './steps-between.js';
import { needsInputs, policyOf } from './targets.js';
import { hasOwnRule, type Judgement, judgeNode, lostInputs, type TriggerView } from './triggering.js';

const { cached: CACHED, cancelled: CANCELLED, failed: FAILED, skipped: SKIPPED } = TASK_STATE_CODE;

/** What deciding needs of the run. */
export interface DecisionsHost extends TriggerView {
  tick(): void;
  /** The node is to be looked at (again). */
  readonly arm: (node: number) => void;
  mapIndexOf(node: number): number | undefined;
  argumentsOf(node: number): readonly unknown[];
  line(node: number, attempt: number, level: LogLevel, text: string): void;
  /** Why nothing starts any more. */
  readonly stopped: Error | undefined;
}

/**
 * What becomes of a node whose inputs have settled, in this order: its trigger rule, its target, an earlier result, its inputs' values, its
 * key; then it queues for a slot. Where something has to be waited for, the node is looked at again when that has come.
 */
export class Decisions {
  readonly #run: Machinery;
  readonly #host: DecisionsHost;
  readonly #endings: Endings;
  readonly #answers: Answers;
  readonly #details: CallDetails;
  /** By task, nodes that ask when what answers them has been read: a list, not a promise for each of ten thousand. */
  readonly #unprepared = new Map<TaskDefinition, number[]>();
  /** Tasks that have been found prepared: should one need to be again, it is waited for with its answers. */
  readonly #prepared = new WeakSet<TaskDefinition>();

  constructor(run: Machinery, host: DecisionsHost, endings: Endings) {
    this.#run = run;
    this.#answers = run.parts.answers ?? run.parts.reuse;
    this.#host = host;
    this.#endings = endings;
    const { graph, inputs } = run;
    this.#details = {
      sourceOf: ({ place }, name) => inputSource(graph, place as number, name),
      lacking: ({ place }) => inputs.lacking(place as number),
      given: ({ place, definition }) => inputs.given(place as number, definition),
    };
  }

  /** @param between what takes no slot: maps, and steps between tasks */
  look(node: number, definition: TaskDefinition, between: StepsBetween): void {
    const { forceSpread, nodes, parts } = this.#run;
    nodes.mark(node, LOOKED_AT);
    forceSpread?.mark(node, definition);
    if (definition.kind === 'derived') return between.derive(node, definition);
    // Nobody but the run itself says when, and neither is ever reused.
    if (definition.resource?.role === 'teardown') return this.#prepare(node, undefined);
    if (this.#host.stopped) return this.#endings.fail(node, CANCELLED, this.#host.stopped);
    if (hasOwnRule(definition)) {
      if (!this.#isTriggered(node, definition)) return;
    } else if (nodes.has(node, INPUT_FAILED | INPUT_CANCELLED | INPUT_SKIPPED)) {
      // A map can do without what only its children need.
      const lost = lostInputs(this.#host, node);
      if (lost.length > 0) return this.#endings.without(node, lost);
    }
    if (definition.kind === 'map') return between.expand(node, definition);
    if (definition.resource !== undefined) return this.#prepare(node, undefined);
    const policy = policyOf(definition, parts.defaultCache);
    if (definition.target !== undefined && !this.#isPlaced(node, definition)) return;
    if (definition.external !== undefined && (definition.target !== undefined || !policy)) this.#prepare(node, undefined);
    else if (this.#answers.concerns(definition, policy)) this.#ask(node, definition, policy || undefined);
    else if (definition.target === undefined || this.#isTaken(node, undefined)) this.#prepare(node, undefined);
  }

  /** True: the trigger rule lets the node run. Else it has been ended, or waits for more of its inputs (S11). */
  #isTriggered(node: number, definition: TaskDefinition): boolean {
    let judgement: Judgement;
    try {
      judgement = judgeNode(this.#host, node, definition);
    } catch (error) {
      // The rule is the user's.
      this.#endings.fail(node, FAILED, error);
      return false;
    }
    const { verdict, causes, answersFor } = judgement;
    if (verdict === 'wait') this.#run.nodes.unmark(node, LOOKED_AT);
    else if (verdict !== 'run')
      this.#endings.because(node, TASK_STATE_CODE[verdict], causes, new Error(`its trigger rule ${ruleText(definition)} was not met`));
    // Also those that have not ended yet: whether a run is red must not depend on which input was faster.
    else if (definition.handles) for (const input of answersFor) this.#run.failures.handle(input);
    return verdict === 'run';
  }

  /** False: its address cannot be told yet, or the node has ended for want of one (S26). */
  #isPlaced(node: number, definition: TaskDefinition): boolean {
    if (needsInputs(definition) && this.waitForInputs(node)) return false;
    try {
      this.#run.targets.find(node, definition, this.#host.mapIndexOf(node), () => this.#host.argumentsOf(node));
      return true;
    } catch (error) {
      this.#endings.fail(node, FAILED, error);
      return false;
    }
  }

  /** False: another node writes its address, so it has ended. */
  #isTaken(node: number, key: string | undefined): boolean {
    try {
      this.#run.targets.take(node, key);
      return true;
    } catch (error) {
      this.#endings.fail(node, FAILED, error);
      return false;
    }
  }

  // ── is there an earlier result? ──

  #ask(node: number, definition: TaskDefinition, policy: CachePolicy | undefined): void {
    if (this.#run.results.someAreRemade && this.#waitFor(node, this.#run.results.remadeInputs(node))) return;
    const question = this.questionOf(node, definition, policy, this.#forcedBy(node, definition));
    const asked = policy && question.inputs;
    let answer: Answer | Promise<Answer>;
    try {
      if (this.#isUnprepared(node, definition, policy, asked)) return;
      answer = this.#answers.ask(question);
    } catch (error) {
      // The policy is the user's.
      return this.#endings.fail(node, FAILED, error);
    }
    if (!(answer instanceof Promise)) return this.#answered(node, definition, answer, asked);
    if (asked) this.#run.notes.of(node).asked = asked;
    this.#when(node, answer, (known) => this.#answered(node, definition, known, asked));
  }

  /** True: the node asks again, for the same arguments, when what answers its task has been read. */
  #isUnprepared(node: number, definition: TaskDefinition, policy: CachePolicy | undefined, asked: InputDigests | undefined): boolean {
    if (this.#prepared.has(definition)) return false;
    let waiting = this.#unprepared.get(definition);
    if (waiting === undefined) {
      const coming = this.#answers.prepare(definition, policy);
      if (coming === undefined) {
        this.#prepared.add(definition);
        return false;
      }
      waiting = [];
      this.#unprepared.set(definition, waiting);
      coming.then(
        () => this.#goOn(definition, (one) => this.#arm(one)),
        (error) => this.#goOn(definition, (one) => this.#endings.fail(one, FAILED, error)),
      );
    }
    waiting.push(node);
    if (asked) this.#run.notes.of(node).asked = asked;
    return true;
  }

  #goOn(definition: TaskDefinition, go: (node: number) => void): void {
    const waiting = this.#unprepared.get(definition) ?? [];
    this.#unprepared.delete(definition);
    this.#host.tick();
    for (const node of waiting) if (!this.#run.nodes.isFinal(node)) go(node);
  }

  questionOf<P extends CachePolicy | undefined>(
    node: number,
    definition: TaskDefinition,
    policy: P,
    forced: string | undefined,
  ): OpenQuestion & { readonly policy: P } {
    const { inputs, nodes, notes, targets } = this.#run;
    return {
      definition,
      policy,
      inputs: notes.find(node).asked ?? inputs.of(node),
      forced,
      place: node,
      target: definition.target && targets.placeOf(node),
      details: this.#details,
      isRedone: nodes.has(node, REDONE),
    };
  }

  #forcedBy(node: number, definition: TaskDefinition): string | undefined {
    const { forceSpread, nodes, parts } = this.#run;
    if (nodes.has(node, REDONE)) return 'its stored result was lost';
    const before = nodes.has(node, FORCED) ? (forceSpread?.originOf(node) ?? 'a task inside it') : undefined;
    return forcedBy(parts.force, definition, before);
  }

  #answered(node: number, definition: TaskDefinition, answer: Answer, asked: InputDigests | undefined): void {
    const { notes, results } = this.#run;
    if (definition.target !== undefined && !this.#isTaken(node, 'key' in answer ? answer.key : undefined)) return;
    if ('withheld' in answer) return this.#endings.fail(node, SKIPPED, new Error(answer.withheld));
    if (answer.hit) {
      if (answer.remark !== undefined) this.#host.line(node, 0, 'warn', answer.remark);
      return this.#endings.reuse(node, answer.hit, asked);
    }
    if (asked) notes.of(node).asked = asked;
    if (answer.adopted) {
      notes.of(node).key = answer.key;
      results.computed(node, answer.adopted.value, answer.adopted);
      return this.#endings.settle(node, CACHED, answer.adopted);
    }
    notes.of(node).reason ??= answer.why;
    this.#prepare(node, definition.external === undefined ? answer.key : undefined);
  }

  // ── on the way to a slot ──

  /** Inputs are at hand before a key is taken, and that before a slot: who leads a flight waits for nothing but a slot. */
  #prepare(node: number, key: string | undefined): void {
    const { attempts, claims, flights } = this.#run;
    if (this.waitForInputs(node)) return;
    if (key === undefined) return attempts.queue(node);
    if (!flights.join(key, node)) return void this.#run.nodes.unmark(node, LOOKED_AT);
    this.#when(node, claims.take({ key, index: node }), (isOurs) => {
      if (isOurs) return attempts.queue(node);
      // Another run has computed it: the question is another one now.
      this.#lookAgain(node);
    });
  }

  /** True: results that the node needs are only addresses yet, and it is looked at again when they are here. */
  waitForInputs(node: number): boolean {
    const { nodes, results } = this.#run;
    return results.someAreToCome && nodes.has(node, HAS_INPUTS) && this.#waitFor(node, results.unloadedInputs(node));
  }

  #waitFor(node: number, inputs: readonly number[]): boolean {
    if (inputs.length === 0) return false;
    const { nodes, results } = this.#run;
    this.#when(node, results.loadAll(inputs), () => {
      // One may have been computed anew, to another value or to none: the question is another one now.
      for (const input of inputs) nodes.inherit(node, results.actual(input));
      this.#lookAgain(node);
    });
    return true;
  }

  /** The question may be another one now. */
  #lookAgain(node: number): void {
    const { notes } = this.#run;
    if (notes.find(node).asked !== undefined) delete notes.of(node).asked;
    this.#arm(node);
  }

  #arm(node: number): void {
    this.#run.nodes.unmark(node, LOOKED_AT);
    this.#host.arm(node);
  }

  /** Goes on with a node when what it waits for has come, unless the node was ended meanwhile. */
  #when<T>(node: number, coming: Promise<T>, go: (value: T) => void): void {
    const arrived = (): boolean => {
      this.#host.tick();
      return !this.#run.nodes.isFinal(node);
    };
    coming
      .then((value) => {
        if (arrived()) go(value);
      })
      .catch((error) => {
        if (arrived()) this.#endings.fail(node, FAILED, error);
      });
  }
}

function ruleText({ trigger = 'all-success' }: TaskDefinition): string {
  return typeof trigger === 'string' ? `'${trigger}'` : 'of its own';
}
