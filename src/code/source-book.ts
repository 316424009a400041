import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { digest128 } from '../base/digest.js';
import type { SourceList } from './source-list.js';
import type { Consulted } from './sources.js';
import { areAsTheyWere, type Surroundings, surroundingsOf } from './surroundings.js';

/** Raised when the same files are to give another package. */
const FORMAT = 1;

interface Page extends Surroundings {
  readonly format: number;
  readonly digest: string;
}

/**
 * Which package an earlier process made of a flow's sources: while every one of them is as it was, and every import would find the same, it is
 * the same again, and no file has to be read.
 */
export class SourceBook {
  readonly #path: string;
  readonly #root: string;

  /** @param folder where books are kept; @param root the file that the flow is defined in */
  constructor(folder: string, root: string) {
    this.#path = join(folder, `${digest128(`sources ${root}`)}.sources.json`);
    this.#root = root;
  }

  find(): string | undefined {
    try {
      const page = JSON.parse(readFileSync(this.#path, 'utf8')) as Page;
      return page.format === FORMAT && areAsTheyWere(page) ? page.digest : undefined;
    } catch {
      // There is none, or it cannot be read.
      return undefined;
    }
  }

  /** A book that cannot be written is none: the next process looks for itself. */
  async save(digest: string, { files }: SourceList, consulted: Consulted): Promise<void> {
    if (!consulted.isComplete) return;
    const around = surroundingsOf(this.#root, [...consulted.files, ...files]);
    if (around === undefined) return;
    const page: Page = { format: FORMAT, digest, ...around };
    await writeFileAtomic(this.#path, JSON.stringify(page), { durable: false }).catch(() => {});
  }
}
