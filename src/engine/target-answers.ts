import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import { firstChange } from '../reads/changed-reads.js';
import type { Places } from '../reads/places.js';
import type { ResultKeeper } from '../results/result-keeper.js';
import type { FilePlace, TargetPlace } from '../results/targets/target-place.js';
import type { RunRecord } from '../runs/run-record.js';
import type { KnownAnswer } from './answer.js';

/** Whether a target is complete (S26): what the record says of its address, compared with what lies there. */
export class TargetAnswers {
  readonly #keeper: ResultKeeper;
  readonly #record: RunRecord;
  readonly #places: Places;
  #chosen: Promise<Addresses> | undefined;

  constructor({ keeper, record, places }: { readonly keeper: ResultKeeper; readonly record: RunRecord; readonly places: Places }) {
    this.#keeper = keeper;
    this.#record = record;
    this.#places = places;
  }

  /**
   * Some task run has answered the question: one of those results must still lie there. Not one that was made from other files than there are
   * now, though somebody may have put it back.
   * @param entries newest first, the first of them an answer
   */
  async recorded(place: TargetPlace, key: string, entries: readonly CacheEntryRow[]): Promise<KnownAnswer> {
    const refs = entries.flatMap(({ artifacts }) => artifacts.map(({ ref }) => ref));
    const found = await this.#keeper.compare(place, refs);
    if (typeof found === 'string')
      return { hit: undefined, key, why: { kind: found === 'missing' ? 'missing' : 'file-changed', detail: place.shown } };
    for (const entry of entries) {
      if (!entry.artifacts.some(({ ref }) => ref.contentDigest === found.contentDigest)) continue;
      if ((await firstChange(entry.reads ?? [], this.#places)) === undefined) return { hit: here(entry, place), key, why: undefined };
    }
    return { hit: undefined, key, why: { kind: 'file-changed', detail: place.shown } };
  }

  /**
   * No task run has: but others may have made the file, when the record knows nothing of its address. That a table is there says less: these rows
   * may not be in it.
   */
  async unrecorded(place: TargetPlace, key: string, why: Reason): Promise<KnownAnswer> {
    if (place.kind === 'custom' || (await this.#knows(place))) return { hit: undefined, key, why };
    const { kept } = await this.#keeper.lookAt(place);
    if (kept === undefined) return { hit: undefined, key, why };
    return {
      hit: undefined,
      adopted: kept,
      key,
      why: { kind: 'no-result', detail: `'${place.shown}' is there, made by no recorded run: it is taken as it is` },
    };
  }

  /** Relative addresses are known wherever the project lay when they were written. */
  async #knows(place: FilePlace): Promise<boolean> {
    this.#chosen ??= this.#record.chosenAddresses().then((all) => ({
      uris: new Set(all.map(({ uri }) => uri)),
      keys: new Set(all.map(({ key }) => key)),
    }));
    const { uris, keys } = await this.#chosen;
    return uris.has(place.uri) || (place.isRelative && keys.has(place.key));
  }
}

interface Addresses {
  readonly uris: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
}

/** The entry, saying where its result is now: the project may have been moved since. */
function here(entry: CacheEntryRow, { uri }: TargetPlace): CacheEntryRow {
  if (entry.artifacts.every(({ ref }) => ref.uri === uri)) return entry;
  const { taskVersion, key, task, run, index, createdAt, code, codeParts, version, inputs, reads } = entry;
  const artifacts = entry.artifacts.map(({ name, ref }) => ({ name, ref: { ...ref, uri } }));
  return { taskVersion, key, task, run, index, createdAt, code, codeParts, version, inputs, reads, artifacts };
}
