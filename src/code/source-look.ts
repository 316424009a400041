import { relative } from 'node:path';
import { wallTime } from '../base/clock.js';
import { digest128 } from '../base/digest.js';
import type { CodeFunction, CodeMember, CodeSite } from '../model/code-site.js';
import { canonicalText } from './canonical-text.js';
import type { CodePiece } from './code-part.js';
import { Effects } from './effects.js';
import { Given } from './given.js';
import { Links } from './links.js';
import { ModuleReads } from './load-reads.js';
import { locate } from './locate.js';
import type { ModuleCode } from './module-code.js';
import { projectFolder } from './project-folder.js';
import { type Reached, reach } from './reach.js';
import { NO_CODE, type SiteCode, TEXT_OF_FUNCTION, withAlso } from './site-code.js';
import { type Consulted, loadParser, type Parser, Sources } from './sources.js';

/** What is loaded once. */
let parser: Promise<Parser | undefined> | undefined;

/**
 * @param flow where the flow that runs was defined
 * @returns undefined where the parser's native part is missing: tasks run all the same
 */
export async function openLook(flow: CodeSite | undefined): Promise<SourceLook | undefined> {
  parser ??= loadParser().catch(() => undefined);
  const loaded = await parser;
  return loaded && new SourceLook(loaded, flow);
}

/** One look at the sources: files are read once. Those of the process that have not changed are not parsed again. */
export class SourceLook {
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
    return withAlso({ ...NO_CODE, digest: digest128(`text ${pieces.map(({ digest }) => digest).join(' ')}`), pieces, unsure: why }, site);
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

/** Digest of a function's own text without comments and formatting: what stands for code whose source is not found. */
function plainFunctionDigest(fn: CodeFunction, parser: Parser): string {
  const text = Function.prototype.toString.call(fn);
  // The text of a method is no expression by itself.
  for (const whole of [`(${text})`, `({${text}})`]) {
    const { program, problem } = parser.parse('function.js', whole);
    if (problem === undefined) return digest128(canonicalText(program));
  }
  return digest128(text);
}
