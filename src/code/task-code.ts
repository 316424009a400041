import { relative } from 'node:path';
import { wallTime } from '../base/clock.js';
import { digest128 } from '../base/digest.js';
import type { CodeMember, CodeSite } from '../model/code-site.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { CodeBook } from './code-book.js';
import type { CodePart, CodePiece } from './code-part.js';
import { Effects } from './effects.js';
import { functionTextDigest, plainFunctionDigest } from './function-text.js';
import { Given } from './given.js';
import { Links } from './links.js';
import { ModuleReads } from './load-reads.js';
import { locate } from './locate.js';
import type { ModuleCode } from './module-code.js';
import { projectFolder } from './project-folder.js';
import { type Reached, reach } from './reach.js';
import type { SiteCode } from './site-code.js';
import { type Consulted, loadParser, type Parser, Sources } from './sources.js';
import { type DigestOf, optionsCode } from './task-options.js';

/** Tells the code part of definitions. */
export interface TaskCode {
  /** At once where it is known already, or nothing has to be read for it. Never rejects because of what a source says. */
  codeOf(definition: TaskDefinition): CodePart | Promise<CodePart>;
  /** Writes down what was found out, for the next process. Never rejects. */
  save(): Promise<void>;
}

/** What is loaded once: the parser, and of each definition its code; what runs does not change any more (S22). */
let parser: Promise<Parser | undefined> | undefined;
const parts = new WeakMap<CodeSite, Map<string, Promise<SiteCode> | SiteCode>>();

export interface TaskCodeParts {
  /** Where the flow that runs was defined: its file may import what changes the code of tasks in other files. */
  readonly flow: CodeSite | undefined;
  /** For captured variables. */
  readonly digestOf: DigestOf;
  /** A folder for what earlier processes found out. Undefined: nothing shall outlive this one. */
  readonly books?: string | undefined;
}

/** One for each run: files are looked at anew, definitions that are known are not. */
export function createTaskCode({ flow, digestOf, books }: TaskCodeParts): TaskCode {
  let root: string | undefined;
  let book: CodeBook | undefined;
  let look: Promise<Look | undefined> | undefined;
  const known = new WeakMap<TaskDefinition, CodePart | Promise<CodePart>>();
  const siteCode = (site: CodeSite, isFlow: boolean): SiteCode | Promise<SiteCode> => {
    const ofSite = parts.get(site) ?? new Map<string, Promise<SiteCode> | SiteCode>();
    parts.set(site, ofSite);
    root ??= flow?.places()[0]?.file ?? '';
    const key = `${isFlow} ${root}`;
    const found = ofSite.get(key);
    if (found !== undefined) return found;
    if (books !== undefined) book ??= new CodeBook(books, root);
    const written = book?.find(site, isFlow, flow?.madeAt ?? Number.POSITIVE_INFINITY);
    if (written !== undefined) {
      ofSite.set(key, written);
      return written;
    }
    // Where its native part is missing, tasks run all the same.
    parser ??= loadParser().catch(() => undefined);
    look ??= parser.then((loaded) => loaded && new Look(loaded, flow));
    const coming = look.then((loaded) => loaded?.codeOf(site, isFlow) ?? unparsed(site));
    ofSite.set(key, coming);
    void coming.then((code) => {
      ofSite.set(key, code);
      book?.add(site, isFlow, code);
    });
    return coming;
  };
  return {
    codeOf(definition) {
      const before = known.get(definition);
      if (before !== undefined) return before;
      const finish = (code: SiteCode): CodePart => {
        const part = withOptions(definition, code, digestOf);
        known.set(definition, part);
        return part;
      };
      const { code: site, version } = definition;
      if (version !== undefined || site === undefined)
        return finish(textOnly(definition, site === undefined ? 'it was not made by task() or flow()' : undefined));
      if (site.code === undefined)
        return finish({ ...NOTHING, digest: digest128(`also ${site.also ?? ''}`), pieces: [ownPiece(definition, site.also ?? '')] });
      const found = siteCode(site, definition.kind === 'subflow');
      if (!(found instanceof Promise)) return finish(found);
      const coming = found.then(finish);
      known.set(definition, coming);
      return coming;
    },
    async save() {
      const looked = await look;
      if (looked !== undefined) await book?.save(looked.consulted);
    },
  };
}

/** As what a function is told whose source is not found. */
const TEXT_OF_FUNCTION = 'the text of the function';

/** One look at the sources: files are read once. Those of the process that have not changed are not parsed again. */
class Look {
  readonly #parser: Parser;
  readonly #sources: Sources;
  readonly #links: Links;
  readonly #effects: Effects;
  readonly #given: Given;
  readonly #moduleReads: ModuleReads;
  readonly #root: ModuleCode | undefined;
  /** Tasks that are made while the flow runs are of modules that were loaded when it was made. */
  readonly #loadedAt: number;
  readonly #byPlace = new Map<string, SiteCode>();
  readonly #shown = new Map<string, string>();

  constructor(loaded: Parser, flow: CodeSite | undefined) {
    this.#parser = loaded;
    this.#sources = new Sources(loaded);
    this.#links = new Links(this.#sources);
    this.#effects = new Effects(this.#sources, this.#links);
    this.#given = new Given(this.#links, this.#effects);
    this.#moduleReads = new ModuleReads(this.#links);
    this.#loadedAt = flow?.madeAt ?? Number.POSITIVE_INFINITY;
    const root = flow?.places()[0];
    const module = root === undefined ? '' : this.#sources.module(root.file);
    this.#root = typeof module === 'string' ? undefined : module;
  }

