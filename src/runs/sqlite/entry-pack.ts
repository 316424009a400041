import type { ArtifactRef } from '../../model/artifact.js';
import type { CacheEntryRow } from '../../model/records.js';
import { checkDigest } from '../digests.js';
import { packColumn, packedBy, unpackValue } from './columns.js';
import type { SqlValue } from './statement.js';

/**
 * Cache entries that were written together, of one run and one version of a task, are one row. A run that asks ten thousand times reads twenty rows,
 * and parses of them what it asks for: keys always, digests of arguments only to explain a miss.
 */

type Artifacts = CacheEntryRow['artifacts'];

/** A result that lies whole in the record, as most do, is known by these four; its address is its digest. */
type InlineResult = readonly [contentDigest: string, valueDigest: string, bytes: number, format: string];

/** What all entries of a pack have in common. */
export type EntryKind = Pick<CacheEntryRow, 'taskVersion' | 'task' | 'code' | 'codeParts' | 'version' | 'run'>;

export const PACK_COLUMNS = 'first_place, last_place, newest, reads, places, keys, times, inputs, results, artifacts'.split(', ');

/** @throws MillraceError `DIGEST_INVALID`, `RECORD_VALUE_INVALID` */
export function packValues(entries: readonly CacheEntryRow[]): SqlValue[] {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  for (const { index, createdAt } of entries) {
    if (index < first) first = index;
    if (index > last) last = index;
    if (createdAt > newest) newest = createdAt;
  }
  const results = entries.map(({ artifacts }) => inlineResult(artifacts));
  const columns = [
    packedBy(entries, ({ index }) => index),
    packedBy(entries, ({ key }) => checkDigest('key', key)),
    packedBy(entries, ({ createdAt }) => createdAt),
    packedBy(entries, ({ inputs }) => inputs),
    packColumn(results),
    packColumn(entries.map(({ artifacts }, at) => (results[at] ? undefined : artifacts))),
  ];
  return [first, last, newest, readsText(entries), ...columns.map((column) => JSON.stringify(column))];
}

/** Nothing at all where none read a file, as most tasks do. */
function readsText(entries: readonly CacheEntryRow[]): SqlValue {
  return entries.some(({ reads }) => reads) ? JSON.stringify(packedBy(entries, ({ reads }) => reads)) : null;
}

/** Undefined for what lies elsewhere, or is of several parts. */
function inlineResult(artifacts: Artifacts): InlineResult | undefined {
  for (const { ref } of artifacts) checkDigest('contentDigest', ref.contentDigest);
  const [first] = artifacts;
  if (artifacts.length !== 1 || first === undefined || first.name !== '') return undefined;
  const { uri, key, contentDigest, valueDigest, bytes, format } = first.ref;
  return key === contentDigest && uri === recordUri(contentDigest) ? [contentDigest, valueDigest, bytes, format] : undefined;
}

function artifactsOf([contentDigest, valueDigest, bytes, format]: InlineResult): Artifacts {
  const ref: ArtifactRef = { uri: recordUri(contentDigest), key: contentDigest, contentDigest, valueDigest, bytes, format };
  return [{ name: '', ref }];
}

function recordUri(contentDigest: string): string {
  return `record:${contentDigest}`;
}

type PackedColumns = readonly [reads: string | null, places: string, keys: string, times: string, inputs: string, results: string, artifacts: string];

const NOTHING: readonly unknown[] = Object.freeze([undefined]);

/** One row of packed entries, read. */
export class EntryPack {
  readonly kind: EntryKind;
  /** The run's place in the order in which runs were opened. */
  readonly runNumber: number;
  readonly #places: readonly unknown[];
  readonly #keys: readonly unknown[];
  readonly #times: readonly unknown[];
  readonly #artifacts: readonly unknown[];
  #reads: string | readonly unknown[];
  #inputs: string | readonly unknown[];
  #results: string | readonly unknown[];

  /** @param columns those of `PACK_COLUMNS` from `reads` on */
  constructor(kind: EntryKind, runNumber: number, columns: readonly SqlValue[]) {
    this.kind = kind;
    this.runNumber = runNumber;
    const [reads, places, keys, times, inputs, results, artifacts] = columns as readonly SqlValue[] as unknown as PackedColumns;
    this.#places = listOf(places);
    this.#keys = listOf(keys);
    this.#times = listOf(times);
    this.#artifacts = listOf(artifacts);
    this.#reads = reads ?? NOTHING;
    this.#inputs = inputs;
    this.#results = results;
  }

  get entries(): readonly PackedEntry[] {
    const entries: PackedEntry[] = [];
    this.addReversed(entries);
    return entries.reverse();
  }

  /** Written as they ended: read backwards they are in order already. */
  addReversed(entries: PackedEntry[]): void {
    // No two have the same place, so this list is never shortened.
    for (let at = this.#places.length - 1; at >= 0; at -= 1) {
      entries.push(new PackedEntry(this, at, this.#places[at] as number, unpackValue(this.#keys, at), unpackValue(this.#times, at)));
    }
  }

  reads(at: number): CacheEntryRow['reads'] {
    if (this.#reads === NOTHING) return undefined;
    if (typeof this.#reads === 'string') this.#reads = listOf(this.#reads);
    return unpackValue(this.#reads, at);
  }

  inputs(at: number): CacheEntryRow['inputs'] {
    if (typeof this.#inputs === 'string') this.#inputs = listOf(this.#inputs);
    return unpackValue(this.#inputs, at);
  }

  isInline(at: number): boolean {
    return unpackValue(this.#artifacts, at) === undefined;
  }

  artifacts(at: number): Artifacts {
    const artifacts = unpackValue<Artifacts | undefined>(this.#artifacts, at);
    if (artifacts !== undefined) return artifacts;
    if (typeof this.#results === 'string') this.#results = listOf(this.#results);
    return artifactsOf(unpackValue(this.#results, at));
  }
}

/** Of ten thousand entries that a run loads it may look into none: what is not a key is read when it is asked for. */
export class PackedEntry implements CacheEntryRow {
  readonly key: string;
  readonly index: number;
  readonly createdAt: number;
  readonly #pack: EntryPack;
  readonly #at: number;
  #artifacts: Artifacts | undefined;

  constructor(pack: EntryPack, at: number, index: number, key: string, createdAt: number) {
    this.#pack = pack;
    this.#at = at;
    this.index = index;
    this.key = key;
    this.createdAt = createdAt;
  }

  get taskVersion(): string {
    return this.#pack.kind.taskVersion;
  }

  get task(): string {
    return this.#pack.kind.task;
  }

  get run(): string {
    return this.#pack.kind.run;
  }

  get code(): string {
    return this.#pack.kind.code;
  }

  get codeParts(): string | undefined {
    return this.#pack.kind.codeParts;
  }

  get version(): string | undefined {
    return this.#pack.kind.version;
  }

  get inputs(): CacheEntryRow['inputs'] {
    return this.#pack.inputs(this.#at);
  }

  get reads(): CacheEntryRow['reads'] {
    return this.#pack.reads(this.#at);
  }

  get artifacts(): Artifacts {
    this.#artifacts ??= this.#pack.artifacts(this.#at);
    return this.#artifacts;
  }

  get inRecord(): boolean {
    return this.#pack.isInline(this.#at);
  }

  /** Newest first; of those of one time, by the order of their runs. */
  static newestFirst(a: PackedEntry, b: PackedEntry): number {
    return b.createdAt - a.createdAt || b.#pack.runNumber - a.#pack.runNumber || b.index - a.index;
  }
}

function listOf(json: string): readonly unknown[] {
  return JSON.parse(json) as readonly unknown[];
}
