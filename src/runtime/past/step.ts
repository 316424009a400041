import { MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import { outermostMaps } from '../../engine/map-fold.js';
import type { Listing, StepInfo, TaskInfo } from '../../flow/past.js';
import type { TaskRunDetails } from '../../runs/run-record.js';
import { type Facts, Shown } from './display.js';
import { AskedListing } from './listing.js';
import type { PastSource } from './source.js';
import { PastTask } from './task.js';

export class PastStep extends Shown implements StepInfo {
  readonly name: string;
  readonly run: string;
  readonly #source: PastSource;

  constructor(source: PastSource, run: string, name: string) {
    super();
    this.name = name;
    this.run = run;
    this.#source = source;
  }

  tasks(): Listing<TaskInfo> {
    const make = async function* (this: PastStep): AsyncGenerator<TaskInfo> {
      for (const row of await this.rows()) yield new PastTask(this.#source, this.run, row);
    };
    return new AskedListing(`task runs of ${this.name} in ${this.run}`, () => make.call(this));
  }

  /** Of a map, its children alone. @throws MillraceError `TASK_UNKNOWN` */
  async rows(): Promise<readonly TaskRunDetails[]> {
    await using project = await this.#source.open();
    const rows = await project.record.taskRuns(this.run, { task: this.name });
    if (rows.length === 0) throw unknown(this.name, this.run, [...new Set((await project.record.taskRuns(this.run)).map(({ task }) => task))]);
    const maps = new Set(outermostMaps(rows).values());
    return rows.filter(({ index }) => !maps.has(index));
  }

  protected facts(): Facts {
    return { kind: 'Step', title: `${this.run}/${this.name}`, facts: [] };
  }
}

function unknown(name: string, run: string, names: readonly string[]): MillraceError {
  const guess = nearest(name, names);
  const known = names.length === 0 ? 'No task of it is recorded yet.' : `It has ${names.join(', ')}.`;
  return new MillraceError('TASK_UNKNOWN', `run ${run} has no task '${name}'`, { hint: guess === undefined ? known : `Did you mean '${guess}'?` });
}
