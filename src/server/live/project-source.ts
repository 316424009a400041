import type { Clock } from '../../base/clock.js';
import type { RunRow } from '../../model/records.js';
import { FINAL_RUN_STATES } from '../../model/states.js';
import { UNFINISHED } from '../../runs/crash.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import { runView } from '../views/run-view.js';
import { serviceView } from '../views/service-view.js';
import type { LiveEvent } from './event-ring.js';
import type { LiveSource } from './live-feed.js';

/** More runs at the same time are told of as they end. */
const MOST_ACTIVE = 500;
const PAGE = 50;
/** Newest runs that are known to have been told: those before them are history. */
const REMEMBERED = 5_000;

/** Everything beside what happens inside of runs: `run` (one that begins, changes or ends), `services`, `files` and `paused`, each as a whole. */
export class ProjectSource implements LiveSource {
  readonly mark = -1;
  readonly isOver = false;
  readonly #record: RunRecord;
  readonly #services: ServiceRecord;
  readonly #clock: Clock;
  /** By id, as they were told; the oldest first. */
  readonly #runs = new Map<string, string>();
  #active = new Map<string, RunRow>();
  readonly #lists = new Map<string, { readonly text: string; readonly data: unknown }>();
  #since: number | undefined;

  constructor(record: RunRecord, services: ServiceRecord, clock: Clock) {
    this.#record = record;
    this.#services = services;
    this.#clock = clock;
  }

  async look(): Promise<readonly LiveEvent[]> {
    const isFirst = this.#since === undefined;
    // Runs are dated by their own machines' clocks, which need not agree.
    this.#since ??= this.#clock.now() - 60_000;
    const rows = await this.#changedRuns(this.#since);
    const lists = await this.#changedLists();
    return isFirst ? [] : [...rows.map((row) => ({ type: 'run', data: runView(row) })), ...lists];
  }

  async state(): Promise<readonly LiveEvent[]> {
    const active = [...this.#active.values()].map(runView);
    return [{ type: 'active', data: active }, ...[...this.#lists].map(([type, { data }]) => ({ type, data }))];
  }

  async #changedRuns(since: number): Promise<readonly RunRow[]> {
    const seen = new Map<string, RunRow>();
    for (const state of UNFINISHED) for (const row of await this.#record.runs({ state, limit: MOST_ACTIVE })) seen.set(row.id, row);
    for (const row of await this.#newest(since)) seen.set(row.id, row);
    // Those that went on at the last look and are not among these any more have ended long after they began.
    for (const id of this.#active.keys()) {
      const row = seen.has(id) ? undefined : await this.#record.run(id);
      if (row !== undefined) seen.set(id, row);
    }
    this.#active = new Map([...seen].filter(([, { state }]) => !FINAL_RUN_STATES.has(state)));
    const changed = [...seen.values()].filter((row) => this.#isNews(row)).sort((a, b) => a.createdAt - b.createdAt);
    for (const id of this.#runs.keys()) {
      if (this.#runs.size <= REMEMBERED) break;
      this.#runs.delete(id);
    }
    return changed;
  }

  /** Those that began since, back to one that was told already. */
  async #newest(since: number): Promise<readonly RunRow[]> {
    const rows: RunRow[] = [];
    for (let before: string | undefined; ; before = rows.at(-1)?.id) {
      const page = await this.#record.runs({ since, limit: PAGE, ...(before === undefined ? {} : { before }) });
      rows.push(...page);
      if (page.length < PAGE || page.some(({ id }) => this.#runs.has(id)) || rows.length >= REMEMBERED / 2) return rows;
    }
  }

  #isNews(row: RunRow): boolean {
    const { id, state, tags, notes, name, error } = row;
    const text = JSON.stringify([state, tags, notes, name, error?.message]);
    if (this.#runs.get(id) === text) return false;
    this.#runs.delete(id);
    this.#runs.set(id, text);
    return true;
  }

  async #changedLists(): Promise<readonly LiveEvent[]> {
    const now = this.#clock.now();
    const services = (await this.#services.services(now)).map(serviceView);
    const files = (await this.#services.files(now)).map(({ service, path, error, flows }) => ({
      service,
      path,
      error,
      flows: flows.map(({ name }) => name),
    }));
    const paused = (await this.#services.settings()).filter(({ pausedAt }) => pausedAt !== undefined).map(({ flow }) => flow);
    const changed: LiveEvent[] = [];
    // That a service was seen again is no news.
    const note = (type: string, data: unknown, text: string): void => {
      if (this.#lists.get(type)?.text !== text) changed.push({ type, data });
      this.#lists.set(type, { text, data });
    };
    note('services', services, JSON.stringify(services.map(({ seenAt: _, ...rest }) => rest)));
    note('files', files, JSON.stringify(files));
    note('paused', paused, JSON.stringify(paused));
    return changed;
  }
}
