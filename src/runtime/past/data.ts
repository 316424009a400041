import { inspect } from 'node:util';
import type { RunInfo } from '../../flow/past.js';

/** What a run's tasks gave, by name. */
export class PastData {
  readonly #run: string;
  readonly #find: (name: string) => Promise<unknown>;

  constructor(run: string, find: (name: string) => Promise<unknown>) {
    this.#run = run;
    this.#find = find;
  }

  /** Bound, since `const { get } = run.data` is what people write. */
  readonly get: RunInfo['data']['get'] = async <T>(name: string) => (await this.#find(name)) as T;

  [inspect.custom](): string {
    return `Data of run ${this.#run} { await .get('name of a task, or of an output') }`;
  }
}
