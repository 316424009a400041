import type { ArtifactRef } from '../../model/artifact.js';
import type { ErrorInfo } from '../../model/event.js';
import type { ArtifactRow, LogRow, RunChange, RunRow, TaskRunRow } from '../../model/records.js';
import { FINAL_RUN_STATES, type TaskState } from '../../model/states.js';
import type { Lease } from '../crash.js';
import type { AttemptSample } from '../durations.js';
import { amended, LOG_LEVELS, logLimit } from '../look.js';
import type { ChosenAddress, LogFilter, RecordBatch, RunAmendment, TaskRunDetails, TaskRunFilter } from '../run-record.js';
import { AttemptColumns } from './attempt-columns.js';
import { MemorySideResults } from './memory-side-results.js';
import { TaskColumns } from './task-columns.js';

type Artifact = Omit<ArtifactRow, 'inline'>;

/** All that is kept of one run in process memory. */
export class MemoryRun {
  /** Its place in the order in which runs were opened. */
  readonly number: number;
  /** How long its owner is believed to live (S31). */
  lease: Lease = { until: undefined, untilHere: undefined };
  #row: RunRow;
  readonly #tasks = new TaskColumns();
  readonly #attempts = new AttemptColumns();
  readonly #artifacts = new Map<number, Artifact[]>();
  readonly sideResults = new MemorySideResults();
  readonly #logs: LogRow[] = [];
  readonly #seqs = new Set<number>();
  #code: readonly ArtifactRef[] = [];

  constructor(number: number, row: RunRow) {
    this.number = number;
    this.#row = row;
  }

  get row(): RunRow {
    return this.#row;
  }

