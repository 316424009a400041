import type { CacheEntryRow } from '../model/records.js';
import type { RunRecord } from '../runs/run-record.js';

const NONE: readonly CacheEntryRow[] = Object.freeze([]);

/** What is known of one version of a task: its entries, by key. */
export class History {
  /** As they were recorded, newest first. */
  readonly all: readonly CacheEntryRow[];
  /** Nearly every key has one entry: a list for each of ten thousand would be most of what is held. */
  readonly #byKey = new Map<string, CacheEntryRow | readonly CacheEntryRow[]>();

  constructor(all: readonly CacheEntryRow[]) {
    this.all = all;
    for (const entry of all) {
      const { key } = entry;
      const known = this.#byKey.get(key);
      this.#byKey.set(key, known === undefined ? entry : [...listOf(known), entry]);
    }
  }

  /** Newest first. */
  entriesOf(key: string): readonly CacheEntryRow[] {
    const known = this.#byKey.get(key);
    return known === undefined ? NONE : listOf(known);
  }

  add(entry: CacheEntryRow): void {
    const known = this.#byKey.get(entry.key);
    this.#byKey.set(entry.key, known === undefined ? entry : [entry, ...listOf(known)]);
  }

  remove(entry: CacheEntryRow): void {
    this.#byKey.set(
      entry.key,
      this.entriesOf(entry.key).filter((other) => other !== entry),
    );
  }
}

function listOf(known: CacheEntryRow | readonly CacheEntryRow[]): readonly CacheEntryRow[] {
  return isList(known) ? known : [known];
}

function isList(known: CacheEntryRow | readonly CacheEntryRow[]): known is readonly CacheEntryRow[] {
  return Array.isArray(known);
}

/** The earlier results of the tasks of a run, by their versions: each version comes in one scan, when it is first asked about. */
export class Histories {
  readonly #record: Pick<RunRecord, 'entries'>;
  readonly #histories = new Map<string, History | Promise<History>>();
  #wanted: string[] = [];
  #loading: Promise<ReadonlyMap<string, readonly CacheEntryRow[]>> | undefined;

  constructor(record: Pick<RunRecord, 'entries'>) {
    this.#record = record;
  }

  of(version: string): History | Promise<History> {
    return this.#histories.get(version) ?? this.#load(version);
  }

  /** A new entry; where nobody has asked yet, it is read with the others. */
  add(entry: CacheEntryRow): void {
    this.#loaded(entry.taskVersion)?.add(entry);
  }

  remove(entry: CacheEntryRow): void {
    this.#loaded(entry.taskVersion)?.remove(entry);
  }

  /** It is read again when it is next asked about. */
  drop(version: string): void {
    this.#histories.delete(version);
  }

  #loaded(version: string): History | undefined {
    const history = this.#histories.get(version);
    return history instanceof Promise ? undefined : history;
  }

  /** Versions that are asked about in one turn of the loop are one look-up. */
  #load(version: string): Promise<History> {
    this.#wanted.push(version);
    this.#loading ??= Promise.resolve().then(() => this.#loadWanted());
    const loading = this.#loading.then((entries) => {
      const history = new History(entries.get(version) ?? []);
      this.#histories.set(version, history);
      return history;
    });
    this.#histories.set(version, loading);
    return loading;
  }

  async #loadWanted(): Promise<ReadonlyMap<string, readonly CacheEntryRow[]>> {
    const wanted = this.#wanted;
    this.#wanted = [];
    this.#loading = undefined;
    const byVersion = new Map<string, CacheEntryRow[]>();
    const entries = await this.#record.entries(wanted);
    const [only, another] = wanted;
    if (only !== undefined && another === undefined) return new Map([[only, entries]]);
    for (const entry of entries) {
      const same = byVersion.get(entry.taskVersion);
      if (same) same.push(entry);
      else byVersion.set(entry.taskVersion, [entry]);
    }
    return byVersion;
  }
}
