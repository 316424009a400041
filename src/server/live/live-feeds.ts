import type { Clock } from '../../base/clock.js';
import type { RunRecord } from '../../runs/run-record.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import { LiveFeed, type LiveSource } from './live-feed.js';
import { ProjectSource } from './project-source.js';
import { RunSource } from './run-source.js';

/** The feeds that somebody listens to: one for the whole, and one for each run. */
export class LiveFeeds {
  readonly #record: RunRecord;
  readonly #services: ServiceRecord;
  readonly #clock: Clock;
  readonly #feeds = new Map<string, LiveFeed>();

  constructor(record: RunRecord, services: ServiceRecord, clock: Clock) {
    this.#record = record;
    this.#services = services;
    this.#clock = clock;
  }

  ofProject(): LiveFeed {
    return this.#feed('', () => new ProjectSource(this.#record, this.#services, this.#clock));
  }

  ofRun(run: string): LiveFeed {
    return this.#feed(run, () => new RunSource(this.#record, this.#services, run));
  }

  #feed(key: string, source: () => LiveSource): LiveFeed {
    const running = this.#feeds.get(key);
    if (running !== undefined) return running;
    const feed: LiveFeed = new LiveFeed(source(), this.#clock, () => {
      if (this.#feeds.get(key) === feed) this.#feeds.delete(key);
    });
    this.#feeds.set(key, feed);
    return feed;
  }
}
