import { valueDigest } from '../base/canonical.js';
import { MillraceError } from '../base/error.js';
import { isThenable } from '../base/thenable.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { ResultStore } from '../model/result-store.js';
import type { Serializer } from '../model/serializer.js';
import { customAddress } from '../model/target.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { taughtForm } from './class-registry.js';
import { findStores, storesToRead } from './find-store.js';
import { serializerFor } from './formats/built-in.js';
import { isStreamFormat } from './formats/byte-stream.js';
import { json } from './json.js';
import { joinOutputs, outputsDigest, REST, replaceOutputs, type SplitResult, splitOutputs } from './named-outputs.js';
import { checkInline, decodeStored, loadStored, openStored, streamOfBytes } from './result-reader.js';
import { createResultWriter, type StoredPart } from './result-writer.js';
import { isInline } from './store-address.js';
import type { TargetPlace } from './targets/target-place.js';
import { compareTarget, lookAtTarget, writeTarget } from './targets/target-results.js';

/** An artifact that was just stored. `name` is empty for the whole result, or for what is no named output. */
export interface StoredArtifact {
  readonly name: string;
  readonly ref: ArtifactRef;
  /** The bytes, when they belong into the record. */
  readonly inline: Uint8Array | undefined;
}

export interface Kept {
  /** What downstream tasks get: equal to what will be read back (S16). */
  readonly value: unknown;
  readonly valueDigest: string;
  readonly artifacts: readonly StoredArtifact[];
}

export type NamedRef = Pick<StoredArtifact, 'name' | 'ref'>;

/** A result to be read back. */
export interface LoadRequest {
  readonly artifacts: readonly NamedRef[];
  readonly definition: Pick<TaskDefinition, 'serializer' | 'outputs' | 'store'> & Partial<Pick<TaskDefinition, 'name' | 'target'>>;
}

export type Loaded = { readonly value: unknown } | { readonly error: unknown };

/** Turns results into stored bytes and back. Small ones are handed to the record, larger ones go to a store (S19, S21). */
export interface ResultKeeper {
  /**
   * Encodes, digests and stores a result; synchronous, also in what it throws, whenever nothing asynchronous is needed.
   * @param place the address that the task chose: what lies there is replaced (S26)
   * @throws MillraceError `RESULT_NOT_STORABLE`, `OUTPUT_MISSING`, `SERIALIZER_MISBEHAVED`, and what the store throws
   */
  keep(value: unknown, definition: TaskDefinition, place?: TargetPlace): Kept | Promise<Kept>;
  /** What others have left at an address, when it can be decoded; else why not. @throws what the store throws when it cannot be asked */
  lookAt(place: TargetPlace): Promise<{ readonly kept: Kept } | { readonly kept: undefined; readonly why: string; readonly cause?: unknown }>;
  /** Which of the results that were recorded for an address lies there: verified in full, and never moved (S26). */
  compare(place: TargetPlace, recorded: readonly ArtifactRef[]): Promise<ArtifactRef | 'changed' | 'missing'>;
  /**
   * Reads a result back, verifying its digest in full (S25).
   * @throws ResultUnavailableError `RESULT_MISSING`, `RESULT_CORRUPTED`, `STORE_UNKNOWN`, `FORMAT_UNKNOWN`, `RESULT_UNREADABLE`, with the ref concerned; MillraceError `CLASS_UNKNOWN`
   */
  load(artifacts: readonly NamedRef[], definition: LoadRequest['definition']): Promise<unknown>;
  /**
   * As `load`, for many at once: what lies in the record comes in a few look-ups. Meant for small results, since all are held together.
   * What is wrong with one is told of that one, in its place; rejects only when the record cannot be read.
   */
  loadMany(requests: readonly LoadRequest[]): Promise<readonly Loaded[]>;
  /** Do bytes of the right length lie there? Cheap: nothing is read from a store. */
  present(ref: ArtifactRef, definition: Pick<TaskDefinition, 'store'>): Promise<Presence>;
}

/** `elsewhere`: in none of the stores that this process has, which the one that wrote it is not among. */
export type Presence = 'here' | 'gone' | 'elsewhere';

