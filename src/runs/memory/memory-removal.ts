import type { CacheEntryRow, TaskRunRow } from '../../model/records.js';
import { UNFINISHED } from '../crash.js';
import { insideOf, insidesOf } from '../insides.js';
import { NOTHING } from '../look.js';
import type { Amount, Removal, RemovalRequest, RunLeft } from '../run-record.js';
import type { MemoryRun } from './memory-run.js';

/** What a removal has to do with of the record in memory. */
export interface Removable {
  readonly runs: Map<string, MemoryRun>;
  readonly inline: Map<string, Uint8Array>;
  entriesOf(run: string): readonly CacheEntryRow[];
  putEntry(entry: CacheEntryRow): void;
  dropEntry(entry: CacheEntryRow): void;
}

interface Place {
  readonly run: string;
  readonly index: number;
}

/** By the place of a result, the task run that has it from now on. */
type Heirs = ReadonlyMap<number, Place>;

interface Lost {
  readonly contentDigest: string;
  /** In the project's store; undefined for what the record held. */
  readonly key: string | undefined;
  readonly bytes: number;
}

/** Removes runs as the database does: what others took from them is handed on, bytes that nobody has any more go. */
export class MemoryRemoval {
  readonly #record: Removable;
  /** Results of removed runs, by digest and key: their bytes are looked for later. */
  readonly #garbage = new Map<string, Lost>();
  /** By run and place: who has the results of removed runs now. */
  readonly #moved = new Map<string, Place>();

  constructor(record: Removable) {
    this.#record = record;
  }

