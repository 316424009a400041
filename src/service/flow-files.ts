import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { relative, sep } from 'node:path';
import { sha256 } from '../base/digest.js';
import { asError } from '../base/error.js';
import { type FileState, stateOf } from '../code/file-states.js';
import type { ServedFile } from '../runs/service/served.js';
import type { FlowData } from './flow-data.js';
import { mayBeFlowFile, mayHoldFlows, sourcesIn } from './flow-folder.js';
import { followedRule } from './followed-rule.js';
import type { FileReading, ReadFlowFile } from './read-flow-file.js';
import type { Definitions, ServableFlow } from './servable-flow.js';
import type { TellService } from './service-event.js';
import { Slots } from './slots.js';
import { Troubles } from './troubles.js';

export interface FlowFilesOptions {
  /** Absolute. */
  readonly folder: string;
  /** Only this file of it. Absolute. */
  readonly only?: string;
  readonly read: ReadFlowFile;
  readonly tell: TellService;
  readonly now: () => number;
  /** Something has changed. */
  readonly changed: () => void;
}

/** The folder is looked through so often, whatever is heard of it meanwhile. */
const SCAN_MS = 5_000;
/** A broken file is tried again so often: what it needs may be there by then. */
const RETRY_MS = 60_000;
/** Instants are listed anew no more often than that. */
const LIST_MS = 5_000;
/** A file that is so young may be half written. */
const FRESH_MS = 100;
/** Files that are loaded at the same time: one that never ends must not hold up the others. */
const AT_ONCE = Math.max(2, Math.min(4, availableParallelism()));

/** A file that holds flows, or was meant to. */
interface Known {
  readonly path: string;
  /** Of the file and all that it is made of, as they were when it was loaded. */
  readonly states: readonly string[];
  readonly modules: readonly string[] | undefined;
  readonly digest: string;
  readonly error: string | undefined;
  readonly loadedAt: number;
  /** When it is broken, those it had before. */
  readonly flows: readonly FlowData[];
  readonly servable: readonly ServableFlow[];
}

/**
 * The flow files of a folder: finds those that are new, changed or gone, and loads them. Also those are loaded anew that import what has changed. While
 * a file is broken, nothing of it is started or followed; once it is mended, `missed` says what becomes of the instants since.
 */
export class FlowFiles implements Definitions {
  readonly #options: FlowFilesOptions;
  readonly #known = new Map<string, Known>();
  /** Files without flows, by what they were when that was seen. */
  readonly #none = new Map<string, string>();
  #flows: readonly ServableFlow[] = [];
  #files: readonly ServedFile[] = [];
  #looking: Promise<void> | undefined;
  readonly #loading = new Map<string, Promise<void>>();
  readonly #slots = new Slots(AT_ONCE);
  #nextScan = 0;
  /** By path: from when on its schedules are to be listed. */
  readonly #toList = new Map<string, number>();
  readonly #listedAt = new Map<string, number>();

  readonly #troubles: Troubles;

  constructor(options: FlowFilesOptions) {
    this.#options = options;
    this.#troubles = new Troubles(options.tell);
  }

  flows(): readonly ServableFlow[] {
    return this.#flows;
  }

  files(): readonly ServedFile[] {
    return this.#files;
  }

  /** Files that are being loaded. */
  get loading(): number {
    return this.#loading.size;
  }

