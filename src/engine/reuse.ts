import type { Clock } from '../base/clock.js';
import { cacheKey, taskVersion } from '../cache/key.js';
import { type CodePart, codePartText } from '../code/code-part.js';
import { compareCode } from '../code/compare-code.js';
import { functionTextDigest } from '../code/function-text.js';
import type { TaskCode } from '../code/task-code.js';
import { scopes } from '../flow/scope.js';
import type { ArtifactRef } from '../model/artifact.js';
import type { CacheContext, CachePolicy } from '../model/cache-policy.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow, InputDigest } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { changedReads, changedSmallReads, changesText, firstChange } from '../reads/changed-reads.js';
import type { Places } from '../reads/places.js';
import type { Presence, ResultKeeper } from '../results/result-keeper.js';
import { isChosen } from '../results/store-address.js';
import { isInFolder, otherMachineOf } from '../runs/other-machine.js';
import type { RunRecord } from '../runs/run-record.js';
import type { Answers, KnownAnswer } from './answer.js';
import { EarlierCalls } from './earlier-calls.js';
import type { MissFacts } from './explain.js';
import { shownFileName } from './inputs.js';
import { decide } from './plan.js';
import type { OpenQuestion, Question } from './question.js';
import { TargetAnswers } from './target-answers.js';
import { keyAt } from './targets.js';

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

/** A definition, its code, and where its entries are found. */
interface Version {
  readonly digest: string;
  readonly code: string;
  /** Undefined: nobody asked for it. */
  readonly part: CodePart | undefined;
  /** Why it cannot be told whether an earlier result would be right. */
  readonly doubt: Reason | undefined;
}

interface History {
  readonly byKey: Map<string, CacheEntryRow[]>;
  /** Entries of this version of the task. */
  readonly all: readonly CacheEntryRow[];
  /** With those of other versions: looked up for the first miss. */
  earlier: EarlierCalls | Promise<EarlierCalls> | undefined;
  /** Whether there are entries of other versions alone. */
  isNewCode: Promise<boolean> | undefined;
}

/** Entries of other versions that are looked through to explain a miss: more than a map has children, as a rule. */
const MOST_EXPLAINED_BY = 20_000;

/**
 * Looks calls up among earlier results. The entries of a task's current version come in one scan, the first time it is asked about;
 * after that answers are synchronous, so that ten thousand cached nodes cost ten thousand map look-ups.
 */
export class Reuse implements Answers {
  readonly #parts: ReuseParts;
  readonly #versions = new WeakMap<TaskDefinition, Version>();
  readonly #partTexts = new WeakMap<CodePart, string>();
  readonly #changes = new Map<string, readonly Reason[]>();
  readonly #histories = new Map<string, History | Promise<History>>();
  #wanted: string[] = [];
  #loading: Promise<ReadonlyMap<string, readonly CacheEntryRow[]>> | undefined;

  readonly #atTarget: TargetAnswers;

  constructor(parts: ReuseParts) {
    this.#parts = parts;
    this.#atTarget = new TargetAnswers(parts);
  }

  concerns(_definition: TaskDefinition, policy: CachePolicy | false | undefined): boolean {
    return Boolean(policy);
  }

