import { dirname } from 'node:path';
import type { FileRead, ReadSink } from '../model/file-read.js';
import { contentOf, type FileContent, stateOf } from './file-digests.js';
import { openPath } from './open-files.js';
import type { Places } from './places.js';
import { askNow, CONTENT, RESTLESS } from './question.js';

/** Shared by the logs of a task and of the sub-flows around it, so that it is answered once. */
interface Observation {
  readonly path: string;
  readonly question: string;
  /** Undefined until the file has been digested. */
  answer: string | undefined;
  /** The state the file was in before it was read. */
  readonly before: string | undefined;
  /** Of a large file whose state tells of every change: what spares reading it again. */
  seen: string | undefined;
  /** It was another file, or held something else, by the time it was digested. */
  isRestless: boolean;
}

/** What one task run, or one sub-flow with all that is in it, asked the file system. */
export interface ObservedReads {
  readonly reads: readonly FileRead[];
  /** A file that changed while it was read, as people know it: nobody knows what was read, and `reads` is what never comes true again. */
  readonly restless: string | undefined;
}

/** Smaller files are read again as quickly as looked at. */
const SEEN_FROM_BYTES = 64 * 1024;
/** Files digested before others get their turn. */
const AT_ONCE = 256;

/**
 * Takes down the questions of one task run (S22b). A file that is read is known by its state before; it is digested when the task has ended,
 * and when its state is another one by then, nobody can say what was read: the result will not be reused.
 */
export class ReadLog implements ReadSink {
  readonly #places: Places;
  /** Of the sub-flow around it. */
  readonly #outer: ReadLog | undefined;
  readonly #observed = new Map<string, Observation>();
  /** Files read again when it was not yet known what they had held. */
  readonly #again: Observation[] = [];
  readonly #references: Observation[] = [];
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  readonly #open = new Set<number>();
  #restless: string | undefined;
  #isClosed = false;

  constructor(places: Places, outer?: ReadLog) {
    this.#places = places;
    this.#outer = outer;
  }

  asked(path: string, question: string, answer?: string): void {
    if (!this.#places.counts(path)) return;
    const isContent = question === CONTENT;
    if (!isContent) return this.#take(observation(path, question, answer ?? askNow(this.#places, path, question)));
    if (answer !== undefined) return this.#take(observation(path, question, answer));
    const now = stateOf(path);
    this.#take({ path, question, answer: now.answer, before: now.state, seen: undefined, isRestless: false });
  }

  askedOpen(fd: number): void {
    if (this.#open.has(fd)) return;
    this.#open.add(fd);
    const path = openPath(fd);
    if (path !== undefined) this.asked(path, CONTENT);
  }

  opened(fd: number): void {
    this.#open.add(fd);
    this.#outer?.opened(fd);
  }

  wrote(path: string, what: 'file' | 'folder'): void {
    (what === 'file' ? this.#files : this.#folders).add(path);
    this.#outer?.wrote(path, what);
  }

  owns(path: string): boolean {
    if (this.#files.has(path)) return true;
    if (this.#folders.size === 0) return false;
    for (let at = path; ; at = dirname(at)) {
      if (this.#folders.has(at)) return true;
      if (at === dirname(at)) return false;
    }
  }

  /** A file that a result refers to: it counts, whoever made it. */
  refersTo(path: string, digest: string): void {
    const one = observation(path, CONTENT, digest);
    this.#references.push(one);
    this.#put(one);
  }

  /** What an earlier run read for a result that is reused inside this one. */
  adopt(reads: readonly FileRead[]): void {
    for (const { path, question, answer, seen } of reads) this.#take({ ...observation(this.#places.pathOf(path), question, answer), seen });
  }

  /** The code has ended: what it may still do is no part of its result. Digests what was read. */
  close(): void | Promise<void> {
    this.#isClosed = true;
    const open = [...this.#observed.values(), ...this.#again].filter(({ answer }) => answer === undefined);
    return this.#digest([...open, ...this.#references], 0);
  }

  /** To be asked for after `close`. */
  get result(): ObservedReads {
    const restless = this.#restless ?? this.#findRestless();
    if (restless !== undefined) {
      const path = this.#places.nameOf(restless);
      return { reads: [{ path, question: RESTLESS, answer: RESTLESS }], restless: path };
    }
    const reads = [...this.#observed.values()].map((one) => ({
      path: this.#places.nameOf(one.path),
      question: one.question,
      answer: one.answer as string,
      ...(one.seen === undefined ? {} : { seen: one.seen }),
    }));
    return { reads: reads.sort(inOrder), restless: undefined };
  }

  #take(one: Observation): void {
    if (this.#outer !== undefined) this.#outer.#take(one);
    if (!this.#isClosed && !this.owns(one.path)) this.#put(one);
  }

  #put(one: Observation): void {
    const key = keyOf(one.path, one.question);
    const first = this.#observed.get(key);
    if (first === undefined) this.#observed.set(key, one);
    else if (first.before !== undefined && one.before !== undefined) this.#expectSame(first.before, one.before, one.path);
    else if (first.answer !== undefined && one.answer !== undefined) this.#expectSame(first.answer, one.answer, one.path);
    else this.#again.push(one);
  }

  /** Two answers to one question: no later look could find both. */
  #expectSame(first: string, second: string, path: string): void {
    if (first !== second) this.#restless ??= path;
  }

  #findRestless(): string | undefined {
    for (const one of this.#observed.values()) if (one.isRestless) return one.path;
    return this.#again.find((one) => one.isRestless || one.answer !== this.#observed.get(keyOf(one.path, one.question))?.answer)?.path;
  }

  /** Synchronous as long as files are small and few. */
  #digest(open: readonly Observation[], from: number): void | Promise<void> {
    for (let at = from; at < open.length; at++) {
      if (at === from + AT_ONCE) return new Promise<void>((done) => void setImmediate(done)).then(() => this.#digest(open, at));
      const one = open[at] as Observation;
      const content = contentOf(one.path);
      if (content instanceof Promise) return content.then((known) => answered(one, known)).then(() => this.#digest(open, at + 1));
      answered(one, content);
    }
  }
}

/** What is read by way of `file()` has an answer already, and only has to be so still. */
function answered(one: Observation, { answer, state, settled }: FileContent): void {
  if (one.answer === undefined ? state !== one.before : answer !== one.answer) one.isRestless = true;
  else if (settled && Number(state?.split(' ', 1)[0]) >= SEEN_FROM_BYTES) one.seen = state;
  one.answer ??= answer;
}

function observation(path: string, question: string, answer: string): Observation {
  return { path, question, answer, before: undefined, seen: undefined, isRestless: false };
}

function keyOf(path: string, question: string): string {
  return `${question}\n${path}`;
}

function inOrder(a: FileRead, b: FileRead): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.question < b.question ? -1 : a.question > b.question ? 1 : 0;
}
