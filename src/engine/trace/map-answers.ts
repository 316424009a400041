import { isRef, NODE, PATH, project, type Ref } from '../../graph/ref.js';
import type { CachePolicy } from '../../model/cache-policy.js';
import type { CacheEntryRow } from '../../model/records.js';
import type { MapSettings, TaskDefinition } from '../../model/task-definition.js';
import { type MapCalls, mapCalls } from '../map.js';
import { type Stored, storedAs } from '../stored.js';
import { policyOf } from '../targets.js';
import type { CachedCall, CallAnswers } from './call-answers.js';
import { NotSetUp } from './node-values.js';
import type { ResultPlaces } from './result-places.js';
import { answerOf, notCached, pending, type TraceAnswer } from './trace-answer.js';
import { argumentsOf, isKnown, type TraceView, type Upstream } from './trace-view.js';
import { upstreamDigests } from './upstream-digests.js';

/** A child of a map; `entry`: what gives its result. */
interface Child {
  readonly answer: TraceAnswer;
  readonly entry: CacheEntryRow | undefined;
}

/** A map is complete when every child is; where its lists are not known yet, nobody can say how many there will be. */
export class MapAnswers {
  readonly #view: TraceView;
  readonly #calls: CallAnswers;
  readonly #places: ResultPlaces;
  readonly #defaultCache: CachePolicy | false | undefined;

  constructor(view: TraceView, calls: CallAnswers, places: ResultPlaces, defaultCache: CachePolicy | false | undefined) {
    this.#view = view;
    this.#calls = calls;
    this.#places = places;
    this.#defaultCache = defaultCache;
  }

  async find(node: number, definition: TaskDefinition, upstream: Upstream): Promise<TraceAnswer> {
    const { of } = definition.map as MapSettings;
    const answer = await this.#find(node, definition, upstream, of);
    return of.target?.kind === 'template' ? { ...answer, target: of.target.template.text } : answer;
  }

  async #find(node: number, definition: TaskDefinition, upstream: Upstream, of: TaskDefinition): Promise<TraceAnswer> {
    const policy = policyOf(of, this.#defaultCache);
    if (!policy) return notCached(of);
    if (!isKnown(upstream)) return await this.#calls.withoutInputs(this.#view, of, policy, upstream);
    const values = await this.#values(upstream);
    const hasLists = argumentsOf(this.#view, node).every((list) => !isRef(list) || values.has(list[NODE]));
    if (!hasLists) return await this.#calls.withoutInputs(this.#view, of, policy, upstream);
    const look = (ref: Ref): unknown => project(values.get(ref[NODE]), ref[PATH]);
    const calls = this.#callsOf(node, definition, look);
    const digestOf = await upstreamDigests(this.#view, upstream);
    const children: Child[] = [];
    for (let at = 0; at < calls.count; at++) {
      const args = calls.argumentsAt(at);
      children.push(await this.#child({ definition: of, policy, args, digestOf, place: this.#places.ofChild(of, at, args, look) }));
    }
    return together(children);
  }

  /** But for resources, which are there in a run only, and what is put together with them. */
  async #values(upstream: Upstream): Promise<ReadonlyMap<number, unknown>> {
    const values = new Map<number, unknown>();
    for (const from of upstream.keys()) {
      try {
        values.set(from, await this.#view.value(from));
      } catch (error) {
        if (!(error instanceof NotSetUp)) throw error;
      }
    }
    return values;
  }

  /** @throws as a run of it would: lists that are none, or not equally long */
  #callsOf(node: number, definition: TaskDefinition, look: (ref: Ref) => unknown): MapCalls {
    const { port } = this.#view;
    const view = { port, childrenOf: () => undefined, valueOf: look };
    return mapCalls(view, port.graph.id(node), definition, argumentsOf(this.#view, node), undefined);
  }

  async #child(call: CachedCall): Promise<Child> {
    const there = await this.#calls.atPlace(call.definition, call.place);
    if (there) return { answer: there, entry: there.state === 'complete' && there.stored ? asEntry(call.definition, there.stored) : undefined };
    const known = await this.#calls.ask(call, { sourceOf: () => undefined });
    if (known.hit) return { answer: answerOf(known), entry: known.hit };
    return { answer: answerOf(known), entry: known.adopted && asEntry(call.definition, storedAs(known.adopted.artifacts)) };
  }
}

function together(found: readonly Child[]): TraceAnswer {
  const entries = found.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
  const children = found.map(({ answer }) => answer);
  const reasons = found.flatMap(({ answer, entry }) => (entry === undefined && answer.why !== undefined ? [answer.why] : []));
  const [why] = reasons;
  if (why === undefined) return { state: 'complete', key: undefined, stored: undefined, entries, children };
  const first = why.detail ? `; the first: ${why.detail}` : '';
  const others = reasons.filter(({ kind }) => kind !== why.kind);
  const rest = others.length > 0 ? `; ${others.length} more: ${[...new Set(others.map(({ kind }) => kind))].join(', ')}` : '';
  const detail = `${found.length - entries.length - others.length} of ${found.length} children${first}${rest}`;
  return { ...pending({ kind: why.kind, detail }), entries, children };
}

/** What others have left at an address stands for a child of a map as an earlier result does. No run has made it. */
function asEntry({ name }: TaskDefinition, { artifacts }: Stored): CacheEntryRow {
  return { taskVersion: '', key: '', task: name, run: '', index: -1, createdAt: 0, code: '', version: undefined, inputs: {}, artifacts };
}