export interface ResultKeeperOptions {
  /** Where results lie that are too large for the record, unless their task has a store of its own. */
  readonly store: ResultStore;
  /** Results of at most this many bytes live in the record's database. @default 32768 */
  readonly inlineLimit?: number;
  /** Reads small results from the record; those it does not have are absent. */
  readInline(contentDigests: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** Two or three milliseconds of reading and decoding. */
const LOADS_AT_ONCE = 256;

export function createResultKeeper(options: ResultKeeperOptions): ResultKeeper {
  const { store, inlineLimit = 32_768 } = options;
  const writer = createResultWriter(store, inlineLimit);
  const standard = json();

  return {
    keep(value, definition, place) {
      if (place !== undefined) return writeTarget(place, value, writer).then(keptWhole);
      if (definition.outputs !== undefined)
        return keepOutputs(splitOutputs(value, definition.outputs, definition.name), value as object, definition, definition.outputs);
      const part = writer.write(value, serializerFor(value, definition.serializer), definition.store);
      return part instanceof Promise ? part.then(keptWhole) : keptWhole(part);
    },

    async lookAt(place) {
      const look = await lookAtTarget(place);
      return look.found === undefined ? { kept: undefined, why: look.why, cause: look.cause } : { kept: keptWhole(look.found) };
    },

    compare: compareTarget,

    async load(artifacts, definition) {
      return await whole({ artifacts, definition }, await readInlineOf(artifacts));
    },

    async loadMany(requests) {
      const loaded: Loaded[] = [];
      for (let from = 0; from < requests.length; from += LOADS_AT_ONCE) {
        // Reading and decoding may be synchronous all the way: timers, heartbeats and signals have their turn in between.
        if (from > 0) await new Promise((resolve) => setImmediate(resolve));
        const some = requests.slice(from, from + LOADS_AT_ONCE);
        const inline = await readInlineOf(some.flatMap(({ artifacts }) => artifacts));
        const started = some.map((request) => attempt(() => whole(request, inline)));
        loaded.push(...(started.some((one) => one instanceof Promise) ? await Promise.all(started) : (started as Loaded[])));
      }
      return loaded;
    },

    async present(ref, definition) {
      if (isInline(ref)) return (await options.readInline([ref.contentDigest])).get(ref.contentDigest)?.length === ref.bytes ? 'here' : 'gone';
      const { stores, certain } = findStores(ref, definition.store, store);
      for (const one of stores) if ((await one.head(ref.key))?.bytes === ref.bytes) return 'here';
      return certain ? 'gone' : 'elsewhere';
    },
  };

  function keepOutputs(
    split: SplitResult,
    value: object,
    definition: TaskDefinition,
    outputs: NonNullable<TaskDefinition['outputs']>,
  ): Kept | Promise<Kept> {
    const names = split.named.map(([name]) => name);
    const writes = split.named.map(
      ([name, part]) =>
        () =>
          atOutput(name, () => writer.write(part, serializerFor(part, outputs[name]), definition.store)),
    );
    if (split.frame !== undefined) {
      names.push(REST);
      writes.push(() => writer.write(split.frame, standard, definition.store));
    }
    const parts = startAll(writes);
    const finish = (written: readonly StoredPart[]) => keptOutputs(names, written, split, value);
    return parts.some((part) => part instanceof Promise) ? Promise.all(parts).then(finish) : finish(parts as readonly StoredPart[]);
  }

  async function readInlineOf(artifacts: readonly NamedRef[]): Promise<InlineBytes> {
    const digests = artifacts.filter(({ ref }) => isInline(ref)).map(({ ref }) => ref.contentDigest);
    return digests.length === 0 ? new Map() : await options.readInline(digests);
  }

  /** Synchronous, also in what it throws, for a small result in one part whose serializer is. */
  function whole({ artifacts, definition }: LoadRequest, inline: InlineBytes): unknown {
    const [first] = artifacts;
    if (first === undefined)
      throw new MillraceError('RESULT_MISSING', 'the task run has no stored result', {
        hint: 'It ran with persist: false, or before it was recorded.',
      });
    const { target, name = '' } = definition;
    // A table knows by itself where it lies, and how it is read.
    if (target?.kind === 'custom' && first.ref.uri === customAddress(target.target, name)) return target.target.read();
    if (artifacts.length === 1 && first.name === REST) return part(first.ref, definition.serializer, definition, inline);
    return joined(artifacts, definition, inline);
  }

  function part(ref: ArtifactRef, serializer: Serializer | undefined, definition: LoadRequest['definition'], inline: InlineBytes): unknown {
    const streamed = isStreamFormat(ref.format);
    if (isInline(ref)) {
      const bytes = checkInline(ref, inline.get(ref.contentDigest));
      return streamed ? streamOfBytes(bytes) : decodeStored(ref, bytes, serializer);
    }
    const stores = storesToRead(ref, definition.store, store);
    if (streamed) return openStored(stores, ref);
    return loadStored(stores, ref, serializer);
  }

  async function joined(artifacts: readonly NamedRef[], definition: LoadRequest['definition'], inline: InlineBytes): Promise<unknown> {
    const parts = new Map<string, unknown>();
    for (const { name, ref } of artifacts) parts.set(name, await part(ref, serializerOf(name, definition), definition, inline));
    const frame = parts.get(REST) as object | undefined;
    parts.delete(REST);
    return joinOutputs(parts, frame, definition.outputs);
  }
}

type InlineBytes = ReadonlyMap<string, Uint8Array>;

/** What came of it, or a promise of that. */
function attempt(load: () => unknown): Loaded | Promise<Loaded> {
  try {
    const value = load();
    if (!isThenable(value)) return { value };
    return Promise.resolve(value).then(
      (settled) => ({ value: settled }),
      (error: unknown) => ({ error }),
    );
  } catch (error) {
    return { error };
  }
}

function keptWhole({ value, ref, inline }: StoredPart): Kept {
  return { value, valueDigest: ref.valueDigest, artifacts: [{ name: REST, ref, inline }] };
}

function keptOutputs(names: readonly string[], written: readonly StoredPart[], split: SplitResult, value: object): Kept {
  // The rest is digested without the marks that keep the order: key order is no part of a value.
  const restDigest = valueDigest(split.rest, taughtForm);
  const artifacts = written.map(({ ref, inline }, at) => {
    const name = names[at] as string;
    return { name, inline, ref: name === REST ? { ...ref, valueDigest: restDigest } : ref };
  });
  const digests = artifacts.filter(({ name }) => name !== REST).map(({ name, ref }) => [name, ref.valueDigest] as const);
  const changed = split.named.flatMap(([name, part], at) => (Object.is(written[at]?.value, part) ? [] : [[name, written[at]?.value] as const]));
  return {
    value: changed.length === 0 ? value : replaceOutputs(value, new Map(changed)),
    valueDigest: outputsDigest([...digests, [REST, restDigest]]),
    artifacts,
  };
}

/** The rest is always written by the default serializer; without `outputs`, in a reading done elsewhere, the format alone must tell. */
function serializerOf(name: string, definition: Pick<TaskDefinition, 'outputs'>): Serializer | undefined {
  return name === REST ? undefined : definition.outputs?.[name];
}

/** When one is refused at once, the others that are under way must not fail unheard. */
function startAll<T>(starts: readonly (() => T | Promise<T>)[]): readonly (T | Promise<T>)[] {
  const started: (T | Promise<T>)[] = [];
  try {
    for (const start of starts) started.push(start());
  } catch (error) {
    for (const one of started) if (one instanceof Promise) one.catch(() => undefined);
    throw error;
  }
  return started;
}

/** A refusal names the output first: the path after it starts there. */
function atOutput<T>(name: string, write: () => T | Promise<T>): T | Promise<T> {
  const rethrow = (error: unknown): never => {
    if (error instanceof MillraceError && error.code === 'RESULT_NOT_STORABLE') {
      throw new MillraceError(error.code, `output '${name}': ${error.message}`, {
        cause: error.cause,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
    throw error;
  };
  try {
    const made = write();
    return made instanceof Promise ? made.catch(rethrow) : made;
  } catch (error) {
    return rethrow(error);
  }
}
