import type { Clock } from '../base/clock.js';
import { cacheKey } from '../cache/key.js';
import type { CodePart } from '../code/code-part.js';
import type { TaskCode } from '../code/task-code.js';
import { scopes } from '../flow/scope.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { CacheContext, CachePolicy } from '../model/cache-policy.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow, InputDigest } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { firstChange } from '../reads/changed-reads.js';
import type { Places } from '../reads/places.js';
import type { Presence, ResultKeeper } from '../results/result-keeper.js';
import { isChosen } from '../results/store-address.js';
import { isInFolder, otherMachineOf } from '../runs/other-machine.js';
import type { RunRecord } from '../runs/run-record.js';
import type { Answers, KnownAnswer } from './answer.js';
import type { MissFacts } from './explain.js';
import { Histories, History } from './histories.js';
import { type Found, Misses } from './misses.js';
import { decide } from './plan.js';
import type { OpenQuestion, Question } from './question.js';
import { TargetAnswers } from './target-answers.js';
import { keyAt } from './targets.js';
import { TaskVersions, type Version } from './task-versions.js';

export interface ReuseParts {
  readonly record: RunRecord;
  readonly keeper: ResultKeeper;
  readonly clock: Clock;
  readonly code: TaskCode;
  readonly places: Places;
  /** True: the record is not to be changed, whatever turns out to be lost. */
  readonly isLook?: boolean;
  readonly run: { readonly id: string; readonly flowName: string; readonly params: Readonly<Record<string, unknown>> };
}

const NO_HISTORY = new History([]);

/**
 * Looks calls up among earlier results. What is known of a task comes in one scan, the first time it is asked about; after that answers are
 * synchronous, so that ten thousand cached nodes cost ten thousand map look-ups.
 */
export class Reuse implements Answers {
  readonly #parts: ReuseParts;
  readonly #versions: TaskVersions;
  readonly #histories: Histories;
  readonly #misses: Misses;
  readonly #atTarget: TargetAnswers;
  /** By task, what has been read for it: asked for ten thousand times. */
  #read = new WeakMap<TaskDefinition, History>();
  /** By task, whether other versions of it have left results. */
  readonly #isKnown = new Map<string, Promise<boolean>>();

  constructor(parts: ReuseParts) {
    this.#parts = parts;
    this.#versions = new TaskVersions(parts.code);
    this.#histories = new Histories(parts.record);
    this.#misses = new Misses({ ...parts, versions: this.#versions, answering: (entries) => this.#matching(entries) });
    this.#atTarget = new TargetAnswers(parts);
  }

  concerns(_definition: TaskDefinition, policy: CachePolicy | false | undefined): boolean {
    return Boolean(policy);
  }

  prepare(definition: TaskDefinition, policy: CachePolicy | undefined): Promise<unknown> | undefined {
    if (policy === undefined) return undefined;
    const history = this.#historyFor(definition, policy);
    return history instanceof Promise ? history : undefined;
  }

  #historyFor(definition: TaskDefinition, policy: CachePolicy): History | Promise<History> {
    const version = this.#versions.of(definition, policy);
    return version instanceof Promise ? version.then((found) => this.#historyOf(found)) : this.#historyOf(version);
  }