  ask(open: OpenQuestion): KnownAnswer | Promise<KnownAnswer> {
    if (open.policy === undefined) return { hit: undefined, key: undefined, why: { kind: 'not-cached' } };
    const question = open as Question;
    const version = this.#versions.get(question.definition) ?? this.#findVersion(question.definition, question.policy);
    if (version instanceof Promise) return version.then((found) => this.#ask(question, found));
    return this.#ask(question, version);
  }

  #ask(question: Question, version: Version): KnownAnswer | Promise<KnownAnswer> {
    if (version.doubt !== undefined) return { hit: undefined, key: undefined, why: version.doubt };
    const history = this.#histories.get(version.digest);
    if (history !== undefined && !(history instanceof Promise)) return this.#answer(question, version, history);
    return (history ?? this.#load(version.digest)).then((loaded) => this.#answer(question, version, loaded));
  }

  /** The key that the call would have had in another run; it has been asked about before, and its inputs are known. */
  keyIn(run: string, { definition, policy, inputs = {}, target }: Question): string | undefined {
    const version = this.#versions.get(definition);
    if (version === undefined) return undefined;
    return keyAt(cacheKey(policy, { ...this.#context(definition, version.code, digestsOf(inputs)), runId: run }), target);
  }

  /** What an entry says of the code it was made by. The definition has been asked about before. */
  codeOf(definition: TaskDefinition): Pick<CacheEntryRow, 'taskVersion' | 'code' | 'codeParts'> {
    const version = this.#versions.get(definition) ?? this.#withoutCode(definition, definition.version);
    return { taskVersion: version.digest, code: version.code, codeParts: version.part && this.#partText(version.part) };
  }

  /** Whether the task has ever left a result to be reused, of this version of its code or another. */
  async hasHistory(definition: TaskDefinition, policy: CachePolicy): Promise<boolean> {
    const { digest } = await (this.#versions.get(definition) ?? this.#findVersion(definition, policy));
    const history = await (this.#histories.get(digest) ?? this.#load(digest));
    if (history.all.length > 0) return true;
    history.isNewCode ??= this.#parts.record.latestEntry(definition.name).then((entry) => entry !== undefined);
    return await history.isNewCode;
  }

  /** The code of a definition is looked up once; from then on answers need not wait for it. */
  #findVersion(definition: TaskDefinition, policy: CachePolicy): Version | Promise<Version> {
    const keep = (version: Version): Version => {
      this.#versions.set(definition, version);
      return version;
    };
    if (!policy.asksForCode) return keep(this.#withoutCode(definition, undefined));
    const part = this.#parts.code.codeOf(definition);
    const finish = (found: CodePart): Version => keep(this.#withCode(definition, policy, found));
    return part instanceof Promise ? part.then(finish) : finish(part);
  }

  #withCode({ name, version }: TaskDefinition, { covers }: CachePolicy, part: CodePart): Version {
    const digest = taskVersion(name, covers.code ? part.digest : undefined, covers.code ? version : undefined);
    return { digest, code: part.digest, part, doubt: version === undefined && covers.code ? doubtOf(part) : undefined };
  }

  #withoutCode({ name, fn }: TaskDefinition, version: string | undefined): Version {
    return { digest: taskVersion(name, undefined, version), code: functionTextDigest(fn), part: undefined, doubt: undefined };
  }

  #partText(part: CodePart): string {
    let text = this.#partTexts.get(part);
    if (text === undefined) {
      text = codePartText(part);
      this.#partTexts.set(part, text);
    }
    return text;
  }

  /** A result made in this run: the next identical call finds it (S24). */
  remember(entry: CacheEntryRow): void {
    const history = this.#histories.get(entry.taskVersion);
    if (history === undefined || history instanceof Promise) return;
    history.byKey.set(entry.key, [entry, ...(history.byKey.get(entry.key) ?? [])]);
  }

  /** What has been recorded is looked up again when the task is next asked about: for who waits for others. */
  lookAgain(definition: TaskDefinition): void {
    const version = this.#versions.get(definition);
    if (version !== undefined) this.#histories.delete(version.digest);
  }

  /** What other runs have computed since the histories were loaded. */
  learn(entries: readonly CacheEntryRow[]): void {
    for (const entry of entries) this.remember(entry);
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
    const history = this.#histories.get(entry.taskVersion);
    if (history !== undefined && !(history instanceof Promise)) {
      history.byKey.set(
        entry.key,
        (history.byKey.get(entry.key) ?? []).filter((other) => other !== entry),
      );
    }
  }

  /** Versions that are asked about in one turn of the loop are one look-up. */
  #load(version: string): Promise<History> {
    this.#wanted.push(version);
    this.#loading ??= Promise.resolve().then(() => this.#loadWanted());
    const loading = this.#loading.then((entries) => {
      const history = historyOf(entries.get(version) ?? []);
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
    for (const entry of await this.#parts.record.entries(wanted)) {
      const same = byVersion.get(entry.taskVersion);
      if (same) same.push(entry);
      else byVersion.set(entry.taskVersion, [entry]);
    }
    return byVersion;
  }

  #answer(question: Question, version: Version, history: History): KnownAnswer | Promise<KnownAnswer> {
    const { definition, policy, inputs, forced } = question;
    const { run } = this.#parts;
    if (inputs === undefined) return { hit: undefined, key: undefined, why: { kind: 'not-cached', detail: lackingText(question.lacking()) } };
    const context = this.#context(definition, version.code, digestsOf(inputs));
    const key = keyAt(cacheKey(policy, context), question.target);
    const known = (key !== undefined && history.byKey.get(key)) || [];
    // Who is forced is answered by this run's own results alone.
    const matching = this.#matching(forced === undefined ? known : known.filter((entry) => entry.run === run.id));
    const found: Found = { question, version, history, context, key, known };
    return matching instanceof Promise ? matching.then((entries) => this.#decide(found, entries)) : this.#decide(found, matching);
  }

  #decide(found: Found, entries: readonly CacheEntryRow[]): KnownAnswer | Promise<KnownAnswer> {
    const miss = entries.length > 0 || found.key === undefined ? undefined : this.#explained(found);
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

  /** What a miss is told by: the newest result of the very key, whose files have changed since, or the call that was most alike. */
  #explained(found: Found): MissFacts | Promise<MissFacts> {
    const { known, history, question, version } = found;
    const [newest] = known;
    if (newest !== undefined) return this.#filesChanged(found, newest);
    history.earlier ??= this.#loadEarlier(question.definition.name, version.digest, history);
    if (history.earlier instanceof Promise) return history.earlier.then((earlier) => this.#compared(found, earlier));
    return this.#compared(found, history.earlier);
  }

  async #loadEarlier(task: string, version: string, history: History): Promise<EarlierCalls> {
    const entries = await this.#parts.record.entriesOfTask(task, MOST_EXPLAINED_BY);
    const others = entries.filter(({ taskVersion }) => taskVersion !== version);
    history.earlier = new EarlierCalls(history.all, others);
    return history.earlier;
  }

  /** Of a thousand calls that are missed because of one edit, it is looked for once. */
  #codeChanges({ code, codeParts }: CacheEntryRow, version: Version): readonly Reason[] {
    if (code === version.code || version.part === undefined) return [];
    const key = `${code} ${version.code}`;
    let changes = this.#changes.get(key);
    if (changes === undefined) {
      changes = compareCode(codeParts, this.#partText(version.part));
      this.#changes.set(key, changes);
    }
    return changes;
  }

  /** The newest answer to the key is what people remember. */
  async #filesChanged(found: Found, entry: CacheEntryRow): Promise<MissFacts> {
    // Of what is forced, an older result may still be right: then no file is to blame.
    const isAnswered = found.question.forced !== undefined && (await this.#matching(found.known)).length > 0;
    const changes = isAnswered ? [] : await changedReads(entry.reads ?? [], this.#parts.places);
    return this.#missFacts(found, { entry, isOneOfMany: false }, () => false, changes.length === 0 ? undefined : changesText(changes));
  }

  #compared(found: Found, earlier: EarlierCalls): MissFacts {
    const { inputs = {}, place } = found.question;
    const counts = (name: string): boolean => isCounted(found, name);
    const call = earlier.closest({ inputs, counted: Object.keys(inputs).filter(counts), place });
    const read = call?.entry.reads === undefined ? [] : changedSmallReads(call.entry.reads, this.#parts.places);
    // A file that is passed by file() is told of as the input that it is.
    const passed = new Set(Object.values(inputs).map(({ shown }) => shown));
    const changes = read.filter(({ path }) => !passed.has(shownFileName(path)));
    return this.#missFacts(found, call, counts, changes.length === 0 ? undefined : changesText(changes));
  }

  #missFacts(
    { question, version }: Found,
    earlier: MissFacts['earlier'],
    counts: MissFacts['counts'],
    changedFiles: MissFacts['changedFiles'],
  ): MissFacts {
    const { definition, policy, inputs = {}, sourceOf } = question;
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
      sourceOf,
    };
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

/** Of one question, what has been looked up. */
interface Found {
  readonly question: Question;
  readonly version: Version;
  readonly history: History;
  readonly context: CacheContext;
  readonly key: string | undefined;
  /** Entries of the key, whether or not their files are as they were. */
  readonly known: readonly CacheEntryRow[];
}

function absence(presence: Presence | undefined, { key, uri }: ArtifactRef): string {
  return presence === 'gone' ? key : `not in the stores at hand; it was written to ${uri}`;
}

function digestsOf(inputs: Readonly<Record<string, InputDigest>>): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const name in inputs) digests[name] = (inputs[name] as InputDigest).digest;
  return digests;
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

function lackingText(name: string | undefined): string {
  return name === undefined ? 'an argument has no digest' : `the argument '${name}' has no digest`;
}

/** Who is told that there is no result, or that code changed, is told too when the code counts by less than all of it (S22). */
function withUnsure(why: Reason, part: CodePart | undefined): Reason {
  if (part?.unsure === undefined || (why.kind !== 'no-result' && why.kind !== 'code-changed')) return why;
  const before = why.detail === undefined ? '' : `${why.detail}; `;
  return { kind: why.kind, detail: `${before}its code is not known whole: ${part.unsure}` };
}

/** A variable that only the call knows, or a file that was changed under a running program: the code does not say what runs. */
function doubtOf({ captured, outdated }: CodePart): Reason | undefined {
  if (captured.length > 0) return { kind: 'captured-variable', detail: captured.join(', ') };
  return outdated === undefined ? undefined : { kind: 'not-cached', detail: `${outdated} was changed after it was loaded` };
}

function historyOf(all: readonly CacheEntryRow[]): History {
  const byKey = new Map<string, CacheEntryRow[]>();
  for (const entry of all) {
    const same = byKey.get(entry.key);
    if (same) same.push(entry);
    else byKey.set(entry.key, [entry]);
  }
  return { byKey, all, earlier: undefined, isNewCode: undefined };
}
