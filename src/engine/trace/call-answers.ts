import { MillraceError } from '../../base/error.js';
import type { CachePolicy } from '../../model/cache-policy.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import type { ResultKeeper } from '../../results/result-keeper.js';
import type { KnownAnswer } from '../answer.js';
import { type Force, forcedBy } from '../force.js';
import { type DigestOf, inputDigests, inputWithoutDigest } from '../inputs.js';
import type { CallDetails, OpenQuestion } from '../question.js';
import type { Reuse } from '../reuse.js';
import { storedAs } from '../stored.js';
import type { ResultPlace } from './result-places.js';
import { type OpenAnswer, pending, type TraceAnswer } from './trace-answer.js';
import type { TraceView, Upstream } from './trace-view.js';
import { upstreamPending } from './upstream-pending.js';

export interface CallAnswersParts {
  readonly reuse: Reuse;
  readonly keeper: ResultKeeper;
  readonly force: Force;
}

/** One call of a task that is cached: a node, or a child of a map. */
export interface CachedCall {
  readonly definition: TaskDefinition;
  readonly policy: CachePolicy;
  readonly args: readonly unknown[];
  /** Of what its arguments refer to. */
  readonly digestOf: DigestOf;
  readonly place: ResultPlace;
}

/** Whether there is a result of one call: asked for in the same way as a run does, and of the same (S27). */
export class CallAnswers {
  readonly #parts: CallAnswersParts;

  constructor(parts: CallAnswersParts) {
    this.#parts = parts;
  }

  /** What its address alone tells: nothing, unless it can be none, or others are to leave something there. */
  async atPlace({ external }: TaskDefinition, place: ResultPlace): Promise<TraceAnswer | undefined> {
    if (place instanceof MillraceError) return pending({ kind: 'no-result', detail: place.message });
    if (external === undefined || typeof place !== 'object') return undefined;
    const look = await this.#parts.keeper.lookAt(place);
    if (look.kept) return { state: 'complete', key: undefined, stored: storedAs(look.kept.artifacts) };
    return pending({ kind: 'missing', detail: `'${place.shown}': ${look.why}` });
  }

  /** Its inputs are known. */
  async ask(call: CachedCall, { place: node, sourceOf }: Pick<OpenQuestion, 'place'> & Pick<CallDetails, 'sourceOf'>): Promise<KnownAnswer> {
    const { definition, policy, args, digestOf, place } = call;
    return await this.#parts.reuse.ask({
      definition,
      policy,
      inputs: inputDigests(args, definition.parameterNames, digestOf),
      forced: forcedBy(this.#parts.force, definition, undefined),
      target: typeof place === 'object' && !(place instanceof MillraceError) ? place : undefined,
      place: node,
      details: { sourceOf, lacking: () => inputWithoutDigest(args, definition.parameterNames, digestOf) },
    });
  }

  /** Its inputs are not known: a task that never left a result is sure to run. */
  async withoutInputs(view: TraceView, definition: TaskDefinition, policy: CachePolicy, upstream: Upstream): Promise<OpenAnswer> {
    const hasResults = await this.#parts.reuse.hasHistory(definition, policy);
    return { state: hasResults ? 'unknown' : 'pending', key: undefined, why: await upstreamPending(view, upstream) };
  }
}
