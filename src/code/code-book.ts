import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { wallTime } from '../base/clock.js';
import { digest128 } from '../base/digest.js';
import type { CodeSite } from '../model/code-site.js';
import type { CodePiece } from './code-part.js';
import type { FileState } from './file-states.js';
import { functionTextDigest } from './function-text.js';
import { SCHEME, type SiteCode } from './site-code.js';
import type { Consulted } from './sources.js';
import { areAsTheyWere, type Surroundings, surroundingsOf } from './surroundings.js';

/** Books of before are not opened when it, or what counts as code, has changed. */
const FORMAT = `4 ${SCHEME}`;
/** As files lie in a book; numbers point into its lists. */
interface Page extends Surroundings {
  readonly format: string;
  readonly pieces: readonly CodePiece[];
  readonly sites: Readonly<Record<string, Omit<SiteCode, 'pieces' | 'files' | 'outdated'> & { readonly pieces: number[]; readonly files: number[] }>>;
}

/**
 * What earlier processes found out about the code of a flow's tasks. Loading the parser and reading fifty files takes longer than all the rest
 * of a run of hits, and from one run to the next files rarely change: while each file is as it was, in size, times and inode, and no folder
 * has other names of code in it, what was found is what would be found again.
 */
export class CodeBook {
  readonly #path: string;
  readonly #root: string;
  #page: Page | undefined;
  #isOpen = false;
  readonly #added = new Map<string, SiteCode>();

  /** @param folder where books are kept; @param root the file that the flow is defined in */
  constructor(folder: string, root: string) {
    // Relative paths in the code mean other files in another folder.
    this.#path = join(folder, `${digest128(`${root}\n${process.cwd()}`)}.json`);
    this.#root = root;
  }

  /** @param loadedAt files that were changed later are not what runs */
  find(site: CodeSite, isFlow: boolean, loadedAt: number): SiteCode | undefined {
    const page = this.#open();
    const found =
      page &&
      keysOf(site, isFlow)
        .map((key) => page.sites[key])
        .find((known) => known !== undefined);
    if (page === undefined || found === undefined) return undefined;
    const now = wallTime();
    const files = found.files.map((at) => page.files[at] as FileState);
    const outdated = files.find(([, , mtimeMs]) => Math.floor(mtimeMs) > Math.min(site.madeAt, loadedAt) && mtimeMs <= now);
    return {
      ...found,
      pieces: found.pieces.map((at) => page.pieces[at] as CodePiece),
      files: files.map(([path]) => path),
      outdated: outdated?.[0],
    };
  }

  add(site: CodeSite, isFlow: boolean, code: SiteCode): void {
    if (code.outdated === undefined) this.#added.set(keyOf(site, isFlow, code.depth), code);
  }

  /** Writes down what was added. A book that cannot be written is none: the next process looks for itself. */
  async save(consulted: Consulted): Promise<void> {
    if (this.#added.size === 0 || !consulted.isComplete) return;
    const page = this.#pageOf(consulted);
    this.#added.clear();
    if (page !== undefined) await writeFileAtomic(this.#path, JSON.stringify(page), { durable: false }).catch(() => {});
  }

  #open(): Page | undefined {
    if (this.#isOpen) return this.#page;
    this.#isOpen = true;
    try {
      const page = JSON.parse(readFileSync(this.#path, 'utf8')) as Page;
      if (page.format === FORMAT && areAsTheyWere(page)) this.#page = page;
    } catch {
      // There is none, or it cannot be read.
    }
    return this.#page;
  }

  #pageOf({ files }: Consulted): Page | undefined {
    const sites = [...this.#sitesBefore(), ...this.#added];
    const sources = [...files, ...sites.flatMap(([, code]) => code.files), ...(this.#page?.files.map(([path]) => path) ?? [])];
    const around = surroundingsOf(this.#root, sources);
    if (around === undefined) return undefined;
    const placeOf = new Map(around.files.map(([path], at) => [path, at]));
    const pieces = new Map<string, readonly [number, CodePiece]>();
    const numberOf = (piece: CodePiece): number => {
      const key = `${piece.digest} ${piece.name}\n${piece.file}`;
      const [number] = pieces.get(key) ?? [pieces.size];
      pieces.set(key, [number, piece]);
      return number;
    };
    const written = sites.map(([key, { outdated: _, ...code }]) => {
      return [key, { ...code, pieces: code.pieces.map(numberOf), files: code.files.map((path) => placeOf.get(path) as number) }] as const;
    });
    return {
      format: FORMAT,
      ...around,
      pieces: [...pieces.values()].map(([, piece]) => piece),
      sites: Object.fromEntries(written),
    };
  }

  /** What the book says already, and goes on saying. */
  #sitesBefore(): (readonly [string, SiteCode])[] {
    const page = this.#page;
    if (page === undefined) return [];
    return Object.entries(page.sites).map(([key, code]) => {
      const pieces = code.pieces.map((at) => page.pieces[at] as CodePiece);
      return [key, { ...code, pieces, files: code.files.map((at) => (page.files[at] as FileState)[0]), outdated: undefined }] as const;
    });
  }
}

/** More than so many calls never lead to where a function is written. */
const DEEPEST = 4;

/** What a definition may be known by: by the innermost call alone, mostly. */
function keysOf(site: CodeSite, isFlow: boolean): readonly string[] {
  const depths = Array.from({ length: Math.min(DEEPEST, site.places().length) }, (_, at) => at + 1);
  return [...depths, undefined].map((depth) => keyOf(site, isFlow, depth));
}

/** Where a definition stands, and what its function says: a compiler may have made another text of it. */
function keyOf(site: CodeSite, isFlow: boolean, depth: number | undefined): string {
  const calls = depth === undefined ? site.places() : site.places().slice(0, depth);
  const places = calls.map(({ file, line, column }) => `${file}:${line}:${column}`);
  const members = (site.members ?? []).map(({ className, name, code }) => `${className}.${name} ${functionTextDigest(code)}`);
  const text = site.code === undefined ? '' : functionTextDigest(site.code);
  return digest128([site.kind, isFlow, depth ?? 'all', site.also ?? '', text, ...places, ...members].join('\n'));
}
