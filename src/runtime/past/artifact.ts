import { MillraceError } from '../../base/error.js';
import type { ArtifactInfo, Listing, TaskInfo } from '../../flow/past.js';
import type { ArtifactKind, ArtifactRef } from '../../model/artifact.js';
import { TASK_DEFAULTS } from '../../model/task-definition.js';
import type { NamedRef } from '../../results/result-keeper.js';
import { type Facts, Shown } from './display.js';
import { whereItLies } from './elsewhere.js';
import { keeperOf, type PastSource } from './source.js';

/** What an artifact without a name, which is a whole result, is called. */
const WHOLE = 'result';

/** A task run; or what else gave it, for people. */
type Producer = TaskInfo | string;
type HowShown = { readonly kind?: ArtifactKind; readonly contentType?: string };

export class PastArtifact extends Shown implements ArtifactInfo {
  readonly name: string;
  readonly uri: string;
  readonly key: string;
  readonly contentDigest: string;
  readonly valueDigest: string;
  readonly bytes: number;
  readonly format: string;
  readonly kind?: ArtifactKind;
  readonly contentType?: string;
  readonly #source: PastSource;
  readonly #producer: Producer;
  readonly #consumers: () => Listing<TaskInfo>;

  constructor(source: PastSource, { name, ref, kind, contentType }: NamedRef & HowShown, producer: Producer, consumers: () => Listing<TaskInfo>) {
    super();
    this.name = name === '' ? WHOLE : name;
    this.uri = ref.uri;
    this.key = ref.key;
    this.contentDigest = ref.contentDigest;
    this.valueDigest = ref.valueDigest;
    this.bytes = ref.bytes;
    this.format = ref.format;
    if (kind !== undefined) this.kind = kind;
    if (contentType !== undefined) this.contentType = contentType;
    this.#source = source;
    this.#producer = producer;
    this.#consumers = consumers;
  }

  async load<T>(): Promise<T> {
    await using project = await this.#source.open();
    const { uri, key, contentDigest, valueDigest, bytes, format } = this;
    const ref: ArtifactRef = { uri, key, contentDigest, valueDigest, bytes, format };
    const load = async (): Promise<T> => (await keeperOf(project, this.#source).load([{ name: '', ref }], TASK_DEFAULTS)) as T;
    if (typeof this.#producer === 'string') return await load();
    return await whereItLies(project.record, this.#producer.origin?.run ?? this.#producer.run, load);
  }

  async producer(): Promise<TaskInfo> {
    if (typeof this.#producer !== 'string') return this.#producer;
    throw new MillraceError('TASK_RUN_UNKNOWN', `artifact '${this.name}' was given by no task run; it is one of ${this.#producer}`);
  }

  consumers(): Listing<TaskInfo> {
    return this.#consumers();
  }

  protected facts(): Facts {
    const { kind, contentType, format, bytes, uri, contentDigest, valueDigest } = this;
    return {
      kind: 'Artifact',
      title: `${typeof this.#producer === 'string' ? this.#producer : this.#producer.id}/${this.name}`,
      facts: Object.entries({ kind, contentType, format, bytes, uri, contentDigest, valueDigest }),
    };
  }
}
