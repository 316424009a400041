import { asError, describe, MillraceError } from '../base/error.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ArtifactData, MetricData, RunEvent } from '../model/event.js';
import { isSafeName, NAME_RULE } from '../model/name-rule.js';
import { type MetricRow, PARAMETERS_PLACE, type RunArtifactRow } from '../model/records.js';
import type { Serializer } from '../model/serializer.js';
import type { ArtifactOptions } from '../model/task-context.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import { type ArtifactForm, completed, formOf } from '../results/artifacts/artifact-form.js';
import { maskedBytes, maskedStream, maskedValue } from '../results/artifacts/masked-value.js';
import { isTextual } from '../results/artifacts/media-type.js';
import type { Kept, ResultKeeper } from '../results/result-keeper.js';
import type { EventHub } from './event-hub.js';
import type { Journal, MetricSource } from './journal.js';

export interface SideOutputParts {
  readonly keeper: ResultKeeper;
  readonly journal: Journal;
  readonly hub: EventHub;
  readonly now: () => number;
  /** Replaces secrets in texts (S18), and in bytes read as latin1. Undefined: there are none. */
  readonly masks: { readonly text: (text: string) => string; readonly bytes: (latin1: string) => string } | undefined;
  /** A line of the log of who gave it. */
  readonly warn: (giver: Giver, text: string) => void;
}

/** A file that is a parameter. */
interface GivenFile {
  readonly path: string;
  readonly digest: string;
  readonly content: Uint8Array;
  readonly delimiter?: string | undefined;
}

/** An attempt of a task run, or a body. */
export interface Giver {
  /** The place of its rows. */
  readonly index: number;
  readonly attempt: number;
  /** Its node's id; undefined for the body of the run. */
  readonly node: string | undefined;
}

/** What the attempts and bodies of one run give beside their results. */
export class SideOutputs {
  readonly parts: SideOutputParts;
  readonly #underWay = new Set<Promise<unknown>>();
  /** The run is recorded as ended: nothing can be added to it. */
  closed = false;

  constructor(parts: SideOutputParts) {
    this.parts = parts;
  }

  of(giver: Giver): SideOutput {
    return new SideOutput(this, giver);
  }

  /**
   * Keeps the content of a file that is a parameter of the run (S18), so that the run can be looked into, and taken up again, when the file is
   * no more as it was.
   * @throws what the store throws
   */
  async keepParameter(name: string, file: GivenFile): Promise<void> {
    const { path, digest, delimiter } = file;
    const stream = async function* (): AsyncIterable<Uint8Array> {
      yield file.content;
    };
    await this.of({ index: PARAMETERS_PLACE, attempt: 0, node: undefined }).keep(name, { path, digest, delimiter, stream });
  }

  /** Resolves when all that was given is stored, or could not be. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
  }

  follow(work: Promise<unknown>): void {
    this.#underWay.add(work);
    const done = (): void => void this.#underWay.delete(work);
    work.then(done, done);
  }
}

/** What one attempt, or one body, gives beside its result: artifacts and metrics. */
export class SideOutput {
  readonly #run: SideOutputs;
  readonly #giver: Giver;
  #series: Map<string, MetricSource> | undefined;
  #underWay: Set<Promise<unknown>> | undefined;
  #isOver = false;
  #isDropped = false;

  constructor(run: SideOutputs, giver: Giver) {
    this.#run = run;
    this.#giver = giver;
  }

  /** Artifacts on their way to the store; undefined when there are none. */
  get pending(): Promise<unknown> | undefined {
    return this.#underWay === undefined || this.#underWay.size === 0 ? undefined : this.#settled();
  }

  /** Nothing may be given any more. @param dropped nor is what is still on its way to be recorded */
  end(dropped: boolean): void {
    this.#isOver = true;
    this.#isDropped ||= dropped;
  }