  refresh(now: number): void {
    const isDue = now >= this.#nextScan || this.#nextScan - now > RETRY_MS || this.#toList.size > 0;
    // While the folder cannot be read, what was found in it is served on.
    if (isDue && this.#looking === undefined) void this.#troubles.attempt('looking through the folder', now, () => this.#look());
  }

  /** Somebody heard that something has changed. */
  hint(): void {
    this.#nextScan = 0;
    this.#options.changed();
  }

  listAgain({ file }: ServableFlow, after: number): void {
    if (file === undefined || this.#options.now() - (this.#listedAt.get(file) ?? 0) < LIST_MS) return;
    this.#toList.set(file, Math.min(after, this.#toList.get(file) ?? after));
  }

  doubt(): void {
    this.#nextScan = 0;
  }

  /** Looks through the folder and loads what is to be loaded. @throws what reading the folder throws */
  async scan(): Promise<void> {
    await this.#look();
    await Promise.all(this.#loading.values());
  }

  /** Nothing waits for a file that takes long to load but the file itself. */
  async #look(): Promise<void> {
    this.#looking ??= this.#lookThrough().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookThrough(): Promise<void> {
    const { folder, only, now } = this.#options;
    this.#nextScan = now() + SCAN_MS;
    const sources = await sourcesIn(folder);
    const candidates = only === undefined ? sources.filter(mayBeFlowFile) : sources.filter((path) => path === only);
    const present = new Set(candidates);
    for (const [path, { flows }] of this.#known) if (!present.has(path)) this.#drop(path, flows);
    for (const path of candidates) {
      if (this.#loading.has(path) || !this.#isToBeLoaded(path, sources)) continue;
      const loading = this.#troubles.attempt(`loading ${this.#shown(path)}`, now(), () => this.#slots.run(() => this.#load(path, sources)));
      this.#loading.set(
        path,
        loading.finally(() => this.#loading.delete(path)),
      );
    }
  }

  #isToBeLoaded(path: string, sources: readonly string[]): boolean {
    const state = stateOf(path);
    if (state === undefined) return false;
    if (Math.abs(this.#options.now() - state[2]) < FRESH_MS) {
      this.#nextScan = 0;
      // At once would be too soon: whoever waits for the next turn waits a little.
      return false;
    }
    if (this.#none.get(path) === shown(state)) return false;
    const known = this.#known.get(path);
    if (known === undefined || this.#toList.has(path)) return true;
    if (known.error !== undefined && this.#options.now() - known.loadedAt >= RETRY_MS) return true;
    return statesOf(path, known.modules ?? sources).join('\n') !== known.states.join('\n');
  }

  async #load(path: string, sources: readonly string[]): Promise<void> {
    const { only, read, now } = this.#options;
    const state = stateOf(path);
    const before = this.#known.get(path);
    const all = statesOf(path, sources);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined || state === undefined) return;
    if (only === undefined && before === undefined && !mayHoldFlows(text)) {
      this.#none.set(path, shown(state));
      return;
    }
    const after = this.#toList.get(path) ?? now();
    this.#toList.delete(path);
    this.#listedAt.set(path, now());
    let reading: FileReading | undefined;
    let error: string | undefined;
    try {
      reading = await read(path, after);
    } catch (thrown) {
      error = asError(thrown).message;
    }
    const modules = reading?.modules ?? before?.modules;
    // As they were before it was loaded: what has changed meanwhile is seen in the next scan.
    const states = modules === undefined ? all : statesOf(path, modules);
    if (reading?.flows.length === 0) {
      this.#none.set(path, shown(state));
      if (before !== undefined) this.#drop(path, before.flows);
      return;
    }
    this.#keep({ path, states, modules, digest: sha256(text), error, loadedAt: now(), flows: reading?.flows ?? before?.flows ?? [], servable: [] });
  }

  #keep(loaded: Known): void {
    const before = this.#known.get(loaded.path);
    const known = loaded.error === undefined ? this.#served(loaded) : loaded;
    this.#known.set(known.path, known);
    this.#none.delete(known.path);
    this.#publish();
    const { tell } = this.#options;
    const file = this.#shown(known.path);
    if (known.error !== undefined) {
      if (before?.error !== known.error) tell({ type: 'file-broken', file, error: known.error });
    }
    const isNews = before === undefined || before.error !== undefined || before.digest !== known.digest || !sameFlows(before, known);
    if (known.servable.length > 0 && isNews) tell({ type: 'file-loaded', file, flows: known.servable.map(({ data }) => data.name) });
  }

  /** Its flows, but for those that another file has: the one that had it first keeps it. */
  #served(loaded: Known): Known {
    const servable: ServableFlow[] = [];
    const problems: string[] = [];
    for (const data of loaded.flows) {
      const holder = [...this.#known.values()].find(
        ({ path, servable: own }) => path !== loaded.path && own.some((one) => one.data.name === data.name),
      );
      if (holder !== undefined) problems.push(`flow '${data.name}' is served from ${this.#shown(holder.path)} already`);
      else if (servable.some((one) => one.data.name === data.name)) problems.push(`it has several flows of the name '${data.name}'`);
      else
        try {
          servable.push({ data, file: loaded.path, rules: data.schedules.map(followedRule) });
        } catch (error) {
          problems.push(`the schedule of flow '${data.name}' cannot be followed: ${asError(error).message}`);
        }
    }
    return { ...loaded, servable, error: problems.length === 0 ? undefined : problems.join('; ') };
  }

  #drop(path: string, flows: readonly FlowData[]): void {
    this.#known.delete(path);
    this.#publish();
    this.#options.tell({ type: 'file-removed', file: this.#shown(path), flows: flows.map(({ name }) => name) });
    // Another file may have waited for a name that is free now.
    for (const [other, known] of this.#known) if (known.error !== undefined) this.#known.set(other, { ...known, loadedAt: 0 });
  }

  #publish(): void {
    const known = [...this.#known.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    this.#flows = known.flatMap(({ servable }) => servable);
    this.#files = known.map(({ path, digest, error, loadedAt, flows }) => ({
      path: this.#shown(path),
      digest,
      error,
      loadedAt,
      flows: flows.map((data) => ({ name: data.name, definition: data })),
    }));
    this.#options.changed();
  }

  #shown(path: string): string {
    return relative(this.#options.folder, path).split(sep).join('/');
  }
}

function statesOf(path: string, others: readonly string[]): readonly string[] {
  return [...new Set([path, ...others])].map((one) => shown(stateOf(one) ?? [one, -1, 0, 0, 0]));
}

function shown(state: FileState): string {
  return state.join(' ');
}

function sameFlows(a: Known, b: Known): boolean {
  const said = ({ servable }: Known): string =>
    JSON.stringify(servable.map(({ data: { schedules, ...rest } }) => [rest, schedules.map(({ text }) => text)]));
  return said(a) === said(b);
}
