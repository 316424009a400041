import type { RunPort } from '../../flow/run-port.js';
import type { ViewMap } from '../../graph/graph-view.js';
import type { ResultKeeper } from '../../results/result-keeper.js';
import { isLost, reasonOfLoss } from '../node-results.js';
import { Branches } from './branches.js';
import type { GraphBreak } from './graph-break.js';
import { mapSize } from './map-size.js';
import { NodeAnswers, type NodeAnswersParts } from './node-answers.js';
import { NotSetUp, readValue } from './node-values.js';
import { type TraceAnswer, UNKNOWN_YET } from './trace-answer.js';
import type { TraceView } from './trace-view.js';

/** What a trace knows of its nodes: whether they are complete, what they gave, and whether a run would come to them at all. */
export class TracedNodes implements TraceView {
  readonly port: RunPort;
  readonly #keeper: ResultKeeper;
  readonly #branches: Branches;
  readonly #finder: NodeAnswers;
  readonly #answers = new Map<number, Promise<TraceAnswer>>();
  readonly #values = new Map<number, Promise<unknown>>();

  constructor(port: RunPort, graphBreak: GraphBreak, parts: NodeAnswersParts) {
    this.port = port;
    this.#keeper = parts.keeper;
    this.#branches = new Branches(this, graphBreak);
    this.#finder = new NodeAnswers(this, parts);
  }

  answer(node: number): Promise<TraceAnswer> {
    let answer = this.#answers.get(node);
    if (answer === undefined) {
      answer = this.#finder.find(node);
      this.#answers.set(node, answer);
    }
    return answer;
  }

  /** The answer for a node whose value is asked for: bytes that are not there, or broken, make it pending after all (S25). */
  async readable(node: number): Promise<TraceAnswer> {
    const answer = await this.answer(node);
    if (answer.state !== 'complete') return answer;
    try {
      await this.value(node);
      return answer;
    } catch (error) {
      if (error instanceof NotSetUp) return UNKNOWN_YET;
      if (!isLost(error)) throw error;
      const { stored, ...known } = answer;
      const open: TraceAnswer = { ...known, state: 'pending', why: reasonOfLoss(error) };
      this.#answers.set(node, Promise.resolve(open));
      return open;
    }
  }

  value(node: number): Promise<unknown> {
    let value = this.#values.get(node);
    if (value === undefined) {
      value = readValue(this, this.#keeper, node);
      this.#values.set(node, value);
    }
    return value;
  }

  skips(node: number): Promise<boolean> {
    return this.#branches.skips(node);
  }

  /** Whether a run is sure to come to this node. */
  certain(node: number): Promise<boolean> {
    return this.#branches.certain(node);
  }

  /** Undefined for what is no map. */
  mapOf(node: number): Promise<ViewMap | undefined> {
    return mapSize(this, node);
  }

  /** The first node of a task. */
  firstOf(task: string): number | undefined {
    const node = this.port.graph.definitions.findIndex(({ kind, name }) => kind !== 'derived' && name === task);
    return node < 0 ? undefined : node;
  }
}
