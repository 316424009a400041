import type { Clock } from '../base/clock.js';
import { scopes } from '../flow/scope.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { TimedOutError } from '../model/task-error.js';
import type { Kept, ResultKeeper } from '../results/result-keeper.js';
import type { TargetPlace } from '../results/targets/target-place.js';
import type { Attempt } from './attempt.js';
import type { Question } from './question.js';
import type { Reuse } from './reuse.js';
import { storedAs } from './stored.js';
import { type Seen, waitFor } from './waiting.js';

export interface ExternalsParts {
  readonly keeper: ResultKeeper;
  readonly reuse: Reuse;
  readonly clock: Clock;
}

type Look = { readonly kept: Kept } | { readonly kept: undefined; readonly why: string; readonly cause?: unknown };

/** Waits for what others make (S26): looks, and looks again after a pause. It holds no slot. */
export class Externals {
  readonly #parts: ExternalsParts;
  /** What was found, until it is recorded. */
  readonly #found = new Map<number, Kept>();

  constructor(parts: ExternalsParts) {
    this.#parts = parts;
  }

  /** What a node has found: it stays where it lies. */
  take(node: number): Kept | undefined {
    const kept = this.#found.get(node);
    this.#found.delete(node);
    return kept;
  }

  /**
   * Resolves with the value. A server that cannot be asked ends the wait: it says nothing of the data.
   * @throws TimedOutError `EXTERNAL_TIMED_OUT`, saying what it waited for; the reason of the attempt's signal; what the store throws
   */
  async wait(attempt: Attempt, definition: TaskDefinition, place: TargetPlace | undefined, question: Question): Promise<unknown> {
    const { clock } = this.#parts;
    const { pollMs = 0, timeoutMs } = definition.external ?? {};
    const awaited = place === undefined ? `a result of '${definition.name}' for these inputs, computed by others` : `'${place.shown}'`;
    const kept = await waitFor({
      clock,
      signal: attempt.signal,
      until: timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + timeoutMs,
      look: () => scopes.exit(() => this.#look(place, question)),
      pauseAfter: () => pollMs,
      inVain: ({ why }, looks) => looks === 1 && attempt.line('info', `waits for ${awaited}: ${why}`),
      outOfTime: ({ why, cause }) => new TimedOutError(attempt.taskRunId, timeoutMs ?? 0, { awaited, why, cause }),
    });
    this.#found.set(attempt.node, kept);
    return kept.value;
  }

  async #look(place: TargetPlace | undefined, question: Question): Promise<Seen<Kept>> {
    const look = await (place === undefined ? this.#ask(question) : this.#parts.keeper.lookAt(place));
    return look.kept === undefined ? { found: undefined, why: look.why, cause: look.cause } : { found: { value: look.kept } };
  }

  async #ask(question: Question): Promise<Look> {
    const { keeper, reuse } = this.#parts;
    reuse.lookAgain(question.definition);
    const { hit, why } = await reuse.ask(question);
    if (hit === undefined) return { kept: undefined, why: why.detail === undefined ? why.kind : `${why.kind}: ${why.detail}` };
    const value = await keeper.load(hit.artifacts, question.definition);
    const artifacts = hit.artifacts.map(({ name, ref }) => ({ name, ref, inline: undefined }));
    return { kept: { value, valueDigest: storedAs(artifacts).valueDigest, artifacts } };
  }
}
