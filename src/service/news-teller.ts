import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../base/clock.js';
import { asError } from '../base/error.js';
import { createMask } from '../log/mask.js';
import { maskData } from '../log/mask-data.js';
import { notificationName, type ServiceNews, type ServiceNotification, wants } from '../model/notification.js';
import { secretTexts } from '../model/secret.js';
import { deliver } from '../notify/deliver.js';
import type { ServiceRecord } from '../runs/service/service-record.js';
import type { ServiceEvent, TellService } from './service-event.js';

/** What mends itself within so long is no news. */
const TROUBLE_MS = 60_000;
/** Errors may quote a file. */
const LONGEST_ERROR = 4_000;

export interface NewsOptions {
  readonly to: readonly ServiceNotification[];
  /** Where its flow files are, for people. */
  readonly folder: string;
  readonly clock: Clock;
  readonly record: Pick<ServiceRecord, 'files'>;
  /** By whom it is told what could not be delivered. */
  readonly tell: TellService;
}

/** A piece of news, without what is the same of all. */
type Told = Omit<ServiceNews, 'id' | 'at' | 'folder' | 'host'>;

/** Tells others what befalls a service itself: beside its turns, each place by itself, and whatever comes of that changes nothing. */
export class NewsTeller {
  readonly #options: NewsOptions;
  readonly #underWay = new Set<Promise<void>>();
  /** By step: takes back what is told when it lasts. */
  readonly #troubles = new Map<string, () => void>();

  constructor(options: NewsOptions) {
    this.#options = options;
  }

  /** @param service its id in the record */
  hear(event: ServiceEvent, service: string): void {
    if (this.#options.to.length === 0) return;
    if (event.type === 'file-broken') this.#begin(this.#broken(event, service));
    else if (event.type === 'run-refused') {
      const { flow, run } = event.due;
      const text = `flow '${flow}' will not run: ${firstLine(event.why)} (run ${run})`;
      this.#begin(this.#deliver({ event: 'refused', text, flow, run, error: errorOf(event.why) }));
    } else if (event.type === 'trouble') this.#trouble(event);
    else if (event.type === 'trouble-over') this.#forget(event.step);
  }

  /** Resolves when nothing is being delivered any more: at the latest when the time that each place has is over. */
  async settled(): Promise<void> {
    for (const step of [...this.#troubles.keys()]) this.#forget(step);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Of several services with the same files the first tells; one that is started anew does not tell again what the one before has told. */
  async #broken({ file, error }: Extract<ServiceEvent, { type: 'file-broken' }>, service: string): Promise<void> {
    const { clock, record } = this.#options;
    // Where it cannot be asked, twice is better than never.
    const known = await record.files(clock.now()).catch(() => []);
    if (known.some((one) => one.service !== service && one.path === file && one.error === error)) return;
    await this.#deliver({ event: 'broken-file', text: `${file} is broken: ${firstLine(error)}`, file, error: errorOf(error) });
  }

  #trouble({ step, error }: Extract<ServiceEvent, { type: 'trouble' }>): void {
    const tell = (): void => {
      this.#troubles.delete(step);
      this.#begin(this.#deliver({ event: 'trouble', text: `trouble with ${step}: ${firstLine(error)}`, error: errorOf(error) }));
    };
    this.#forget(step);
    this.#troubles.set(step, this.#options.clock.schedule(TROUBLE_MS, tell, { idle: true }));
  }

  #forget(step: string): void {
    this.#troubles.get(step)?.();
    this.#troubles.delete(step);
  }

  #begin(job: Promise<void>): void {
    const work = job.finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  /** Never rejects. */
  async #deliver(told: Told): Promise<void> {
    const { clock, folder, to } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const id = `evt_${randomBytes(16).toString('hex')}`;
    const mask = createMask(secretTexts());
    const news: ServiceNews = Object.freeze({ ...maskData(told, mask), id, event: told.event, at, folder, host: hostname() });
    await Promise.all(to.filter((one) => wants(one, news.event)).map((one) => this.#deliverTo(one, news)));
  }

  async #deliverTo(one: ServiceNotification, news: ServiceNews): Promise<void> {
    // How long a place has is measured by a clock that nobody sets.
    const failed = await deliver(one, news, { clock: systemClock, random: Math.random }).catch((error: unknown) => ({ error: asError(error) }));
    if (failed !== undefined)
      this.#options.tell({ type: 'not-told', place: notificationName(one), occasion: news.event, error: failed.error.message });
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function errorOf(text: string): NonNullable<ServiceNews['error']> {
  return { name: 'Error', message: text.length > LONGEST_ERROR ? `${text.slice(0, LONGEST_ERROR)}…` : text };
}
