import { KeptDeclarations } from '../code/kept-declarations.js';
import type { RunRow } from '../model/records.js';
import type { RunRecord } from '../runs/run-record.js';
import type { TaskCode } from './report-data.js';

/** Code of a task as it is kept with one run. */
export interface CodeAtRun {
  readonly code: TaskCode;
  /** By file: what of it the code names, as it stands in it. Files that are not kept have none. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Looks up the code of tasks as it was when runs made their results; each run's package is read once. */
export class CodeOfRuns {
  readonly #record: RunRecord;
  readonly #packages = new Map<string, Promise<KeptDeclarations | undefined>>();

  constructor(record: RunRecord) {
    this.#record = record;
  }

  /**
   * @param reached what the task reaches, where its code counts; else it is its own declaration, where just one file has one of its name
   * @returns undefined where the run has no code, or nobody can say which of it is the task's
   */
  async of({ codePackage }: RunRow, task: string, reached: TaskCode | undefined): Promise<CodeAtRun | undefined> {
    const kept = await this.#kept(codePackage);
    if (kept === undefined) return undefined;
    const code = reached ?? declared(kept, task);
    if (code === undefined) return undefined;
    const texts = code.files.flatMap(([path, names]) => {
      const text = kept.textOf(path, names);
      return text === undefined ? [] : [[path, text] as const];
    });
    return { code, texts: new Map(texts) };
  }

  #kept(digest: string | undefined): Promise<KeptDeclarations | undefined> {
    const known = this.#packages.get(digest ?? '') ?? KeptDeclarations.of(this.#record, digest);
    this.#packages.set(digest ?? '', known);
    return known;
  }
}

function declared(kept: KeptDeclarations, task: string): TaskCode | undefined {
  const [path, another] = kept.declaring(task);
  return path === undefined || another !== undefined ? undefined : { files: [[path, [task]]], packages: [] };
}
