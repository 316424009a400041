import { digest128 } from '../base/digest.js';
import type { CodeMember, CodeSite } from '../model/code-site.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { CodeBook } from './code-book.js';
import type { CodePart, CodePiece } from './code-part.js';
import { functionTextDigest } from './function-text.js';
import { NO_CODE, type SiteCode, TEXT_OF_FUNCTION, withAlso } from './site-code.js';
import type { SourceLook } from './source-look.js';
import { type DigestOf, optionsCode } from './task-options.js';

/** Tells the code part of definitions. */
export interface TaskCode {
  /** At once where it is known already, or nothing has to be read for it. Never rejects because of what a source says. */
  codeOf(definition: TaskDefinition): CodePart | Promise<CodePart>;
  /** Writes down what was found out, for the next process. Never rejects. */
  save(): Promise<void>;
}

/** Found out once of each definition: what runs does not change any more (S22). */
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
  let look: Promise<SourceLook | undefined> | undefined;
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
    look ??= lookAtSources(flow);
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
        return finish({ ...NO_CODE, digest: digest128(`also ${site.also ?? ''}`), pieces: [ownPiece(definition, site.also ?? '')] });
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

/** Most runs find the code of all their tasks written down: what reads sources is loaded by those that do not. */
async function lookAtSources(flow: CodeSite | undefined): Promise<SourceLook | undefined> {
  const { openLook } = await import('./source-look.js');
  return await openLook(flow);
}

function textOnly({ fn, name }: TaskDefinition, unsure: string | undefined): SiteCode {
  return { ...NO_CODE, digest: functionTextDigest(fn), pieces: [{ file: '', name, digest: functionTextDigest(fn).slice(0, 12) }], unsure };
}

function unparsed(site: CodeSite): SiteCode {
  const members = site.members ?? [{ className: '', name: undefined, code: site.code as CodeMember['code'] }];
  const digest = digest128(members.map(({ code }) => functionTextDigest(code)).join(' '));
  const pieces = [{ file: '', name: TEXT_OF_FUNCTION, digest: digest.slice(0, 12) }];
  return withAlso({ ...NO_CODE, digest, pieces, unsure: 'the parser cannot be loaded' }, site);
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