  /** Where it cannot be told which earlier result would be right, none is read. */
  #historyOf({ digest, doubt }: Version): History | Promise<History> {
    return doubt === undefined ? this.#histories.of(digest) : NO_HISTORY;
  }

  ask(open: OpenQuestion): KnownAnswer | Promise<KnownAnswer> {
    if (open.policy === undefined) return { hit: undefined, key: undefined, why: { kind: 'not-cached' } };
    const question = open as Question;
    const read = this.#read.get(question.definition);
    if (read !== undefined) return this.#answer(question, read);
    const history = this.#historyFor(question.definition, question.policy);
    if (history instanceof Promise) return history.then((loaded) => this.#answer(question, loaded));
    this.#read.set(question.definition, history);
    return this.#answer(question, history);
  }

  /** The key that the call would have had in another run; it has been asked about before, and its inputs are known. */
  keyIn(run: string, { definition, policy, inputs = {}, target }: Question): string | undefined {
    const version = this.#versions.known(definition);
    if (version === undefined) return undefined;
    return keyAt(cacheKey(policy, { ...this.#context(definition, version.code, digestsOf(inputs)), runId: run }), target);
  }

  /** What an entry says of the code it was made by. The definition has been asked about before. */
  codeOf(definition: TaskDefinition): Pick<CacheEntryRow, 'taskVersion' | 'code' | 'codeParts'> {
    return this.#versions.codeOf(definition);
  }

  /** Whether the task has ever left a result to be reused, of this version of its code or another. */
  async hasHistory(definition: TaskDefinition, policy: CachePolicy): Promise<boolean> {
    if ((await this.#historyFor(definition, policy)).all.length > 0) return true;
    const { name } = definition;
    let isKnown = this.#isKnown.get(name);
    if (isKnown === undefined) {
      isKnown = this.#parts.record.latestEntry(name).then((entry) => entry !== undefined);
      this.#isKnown.set(name, isKnown);
    }
    return await isKnown;
  }

  /** A result made in this run: the next identical call finds it (S24). */
  remember(entry: CacheEntryRow): void {
    this.#histories.add(entry);
  }

  /** What has been recorded is looked up again when the task is next asked about: for who waits for others. */
  lookAgain(definition: TaskDefinition): void {
    const version = this.#versions.known(definition);
    if (version === undefined) return;
    this.#histories.drop(version.digest);
    // Other tasks may be of the same version.
    this.#read = new WeakMap();
  }

  /** What other runs have computed since the histories were loaded. */
  learn(entries: readonly CacheEntryRow[]): void {
    for (const entry of entries) this.#histories.add(entry);
  }

  /** The bytes behind an entry proved missing or broken: it is no answer any more. */
  async discard(entry: CacheEntryRow): Promise<void> {
    this.forget(entry);
    // What lies at an address of the user's choice is theirs to put back (S23, S26).
    if (entry.artifacts.some(({ ref }) => isChosen(ref))) return;
    await this.#parts.record.discard(entry.artifacts.map(({ ref }) => ref.contentDigest));
  }

  /** An entry is no answer any more, for this run alone. */
  forget(entry: CacheEntryRow): void {
    this.#histories.remove(entry);
  }

  #answer(question: Question, history: History): KnownAnswer | Promise<KnownAnswer> {
    const { definition, policy, inputs, forced } = question;
    const version = this.#versions.known(definition) as Version;
    if (version.doubt !== undefined) return { hit: undefined, key: undefined, why: version.doubt };
    if (inputs === undefined)
      return { hit: undefined, key: undefined, why: { kind: 'not-cached', detail: lackingText(question.details.lacking(question)) } };
    const context = this.#context(definition, version.code, digestsOf(inputs));
    const key = keyAt(cacheKey(policy, context), question.target);
    const known = key === undefined ? [] : history.entriesOf(key);
    // Who is forced is answered by this run's own results alone.
    const matching = this.#matching(forced === undefined ? known : known.filter((entry) => entry.run === this.#parts.run.id));
    const found: Found = { question, version, history, context, key, known };
    if (matching instanceof Promise) return matching.then((entries) => this.#decide(found, entries));
    return this.#decide(found, matching);
  }

  #decide(found: Found, entries: readonly CacheEntryRow[]): KnownAnswer | Promise<KnownAnswer> {
    const miss = entries.length > 0 || found.key === undefined ? undefined : this.#misses.explain(found);
    return miss instanceof Promise ? miss.then((facts) => this.#decided(found, entries, facts)) : this.#decided(found, entries, miss);
  }

  #decided(
    { question, version, key, known }: Found,
    entries: readonly CacheEntryRow[],
    miss: MissFacts | undefined,
  ): KnownAnswer | Promise<KnownAnswer> {
    const { ttlMs } = question.policy;
    const decision = decide({
      key,
      run: this.#parts.run.id,
      forced: question.forced,
      entries,
      ttlMs,
      // A look at the clock for each of ten thousand hits is not free.
      now: ttlMs === undefined ? 0 : this.#parts.clock.now(),
      miss,
    });
    const { forced, target } = question;
    if (decision.action === 'run') {
      const why = withUnsure(decision.why, version.part);
      if (target === undefined || key === undefined || forced !== undefined || known.length > 0) return { hit: undefined, key, why };
      return scopes.exit(() => this.#atTarget.unrecorded(target, key, why));
    }
    if (target !== undefined) return scopes.exit(() => this.#atTarget.recorded(target, key as string, entries));
    return this.present(question, key as string, decision.entry);
  }

  /** From the newest entry on whose files are as they were: the others answer nothing now, but may do so again (S22b, S23). */
  #matching(entries: readonly CacheEntryRow[], from = 0): readonly CacheEntryRow[] | Promise<readonly CacheEntryRow[]> {
    for (let at = from; at < entries.length; at++) {
      const { reads } = entries[at] as CacheEntryRow;
      const change = reads && firstChange(reads, this.#parts.places);
      if (change instanceof Promise) return change.then((found) => (found === undefined ? entries.slice(at) : this.#matching(entries, at + 1)));
      if (change === undefined) return at === 0 ? entries : entries.slice(at);
    }
    return [];
  }

  /** Written out, since an object made by spreading another costs more than the key itself. */
  #context({ name, version }: TaskDefinition, code: string, inputs: Readonly<Record<string, string>>): CacheContext {
    const { id, flowName, params } = this.#parts.run;
    if (version === undefined) return { task: name, code, inputs, params, flowName, runId: id };
    return { task: name, code, version, inputs, params, flowName, runId: id };
  }

  /** Small results lie in the record, whose rows came with the entry; files may have been deleted behind our back (S25). */
  present(question: OpenQuestion, key: string | undefined, hit: CacheEntryRow): KnownAnswer | Promise<KnownAnswer> {
    if (hit.inRecord) return { hit, key, why: undefined };
    const outside = hit.artifacts.filter(({ ref }) => !ref.uri.startsWith('record:'));
    if (outside.length === 0) return { hit, key, why: undefined };
    return (async (): Promise<KnownAnswer> => {
      const { keeper } = this.#parts;
      const present = await Promise.all(scopes.exit(() => outside.map(({ ref }) => keeper.present(ref, question.definition))));
      const at = present.findIndex((one) => one !== 'here');
      const lost = outside[at]?.ref;
      if (lost === undefined) return { hit, key, why: undefined };
      // Folders of another machine are not those here, even under the same path: there it may still lie.
      const machine = isInFolder(lost) ? await otherMachineOf(this.#parts.record, hit.run) : undefined;
      // What lies in a store that is not to be had now is an answer again once it is.
      if (machine === undefined && present.includes('gone') && this.#parts.isLook !== true) await this.discard(hit);
      else this.forget(hit);
      const detail =
        machine === undefined
          ? absence(present[at], lost)
          : `it lies on machine '${machine}', in ${lost.uri}; a store that all machines reach would share it`;
      return { hit: undefined, key, why: { kind: 'missing', detail } };
    })();
  }
}

function absence(presence: Presence | undefined, { key, uri }: ArtifactRef): string {
  return presence === 'gone' ? key : `not in the stores at hand; it was written to ${uri}`;
}

function digestsOf(inputs: Readonly<Record<string, InputDigest>>): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const name in inputs) digests[name] = (inputs[name] as InputDigest).digest;
  return digests;
}

function lackingText(name: string | undefined): string {
  return name === undefined ? 'an argument has no digest' : `the argument '${name}' has no digest`;
}

/** Who is told that there is no result, or that code changed, is told too when the code counts by less than all of it (S22). */
function withUnsure(why: Reason, part: CodePart | undefined): Reason {
  if (part?.unsure === undefined || (why.kind !== 'no-result' && why.kind !== 'code-changed')) return why;
  const before = why.detail === undefined ? '' : `${why.detail}; `;
  return { kind: why.kind, detail: `${before}its code is not known whole: ${part.unsure}` };
}