  artifact(name: string, value: unknown, options: ArtifactOptions = {}): Promise<ArtifactRef> {
    const kept = this.#artifact(name, value, options);
    kept.catch((error: unknown) => this.#run.parts.warn(this.#giver, `not kept: ${asError(error).message}`));
    this.#underWay ??= new Set();
    this.#underWay.add(kept);
    const done = (): void => void this.#underWay?.delete(kept);
    kept.then(done, done);
    this.#run.follow(kept);
    return kept;
  }

  metric(name: string, value: number, step?: number): void {
    if (this.#isOver || this.#run.closed) return;
    const source = this.#series?.get(name) ?? this.#newSeries(name);
    if (typeof value !== 'number') throw metricInvalid(name, 'a number', value);
    if (step !== undefined && !Number.isFinite(step)) throw metricInvalid(name, 'a finite step', step);
    // No column knows -0 from 0.
    const at = (step ?? source.nextStep) + 0;
    source.nextStep = Math.floor(at) + 1;
    this.#run.parts.journal.point(source, at, value, this.#run.parts.hub.active ? (row) => this.#tellMetric(row) : undefined);
  }

  async #artifact(name: string, value: unknown, { serializer }: ArtifactOptions): Promise<ArtifactRef> {
    this.#check(name);
    return await this.keep(name, value, serializer);
  }

  #check(name: string): void {
    if (!isSafeName(name)) throw new MillraceError('ARTIFACT_NAME_INVALID', `expected the name of an artifact: ${NAME_RULE}; got ${describe(name)}`);
    if (this.#isOver || this.#run.closed)
      throw new MillraceError('ATTEMPT_OVER', `the artifact '${name}' was given after its attempt had ended`, {
        hint: 'Await what the task starts before it returns.',
      });
  }

  /** Under whatever name. */
  async keep(name: string, value: unknown, serializer?: Serializer): Promise<ArtifactRef> {
    const { masks, keeper, now } = this.#run.parts;
    const at = now();
    const form = await completed(withoutSecrets(formOf(value, serializer), masks), value);
    const kept = await this.#keep(keeper, name, form);
    const [stored] = kept.artifacts;
    if (stored === undefined) throw new MillraceError('ARTIFACT_INVALID', `the artifact '${name}' left nothing to keep`);
    const ref: ArtifactRef = form.format === undefined ? stored.ref : { ...stored.ref, format: form.format };
    const { index, attempt } = this.#giver;
    const { kind, contentType } = form;
    const shownName = masks === undefined ? name : masks.text(name);
    if (!this.#isDropped && !this.#run.closed) this.#record({ index, attempt, name: shownName, kind, contentType, at, ref, inline: stored.inline });
    return ref;
  }

  async #keep(keeper: ResultKeeper, name: string, { value, serializer }: ArtifactForm): Promise<Kept> {
    try {
      return await keeper.keep(value, { ...TASK_DEFAULTS, kind: 'task', name, fn: () => undefined, serializer });
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'RESULT_NOT_STORABLE') throw error;
      throw new MillraceError(error.code, `artifact '${name}': ${error.message.replace(/^the result /, 'it ')}`, {
        cause: error.cause,
        hint: 'Give { serializer }, or plain data.',
      });
    }
  }

  #record(row: RunArtifactRow): void {
    const { hub, journal } = this.#run.parts;
    const { attempt, name, kind, contentType, ref } = row;
    const data: ArtifactData = { attempt, name, kind, contentType, ref };
    journal.runArtifact(row, hub.active ? () => hub.emit(this.#event('artifact', row.at, data)) : undefined);
  }

  #newSeries(name: string): MetricSource {
    const parts = typeof name === 'string' ? name.split('/') : [];
    if (parts.length === 0 || !parts.every(isSafeName) || name.length > LONGEST_METRIC)
      throw new MillraceError('METRIC_INVALID', `expected the name of a metric: ${NAME_RULE}, also in parts (train/loss); got ${describe(name)}`);
    const { index, attempt } = this.#giver;
    const shownName = this.#run.parts.masks?.text(name) ?? name;
    const source: MetricSource = { index, attempt, name: shownName, count: 0, nextStep: 0 };
    this.#series ??= new Map();
    this.#series.set(name, source);
    return source;
  }

  #tellMetric({ at, attempt, name, steps, values }: MetricRow): void {
    const data: MetricData = { attempt, name, steps, values };
    this.#run.parts.hub.emit(this.#event('metric', at, data));
  }

  #event(type: 'artifact' | 'metric', at: number, data: unknown): RunEvent {
    const { node } = this.#giver;
    return { at: new Date(at), type, data, ...(node === undefined ? {} : { node }) };
  }

  async #settled(): Promise<void> {
    while (this.#underWay !== undefined && this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
  }
}

const LONGEST_METRIC = 200;

function withoutSecrets(form: ArtifactForm, masks: SideOutputParts['masks']): ArtifactForm {
  if (masks === undefined) return form;
  const { value, contentType } = form;
  if (value instanceof Uint8Array) return isTextual(contentType) ? { ...form, value: maskedBytes(value, masks.bytes) } : form;
  const isStream = typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
  if (!isStream) return { ...form, value: maskedValue(value, masks.text) };
  return isTextual(contentType) ? { ...form, value: maskedStream(value as AsyncIterable<Uint8Array>, masks.bytes) } : form;
}

function metricInvalid(name: string, expected: string, got: unknown): MillraceError {
  return new MillraceError('METRIC_INVALID', `metric '${name}' expected ${expected}; got ${describe(got)}`);
}