  /** A batch that was checked. */
  take(batch: RecordBatch): void {
    for (const row of batch.taskRuns ?? []) this.#tasks.put(row);
    for (const row of batch.attempts ?? []) this.#attempts.put(row);
    for (const row of batch.artifacts ?? []) this.#putArtifact(row);
    for (const line of batch.logs ?? []) this.#putLog(line);
    this.sideResults.take(batch);
    if (batch.change && !FINAL_RUN_STATES.has(this.#row.state)) this.#row = { ...this.#row, ...given(batch.change) };
  }

  /** What its code consists of. */
  get code(): readonly ArtifactRef[] {
    return this.#code;
  }

  takeCode(codePackage: string, contents: readonly ArtifactRef[]): void {
    this.#row = { ...this.#row, codePackage };
    this.#code = contents;
  }

  /** The epoch rises, so that an owner who was only thought dead is refused from now on. */
  crash(now: number, error: ErrorInfo): void {
    this.#attempts.crash(now);
    const counts = this.#tasks.crash(now);
    this.#row = { ...this.#row, state: 'crashed', finishedAt: now, epoch: this.#row.epoch + 1, error, counts };
  }

  amend(amendment: RunAmendment): RunRow {
    this.#row = amended(this.#row, amendment);
    return this.#row;
  }

  /** Places of task runs that have taken results from a run, with the places of what they took. */
  takenFrom(run: string): readonly (readonly [index: number, originIndex: number])[] {
    return this.#tasks.takenFrom(run);
  }

  /** The first place at which there is nothing. */
  get freePlace(): number {
    return Math.max(this.#tasks.end, ...[...this.#artifacts.keys()].map((index) => index + 1));
  }

  repoint(index: number, origin: TaskRunRow['origin']): void {
    this.#tasks.repoint(index, origin);
  }

  originOf(index: number): TaskRunRow['origin'] {
    return this.#tasks.get(index)?.origin;
  }

  artifactsAt(index: number): readonly Artifact[] {
    return this.#artifacts.get(index) ?? [];
  }

  /** The result that `from` had, and what was given beside it by the attempt that succeeded. Whoever reuses makes no attempt, so here it is 0. */
  takeOver(index: number, from: MemoryRun, fromIndex: number): void {
    for (const { name, ref } of from.artifactsAt(fromIndex)) this.#putArtifact({ index, name, ref, inline: undefined });
    this.sideResults.take(from.sideResults.handedOn(fromIndex, from.#tasks.get(fromIndex)?.attempts ?? 0, index));
  }

  /** The contents that go with the result at this place. */
  handedOnWith(index: number): readonly ArtifactRef[] {
    const { runArtifacts } = this.sideResults.handedOn(index, this.#tasks.get(index)?.attempts ?? 0, index);
    return [...this.artifactsAt(index), ...runArtifacts].map(({ ref }) => ref);
  }

  refs(): readonly ArtifactRef[] {
    return [...[...[...this.#artifacts.values()].flat(), ...this.sideResults.artifacts({})].map(({ ref }) => ref), ...this.#code];
  }

  countTaskRuns(task: string | undefined): ReadonlyMap<TaskState, number> {
    return this.#tasks.count(task);
  }

  taskRuns(filter: TaskRunFilter): readonly TaskRunDetails[] {
    const { limit = Number.POSITIVE_INFINITY } = filter;
    const found: TaskRunDetails[] = [];
    for (const index of this.#placesAsked(filter)) {
      if (found.length >= limit) break;
      const row = this.#tasks.get(index);
      if (row === undefined || !matches(row, filter)) continue;
      const progress = this.sideResults.progressOf(index);
      const artifacts = [...(this.#artifacts.get(index) ?? [])].sort(byName);
      found.push({ ...row, attemptRows: this.#attempts.of(index), artifacts, ...(progress === undefined ? {} : { progress }) });
    }
    return found;
  }

  *#placesAsked({ within: [first, last] = [0, Number.MAX_SAFE_INTEGER], indexes }: TaskRunFilter): Generator<number> {
    if (indexes !== undefined) yield* [...new Set(indexes)].filter((index) => index >= first && index <= last).sort((one, other) => one - other);
    else for (let index = first; index < this.#tasks.end && index <= last; index += 1) yield index;
  }

  /** Successful attempts of so many task runs from either end. */
  samples(ends: number): readonly AttemptSample[] {
    const { end } = this.#tasks;
    const samples: AttemptSample[] = [];
    for (let index = 0; index < end; index += 1) {
      if (index === ends) index = Math.max(ends, end - ends);
      const row = this.#tasks.get(index);
      if (row === undefined) continue;
      for (const { state, startedAt, finishedAt } of this.#attempts.of(index)) {
        if (state !== 'success' || finishedAt === undefined) continue;
        samples.push({ run: this.number, isWholeRun: end <= 2 * ends, task: row.task, index, parent: row.parent, startedAt, finishedAt });
      }
    }
    return samples;
  }

  logs({ node, level, attempt, after = -1, limit, last }: LogFilter): readonly LogRow[] {
    const most = logLimit(last ?? limit);
    const lowest = level === undefined ? 0 : LOG_LEVELS.indexOf(level);
    const nodes = node === undefined ? undefined : this.#nodesCalled(node);
    const found = this.#logs.filter(
      (line) =>
        line.seq > after &&
        LOG_LEVELS.indexOf(line.level) >= lowest &&
        (attempt === undefined || line.attempt === attempt) &&
        (nodes === undefined || (line.node !== undefined && nodes.has(line.node))),
    );
    found.sort((a, b) => a.seq - b.seq);
    return last === undefined || most >= found.length ? found.slice(0, most) : found.slice(found.length - most);
  }

  /** Of artifacts that lie neither in the record nor under their digests. */
  chosenAddresses(): readonly ChosenAddress[] {
    const chosen = this.refs().filter(({ uri, key }) => !uri.startsWith('record:') && !/^results\/[0-9a-f]{2}\//.test(key));
    return chosen.map(({ uri, key }) => ({ uri, key }));
  }

  #putArtifact({ index, name, ref }: ArtifactRow): void {
    const kept = this.#artifacts.get(index);
    if (kept === undefined) {
      this.#artifacts.set(index, [{ index, name, ref }]);
      return;
    }
    const place = kept.findIndex((other) => other.name === name);
    kept[place === -1 ? kept.length : place] = { index, name, ref };
  }

  #putLog(line: LogRow): void {
    if (this.#seqs.has(line.seq)) return;
    this.#seqs.add(line.seq);
    this.#logs.push(line);
  }

  /** Ids of the task runs meant by the id of one or the name of a task. */
  #nodesCalled(name: string): ReadonlySet<string> {
    const ids = new Set([name]);
    for (let index = 0; index < this.#tasks.end; index += 1) {
      const row = this.#tasks.get(index);
      if (row?.task === name) ids.add(row.id);
    }
    return ids;
  }
}

function matches(row: TaskRunRow, { task, state, id }: TaskRunFilter): boolean {
  return (task === undefined || row.task === task) && (state === undefined || row.state === state) && (id === undefined || row.id === id);
}

/** As a database orders text: by its bytes. */
function byName(a: Artifact, b: Artifact): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

/** Properties that are there but undefined change nothing. */
function given(change: RunChange): RunChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
