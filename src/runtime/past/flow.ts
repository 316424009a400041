import { MillraceError } from '../../base/error.js';
import { nearestFew } from '../../base/nearest.js';
import type { FlowInfo, Listing, RunInfo, RunQuery } from '../../flow/past.js';
import type { Project } from '../project.js';
import { type Facts, Shown } from './display.js';
import { AskedListing } from './listing.js';
import { PastRun } from './run.js';
import { runPages } from './run-pages.js';
import { checkLatest } from './run-query.js';
import type { PastSource } from './source.js';

const GUESSES = 3;

export class PastFlow extends Shown implements FlowInfo {
  readonly name: string;
  readonly #source: PastSource;

  constructor(source: PastSource, name: string) {
    super();
    this.name = name;
    this.#source = source;
  }

  runs(query: RunQuery = {}): Listing<RunInfo> {
    const make = async function* (this: PastFlow): AsyncGenerator<RunInfo> {
      let found = 0;
      for await (const page of runPages(this.#source.open, { ...query, flow: this.name })) {
        for (const row of page) yield new PastRun(this.#source, row);
        found += page.length;
      }
      if (found === 0) await this.check();
    };
    return new AskedListing(`runs of ${this.name}`, () => make.call(this));
  }

  async latest(options: { readonly successful?: boolean } = {}): Promise<RunInfo | undefined> {
    checkLatest(options);
    const { successful = false } = options;
    for await (const run of this.runs(successful ? { state: 'success', limit: 1 } : { limit: 1 })) return run;
    return undefined;
  }

  /** @throws MillraceError `FLOW_UNKNOWN` */
  async check(): Promise<void> {
    await using project = await this.#source.open();
    if ((await project.record.runs({ flow: this.name, limit: 1 })).length === 0) throw await unknownFlow(project, this.name);
  }

  protected facts(): Facts {
    return { kind: 'Flow', title: this.name, facts: [] };
  }
}

async function unknownFlow({ record }: Project, name: string): Promise<MillraceError> {
  const names = (await record.flows()).map(({ flow }) => flow);
  const guesses = nearestFew(name, names, GUESSES);
  const known = names.length === 0 ? 'There are no runs yet.' : `Flows with runs: ${names.join(', ')}.`;
  return new MillraceError('FLOW_UNKNOWN', `flow '${name}' has no runs in ${record.location}`, {
    hint: guesses.length === 0 ? known : `Did you mean ${guesses.map((guess) => `'${guess}'`).join(' or ')}?`,
  });
}
