import { cacheKey } from '../cache/key.js';
import { compareCode } from '../code/compare-code.js';
import type { CacheContext } from '../model/cache-policy.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import { changedReads, changedSmallReads, changesText } from '../reads/changed-reads.js';
import type { Places } from '../reads/places.js';
import type { RunRecord } from '../runs/run-record.js';
import { EarlierCalls } from './earlier-calls.js';
import type { MissFacts } from './explain.js';
import type { History } from './histories.js';
import { shownFileName } from './inputs.js';
import type { Question } from './question.js';
import type { TaskVersions, Version } from './task-versions.js';

/** Of one question, what has been looked up. */
export interface Found {
  readonly question: Question;
  readonly version: Version;
  readonly history: History;
  readonly context: CacheContext;
  readonly key: string | undefined;
  /** Entries of the key, whether or not their files are as they were. */
  readonly known: readonly CacheEntryRow[];
}

export interface MissesParts {
  readonly record: RunRecord;
  readonly places: Places;
  readonly versions: TaskVersions;
  /** Those of these entries that answer now: the files they read are as they were. */
  readonly answering: (entries: readonly CacheEntryRow[]) => readonly CacheEntryRow[] | Promise<readonly CacheEntryRow[]>;
}

/** Entries of other versions that are looked through to explain a miss: more than a map has children, as a rule. */
const MOST_EXPLAINED_BY = 20_000;

/** What calls without an earlier result are explained by (S27): looked up for the first that is missed, and never where none is. */
export class Misses {
  readonly #parts: MissesParts;
  /** By history, with the entries of other versions of the task. */
  readonly #earlier = new WeakMap<History, EarlierCalls | Promise<EarlierCalls>>();
  readonly #changes = new Map<string, readonly Reason[]>();

  constructor(parts: MissesParts) {
    this.#parts = parts;
  }

  /** What a miss is told by: the newest result of the very key, whose files have changed since, or the call that was most alike. */
  explain(found: Found): MissFacts | Promise<MissFacts> {
    const [newest] = found.known;
    if (newest !== undefined) return this.#filesChanged(found, newest);
    const earlier = this.#earlier.get(found.history) ?? this.#load(found);
    return earlier instanceof Promise ? earlier.then((loaded) => this.#compared(found, loaded)) : this.#compared(found, earlier);
  }

  #load({ history, question, version }: Found): Promise<EarlierCalls> {
    const loading = this.#parts.record.entriesOfTask(question.definition.name, MOST_EXPLAINED_BY).then((entries) => {
      const others = entries.filter(({ taskVersion }) => taskVersion !== version.digest);
      const earlier = new EarlierCalls(history.all, others);
      this.#earlier.set(history, earlier);
      return earlier;
    });
    this.#earlier.set(history, loading);
    return loading;
  }

  /** The newest answer to the key is what people remember. */
  async #filesChanged(found: Found, entry: CacheEntryRow): Promise<MissFacts> {
    // Of what is forced, an older result may still be right: then no file is to blame.
    const isAnswered = found.question.forced !== undefined && (await this.#parts.answering(found.known)).length > 0;
    const changes = isAnswered ? [] : await changedReads(entry.reads ?? [], this.#parts.places);
    return this.#facts(found, { entry, isOneOfMany: false }, () => false, changes.length === 0 ? undefined : changesText(changes));
  }

  #compared(found: Found, earlier: EarlierCalls): MissFacts {
    const { inputs = {}, place } = found.question;
    const counts = (name: string): boolean => isCounted(found, name);
    const call = earlier.closest({ inputs, counted: Object.keys(inputs).filter(counts), place });
    const read = call?.entry.reads === undefined ? [] : changedSmallReads(call.entry.reads, this.#parts.places);
    // A file that is passed by file() is told of as the input that it is.
    const passed = new Set(Object.values(inputs).map(({ shown }) => shown));
    const changes = read.filter(({ path }) => !passed.has(shownFileName(path)));
    return this.#facts(found, call, counts, changes.length === 0 ? undefined : changesText(changes));
  }

  #facts(
    { question, version }: Found,
    earlier: MissFacts['earlier'],
    counts: MissFacts['counts'],
    changedFiles: MissFacts['changedFiles'],
  ): MissFacts {
    const { definition, policy, inputs = {}, details } = question;
    return {
      covers: policy.covers,
      policyName: policy.name,
      code: version.code,
      codeChanges: earlier === undefined ? [] : this.#codeChanges(earlier.entry, version),
      version: definition.version,
      inputs,
      earlier,
      changedFiles,
      counts,
      sourceOf: (name) => details.sourceOf(question, name),
    };
  }

  /** Of a thousand calls that are missed because of one edit, it is looked for once. */
  #codeChanges({ code, codeParts }: CacheEntryRow, version: Version): readonly Reason[] {
    if (code === version.code || version.part === undefined) return [];
    const key = `${code} ${version.code}`;
    let changes = this.#changes.get(key);
    if (changes === undefined) {
      changes = compareCode(codeParts, this.#parts.versions.text(version.part));
      this.#changes.set(key, changes);
    }
    return changes;
  }
}

/** Whether the key depends on an input: a policy may leave it out, or make a key of its own. */
function isCounted({ context, key, question }: Found, name: string): boolean {
  try {
    return cacheKey(question.policy, { ...context, inputs: { ...context.inputs, [name]: 'another' } }) !== key;
  } catch {
    // A policy of one's own that looks into digests.
    return true;
  }
}