  remove({ runs, dryRun = false, keepBytes = false, deleteFile }: RemovalRequest): Removal {
    const { runs: known } = this.#record;
    const left: RunLeft[] = [];
    const doomed = new Set<MemoryRun>();
    const wanted = [...new Set(runs)].flatMap((id) => known.get(id) ?? []).sort((a, b) => b.number - a.number);
    for (const run of wanted) {
      const heirs = this.#heirsOf(run, doomed);
      const why = this.#whyLeft(run, heirs, doomed);
      if (why !== undefined) left.push(why);
      else {
        if (!dryRun) this.#remove(run);
        doomed.add(run);
      }
    }
    const removed = [...doomed].map(({ row }) => row.id);
    if (dryRun) return { removed, left, ...this.#wouldFree(doomed) };
    return keepBytes ? { ...NOTHING, removed, left } : { removed, left, ...this.#removeBytes(deleteFile) };
  }

  /** A run that goes on may have taken a result from one that was removed since. */
  whereNow(origin: Place): Place {
    const moved = this.#moved.get(`${origin.run} ${origin.index}`);
    return moved === undefined ? origin : this.whereNow(moved);
  }

  #whyLeft({ row: { id, flow, state } }: MemoryRun, heirs: Heirs, doomed: ReadonlySet<MemoryRun>): RunLeft | undefined {
    if (UNFINISHED.includes(state)) return { run: id, why: 'unfinished' };
    const resuming = [...this.#record.runs.values()].find((run) => UNFINISHED.includes(run.row.state) && this.#resumes(run, id));
    if (resuming !== undefined) return { run: id, why: 'in-use', by: resuming.row.id };
    const limited = [...this.#record.runs.values()].find((run) => UNFINISHED.includes(run.row.state) && this.#isLimitedTo(run, { id, flow }));
    if (limited !== undefined) return { run: id, why: 'in-use', by: limited.row.id };
    const takenWhole = this.#insidesTaken(id, doomed).find(({ taker }) => UNFINISHED.includes(taker.row.state));
    if (takenWhole !== undefined) return { run: id, why: 'in-use', by: takenWhole.taker.row.id };
    if (this.#record.entriesOf(id).every(({ index }) => heirs.has(index))) return undefined;
    const isUsing = (run: MemoryRun): boolean => UNFINISHED.includes(run.row.state) && (run.row.flow === flow || run.takenFrom(id).length > 0);
    const by = [...this.#record.runs.values()].find((run) => !doomed.has(run) && isUsing(run));
    return by === undefined ? undefined : { run: id, why: 'in-use', by: by.row.id };
  }

  /** At once or over others. */
  #resumes({ row: { originRun } }: MemoryRun, id: string): boolean {
    const origin = originRun === undefined || originRun === id ? undefined : this.#record.runs.get(originRun);
    return originRun === id || (origin !== undefined && this.#resumes(origin, id));
  }

  /** It is limited to some tasks, and has read what the newest runs of its flow came to, those that these took from included. */
  #isLimitedTo({ row: { only, flow } }: MemoryRun, doomed: { readonly id: string; readonly flow: string }): boolean {
    if (only === undefined) return false;
    return flow === doomed.flow || [...this.#record.runs.values()].some((run) => run.row.flow === flow && run.takenFrom(doomed.id).length > 0);
  }

  /** What is inside the sub-flows that others took as a whole, as rows of the newest that did. */
  #insidesTaken(id: string, doomed: ReadonlySet<MemoryRun>): readonly { readonly taker: MemoryRun; readonly rows: readonly TaskRunRow[] }[] {
    const run = this.#record.runs.get(id) as MemoryRun;
    const takers = this.#others(run).filter((other) => !doomed.has(other) && other.takenFrom(id).length > 0);
    const insides = new Map(takers.length === 0 ? [] : insidesOf(run.taskRuns({})));
    return takers.flatMap((taker) => {
      let free = taker.freePlace;
      return taker.takenFrom(id).flatMap(([index, originIndex]) => {
        const inside = insides.get(originIndex);
        const [row] = taker.taskRuns({ indexes: [index] });
        if (inside === undefined || row === undefined || row.artifacts.length > 0) return [];
        insides.delete(originIndex);
        const rows = insideOf(row, inside, id, free);
        free += rows.length;
        return [{ taker, rows }];
      });
    });
  }

  #remove(run: MemoryRun): void {
    const { id } = run.row;
    for (const { taker, rows } of this.#insidesTaken(id, new Set())) taker.take({ run: taker.row.id, epoch: taker.row.epoch, taskRuns: rows });
    const heirs = this.#heirsOf(run, new Set());
    this.#handOn(run, heirs);
    for (const entry of this.#record.entriesOf(id)) {
      const heir = heirs.get(entry.index);
      this.#record.dropEntry(entry);
      if (heir !== undefined) this.#record.putEntry({ ...entry, ...heir });
    }
    for (const [index, heir] of heirs) this.#moved.set(`${id} ${index}`, heir);
    for (const lost of lostOf([run])) this.#garbage.set(`${lost.contentDigest} ${lost.key}`, lost);
    this.#record.runs.delete(id);
  }

  /** The newest of those that took a result is the one that has it from now on. */
  #heirsOf(run: MemoryRun, doomed: ReadonlySet<MemoryRun>): Heirs {
    const heirs = new Map<number, Place>();
    for (const other of this.#others(run)) {
      if (doomed.has(other)) continue;
      for (const [index, originIndex] of other.takenFrom(run.row.id)) {
        if (!heirs.has(originIndex) && run.artifactsAt(originIndex).length > 0) heirs.set(originIndex, { run: other.row.id, index });
      }
    }
    return heirs;
  }

  #handOn(run: MemoryRun, heirs: Heirs): void {
    for (const other of this.#others(run)) {
      for (const [index, originIndex] of other.takenFrom(run.row.id)) {
        const heir = heirs.get(originIndex);
        // It had taken the result from a third one itself.
        const elsewhere = run.originOf(originIndex);
        if (heir === undefined) other.repoint(index, elsewhere ?? { run: run.row.id, index: originIndex });
        else if (heir.run !== other.row.id || heir.index !== index) other.repoint(index, heir);
        else if (other.artifactsAt(index).length === 0) other.takeOver(index, run, originIndex);
      }
    }
  }

  #others(run: MemoryRun): readonly MemoryRun[] {
    return [...this.#record.runs.values()].filter((other) => other !== run).sort((a, b) => b.number - a.number);
  }

  #removeBytes(deleteFile: RemovalRequest['deleteFile']): Omit<Removal, 'removed' | 'left'> {
    const kept = this.#contents(() => true);
    for (const [place, { contentDigest }] of this.#garbage) if (kept.has(contentDigest)) this.#garbage.delete(place);
    const all = [...this.#garbage.values()];
    const freed = this.#inlineAmount(all);
    for (const { contentDigest } of all) this.#record.inline.delete(contentDigest);
    const files = all.filter(({ key }) => key !== undefined);
    if (this.#isGoingOn()) {
      for (const [place, { key }] of this.#garbage) if (key === undefined) this.#garbage.delete(place);
      return { freed, freedFiles: NOTHING.freedFiles, pendingFiles: amount(files) };
    }
    const there = files.filter(({ key }) => deleteFile(key as string));
    this.#garbage.clear();
    this.#moved.clear();
    return { freed, freedFiles: amount(there), pendingFiles: NOTHING.pendingFiles };
  }

  #wouldFree(going: ReadonlySet<MemoryRun>): Omit<Removal, 'removed' | 'left'> {
    const handed = new Set<string>();
    for (const run of going) {
      for (const other of this.#record.runs.values()) {
        if (going.has(other)) continue;
        for (const [, originIndex] of other.takenFrom(run.row.id))
          for (const { contentDigest } of run.handedOnWith(originIndex)) handed.add(contentDigest);
      }
      const inside = this.#insidesTaken(run.row.id, going).flatMap(({ rows }) =>
        rows.flatMap(({ origin }) => (origin?.run === run.row.id ? [origin.index] : [])),
      );
      for (const index of inside) for (const { contentDigest } of run.handedOnWith(index)) handed.add(contentDigest);
    }
    const kept = this.#contents((run) => !going.has(run));
    const lost = [...new Map([...this.#garbage.values(), ...lostOf([...going])].map((one) => [`${one.contentDigest} ${one.key}`, one])).values()];
    const gone = lost.filter(({ contentDigest }) => !kept.has(contentDigest) && !handed.has(contentDigest));
    const files = amount(gone.filter(({ key }) => key !== undefined));
    const freed = this.#inlineAmount(gone);
    const { freedFiles: none } = NOTHING;
    return this.#isGoingOn() ? { freed, freedFiles: none, pendingFiles: files } : { freed, freedFiles: files, pendingFiles: none };
  }

  #inlineAmount(lost: readonly Lost[]): Amount {
    const held = new Map(lost.map(({ contentDigest }) => [contentDigest, this.#record.inline.get(contentDigest)]));
    const bytes = [...held.values()].filter((one) => one !== undefined);
    return { count: bytes.length, bytes: bytes.reduce((sum, one) => sum + one.length, 0) };
  }

  #contents(counts: (run: MemoryRun) => boolean): ReadonlySet<string> {
    return new Set([...this.#record.runs.values()].filter(counts).flatMap((run) => run.refs().map(({ contentDigest }) => contentDigest)));
  }

  #isGoingOn(): boolean {
    return [...this.#record.runs.values()].some(({ row }) => UNFINISHED.includes(row.state));
  }
}

/** What lies in the record or under its digest; what people have chosen the address of is theirs. */
function lostOf(runs: readonly MemoryRun[]): readonly Lost[] {
  return runs.flatMap((run) =>
    run.refs().flatMap(({ uri, key, contentDigest, bytes }): readonly Lost[] => {
      if (uri.startsWith('record:')) return [{ contentDigest, key: undefined, bytes }];
      return /^results\/[0-9a-f]{2}\//.test(key) ? [{ contentDigest, key, bytes }] : [];
    }),
  );
}

function amount(lost: readonly Lost[]): Amount {
  return { count: lost.length, bytes: lost.reduce((sum, { bytes }) => sum + bytes, 0) };
}
