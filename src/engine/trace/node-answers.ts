import { MillraceError } from '../../base/error.js';
import { NODE, type Ref } from '../../graph/ref.js';
import type { CachePolicy } from '../../model/cache-policy.js';
import type { TaskDefinition } from '../../model/task-definition.js';
import { inputSource } from '../input-source.js';
import { childAt } from '../map-element.js';
import { policyOf, type TargetsParts } from '../targets.js';
import { CallAnswers, type CallAnswersParts } from './call-answers.js';
import { MapAnswers } from './map-answers.js';
import { isMissingParameter } from './missing-parameter.js';
import { type ResultPlace, ResultPlaces } from './result-places.js';
import { answerOf, MADE_OF_OTHERS, notCached, type TraceAnswer, UNKNOWN_YET } from './trace-answer.js';
import { argumentsOf, definitionOf, isKnown, type TraceView, type Upstream, upstreamOf } from './trace-view.js';
import { upstreamDigests } from './upstream-digests.js';

export interface NodeAnswersParts extends CallAnswersParts {
  readonly targets: Pick<TargetsParts, 'time' | 'roots'>;
  readonly defaultCache: CachePolicy | false | undefined;
}

/** Whether the result of a node exists already: each kind of node by what it is made of. */
export class NodeAnswers {
  readonly #view: TraceView;
  readonly #calls: CallAnswers;
  readonly #maps: MapAnswers;
  readonly #places: ResultPlaces;
  readonly #defaultCache: CachePolicy | false | undefined;

  constructor(view: TraceView, parts: NodeAnswersParts) {
    this.#view = view;
    this.#calls = new CallAnswers(parts);
    this.#places = new ResultPlaces(view, parts.targets);
    this.#maps = new MapAnswers(view, this.#calls, this.#places, parts.defaultCache);
    this.#defaultCache = parts.defaultCache;
  }

  async find(node: number): Promise<TraceAnswer> {
    // Not on the caller's stack: a chain may be a hundred thousand nodes long.
    await undefined;
    const definition = definitionOf(this.#view, node);
    const upstream = await upstreamOf(this.#view, node);
    if (isMissingParameter(definition)) return UNKNOWN_YET;
    if (definition.element) return this.#ofElement(node, upstream);
    if (definition.kind === 'derived') return isKnown(upstream) ? MADE_OF_OTHERS : UNKNOWN_YET;
    if (definition.kind === 'map') return await this.#maps.find(node, definition, upstream);
    const place = await this.#places.of(node, definition, upstream);
    const answer = (await this.#calls.atPlace(definition, place)) ?? (await this.#ofTask(node, definition, upstream, place));
    const target = shownPlace(place);
    return target === '' ? answer : { ...answer, target };
  }

  /** One child of a map is complete when that child is. */
  #ofElement(node: number, upstream: Upstream): TraceAnswer {
    const [map, index] = argumentsOf(this.#view, node) as readonly [Ref, number];
    const children = upstream.get(map[NODE])?.children;
    return (children && childAt(children, index)) ?? UNKNOWN_YET;
  }

  async #ofTask(node: number, definition: TaskDefinition, upstream: Upstream, place: ResultPlace): Promise<TraceAnswer> {
    const policy = policyOf(definition, this.#defaultCache);
    if (!policy) return notCached(definition);
    if (!isKnown(upstream) || typeof place === 'string') return await this.#calls.withoutInputs(this.#view, definition, policy, upstream);
    const digestOf = await upstreamDigests(this.#view, upstream);
    const args = argumentsOf(this.#view, node);
    const known = await this.#calls.ask(
      { definition, policy, args, digestOf, place },
      { place: node, sourceOf: (_, name) => inputSource(this.#view.port.graph, node, name) },
    );
    return known.hit ? { ...answerOf(known), entries: [known.hit] } : answerOf(known);
  }
}

/** Empty where there is nothing to show. */
function shownPlace(place: ResultPlace): string {
  if (place === undefined || place instanceof MillraceError) return '';
  return typeof place === 'string' ? place : place.shown;
}
