import type { CacheEntryRow } from '../../model/records.js';
import { checkDigest } from '../digests.js';

/** Cache entries in process memory: one per task run, found by task version or by task. */
export class MemoryEntries {
  readonly #numberOf: (run: string) => number;
  /** By run and place. */
  readonly #entries = new Map<string, CacheEntryRow>();
  /** Keys of `#entries` by task version. */
  readonly #versions = new Map<string, Set<string>>();

  /** @param numberOf a run's place in the order in which runs were opened; throws where there is no such run */
  constructor(numberOf: (run: string) => number) {
    this.#numberOf = numberOf;
  }

  put(entry: CacheEntryRow): void {
    const place = this.#placeOf(entry);
    this.#drop(place);
    this.#entries.set(place, entry);
    const places = this.#versions.get(entry.taskVersion);
    if (places === undefined) this.#versions.set(entry.taskVersion, new Set([place]));
    else places.add(place);
  }

  drop(entry: Pick<CacheEntryRow, 'run' | 'index'>): void {
    this.#drop(this.#placeOf(entry));
  }

  /** Those that point to one of these contents. */
  dropPointingTo(contentDigests: ReadonlySet<string>): void {
    for (const [place, { artifacts }] of this.#entries) if (artifacts.some(({ ref }) => contentDigests.has(ref.contentDigest))) this.#drop(place);
  }

  /** Newest first. @throws MillraceError `DIGEST_INVALID` */
  ofVersions(taskVersions: readonly string[]): readonly CacheEntryRow[] {
    const places = [...new Set(taskVersions)].flatMap((version) => [...(this.#versions.get(checkDigest('taskVersion', version)) ?? [])]);
    return this.#newestFirst(places.map((place) => this.#entries.get(place)).filter((entry) => entry !== undefined));
  }

  /** Newest first. */
  ofTask(task: string): readonly CacheEntryRow[] {
    return this.#newestFirst([...this.#entries.values()].filter((entry) => entry.task === task));
  }

  ofRun(run: string): readonly CacheEntryRow[] {
    return [...this.#entries.values()].filter((entry) => entry.run === run);
  }

  clear(): void {
    this.#entries.clear();
    this.#versions.clear();
  }

  #placeOf({ run, index }: Pick<CacheEntryRow, 'run' | 'index'>): string {
    return `${this.#numberOf(run)}:${index}`;
  }

  #drop(place: string): void {
    const entry = this.#entries.get(place);
    if (entry === undefined) return;
    this.#entries.delete(place);
    this.#versions.get(entry.taskVersion)?.delete(place);
  }

  #newestFirst(entries: CacheEntryRow[]): readonly CacheEntryRow[] {
    return entries.sort((a, b) => b.createdAt - a.createdAt || this.#numberOf(b.run) - this.#numberOf(a.run) || b.index - a.index);
  }
}