  get consulted(): Consulted {
    return this.#sources.consulted;
  }

  codeOf(site: CodeSite, isFlow: boolean): SiteCode {
    let code: SiteCode | string;
    try {
      code = this.#find(site, isFlow);
    } catch (error) {
      // No source, however odd, may keep a task from running.
      code = `its source cannot be looked through: ${(error as Error).message}`;
    }
    return typeof code === 'string' ? this.#textOf(site, code) : withAlso(code, site);
  }

  #find(site: CodeSite, isFlow: boolean): SiteCode | string {
    const located = locate(this.#sources, this.#links, site);
    if (typeof located === 'string') return located;
    const { starts, missing, depth } = located;
    // Tasks that are made in a loop have one function.
    const key = `${isFlow} ${missing.length} ${starts.map(({ module, node }) => `${module.path} ${node.start} ${node.end}`).join('|')}`;
    const known = missing.length === 0 ? this.#byPlace.get(key) : undefined;
    if (known !== undefined && known.outdated === undefined) return known;
    const [{ module }] = starts as [(typeof starts)[0]];
    const folder = projectFolder(module.path);
    const reached = reach(
      {
        sources: this.#sources,
        links: this.#links,
        effects: this.#effects,
        given: this.#given,
        moduleReads: this.#moduleReads,
        shownAs: (path) => this.#shownAs(folder, path),
      },
      starts,
      this.#root === undefined ? [] : [this.#root],
      isFlow,
    );
    const code = this.#withMissing({ ...reached, depth, uses: reached.captured, outdated: this.#outdated(site, reached) }, missing);
    if (missing.length === 0) this.#byPlace.set(key, code);
    return code;
  }

  #shownAs(folder: string, path: string): string {
    const key = `${folder}\n${path}`;
    let shown = this.#shown.get(key);
    if (shown === undefined) {
      shown = relative(folder, path).replaceAll('\\', '/');
      this.#shown.set(key, shown);
    }
    return shown;
  }

  #withMissing(code: SiteCode, missing: readonly CodeMember[]): SiteCode {
    if (missing.length === 0) return code;
    const pieces = missing.map((member) => this.#memberText(member));
    const names = pieces.map(({ name }) => name).join(', ');
    return {
      ...code,
      digest: digest128([code.digest, ...pieces.map(({ digest }) => digest)].join('\n')),
      pieces: [...code.pieces, ...pieces],
      unsure: code.unsure ?? `the source of ${names} is not found`,
    };
  }

  #memberText({ className, name, code }: CodeMember): CodePiece {
    return { file: '', name: name === undefined ? className : `${className}.${name}`, digest: plainFunctionDigest(code, this.#parser) };
  }

  #textOf(site: CodeSite, why: string): SiteCode {
    const members = site.members ?? [{ className: '', name: undefined, code: site.code as CodeMember['code'] }];
    const pieces = members.map((member) => this.#memberText(member)).map((piece) => ({ ...piece, name: piece.name || TEXT_OF_FUNCTION }));
    return withAlso({ ...NOTHING, digest: digest128(`text ${pieces.map(({ digest }) => digest).join(' ')}`), pieces, unsure: why }, site);
  }

  /** Files of the future are those of a clock that went wrong, not changed ones. */
  #outdated({ madeAt }: CodeSite, { files }: Reached): string | undefined {
    const now = wallTime();
    const loadedAt = Math.min(madeAt, this.#loadedAt);
    return files.find((file) => {
      const changedAt = Math.floor(this.#sources.changedAt(file));
      return changedAt > loadedAt && changedAt <= now;
    });
  }
}

const NOTHING: SiteCode = { digest: '', pieces: [], packages: {}, unsure: undefined, uses: [], files: [], depth: undefined, outdated: undefined };

function withAlso(code: SiteCode, { also }: CodeSite): SiteCode {
  return also === undefined ? code : { ...code, digest: digest128(`${code.digest}\nalso ${also}`) };
}

function textOnly({ fn, name }: TaskDefinition, unsure: string | undefined): SiteCode {
  return { ...NOTHING, digest: functionTextDigest(fn), pieces: [{ file: '', name, digest: functionTextDigest(fn).slice(0, 12) }], unsure };
}

function unparsed(site: CodeSite): SiteCode {
  const members = site.members ?? [{ className: '', name: undefined, code: site.code as CodeMember['code'] }];
  const digest = digest128(members.map(({ code }) => functionTextDigest(code)).join(' '));
  const pieces = [{ file: '', name: TEXT_OF_FUNCTION, digest: digest.slice(0, 12) }];
  return withAlso({ ...NOTHING, digest, pieces, unsure: 'the parser cannot be loaded' }, site);
}

/** Of a command: its text is all the code there is. */
function ownPiece({ name }: TaskDefinition, text: string): CodePiece {
  return { file: '', name: `the command of ${name}`, digest: digest128(text).slice(0, 12) };
}

/** What of a task's options counts as its code: outputs, serializers, captures. */
function withOptions(definition: TaskDefinition, { uses, digest, files: _, depth: __, ...code }: SiteCode, digestOf: DigestOf): CodePart {
  const { digest: ofOptions, options } = optionsCode(definition, digestOf);
  return {
    ...code,
    digest: ofOptions === undefined ? digest : digest128(`${digest}\noptions ${ofOptions}`),
    options,
    captured: uses.filter((name) => options.captures?.[name] === undefined),
  };
}
