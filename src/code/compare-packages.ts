import type { CodeFile, CodePackage } from './code-package.js';
import type { Declaration, DeclarationReader } from './declarations.js';

/** What differs between the code of two runs. */
export interface CodeDifference {
  readonly files: readonly FileDifference[];
  readonly packages: readonly Change[];
}

/** From what to what, under a name; undefined where there was, or is, none. */
export interface Change {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

export interface FileDifference {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /**
   * Top-level declarations and statements whose code differs, with their texts. Empty where only comments, formatting, types or imports differ.
   * Absent where nobody can tell: the file was added or removed, is no code, or its text is not kept.
   */
  readonly declarations?: readonly Change[];
  /** The whole text, of a file that is no code. */
  readonly text?: Omit<Change, 'name'>;
}

/** A package with the texts of its files, by path. */
export interface ReadPackage extends CodePackage {
  readonly texts: ReadonlyMap<string, string>;
}

export function comparePackages(before: ReadPackage, after: ReadPackage, declarations: DeclarationReader): CodeDifference {
  const [old, fresh] = [byPath(before), byPath(after)];
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  const files = paths.flatMap((path): readonly FileDifference[] => {
    const [was, is] = [old.get(path), fresh.get(path)];
    if (was === undefined) return [{ path, kind: 'added' }];
    if (is === undefined) return [{ path, kind: 'removed' }];
    if (was.digest === is.digest) return [];
    return [{ path, kind: 'changed', ...changesOf(path, before.texts.get(path), after.texts.get(path), declarations) }];
  });
  return { files, packages: compareNamed(before.packages, after.packages) };
}

/** What differs between two lists of texts by name. */
export function compareNamed(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [own(before, name), own(after, name)];
    return was === is ? [] : [changed(name, was, is)];
  });
}

function changesOf(path: string, before: string | undefined, after: string | undefined, read: DeclarationReader): Partial<FileDifference> {
  if (before === undefined || after === undefined) return {};
  const [old, fresh] = [read(path, before), read(path, after)];
  if (old === undefined || fresh === undefined) return { text: { before, after } };
  const [was, is] = [textsOf(before, old), textsOf(after, fresh)];
  const names = [...new Set([...is.keys(), ...was.keys()])];
  const declarations = names.flatMap((name) =>
    was.get(name)?.digest === is.get(name)?.digest ? [] : [changed(name, was.get(name)?.text, is.get(name)?.text)],
  );
  return { declarations };
}

/** Those of one name (an enum in two parts) are one. */
function textsOf(source: string, declarations: readonly Declaration[]): ReadonlyMap<string, { readonly digest: string; readonly text: string }> {
  const found = new Map<string, { readonly digest: string; readonly text: string }>();
  for (const { name, start, end, digest } of declarations) {
    const before = found.get(name);
    const text = source.slice(start, end);
    found.set(name, before === undefined ? { digest, text } : { digest: `${before.digest} ${digest}`, text: `${before.text}\n${text}` });
  }
  return found;
}

function changed(name: string, before: string | undefined, after: string | undefined): Change {
  return { name, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function byPath({ files }: CodePackage): ReadonlyMap<string, CodeFile> {
  return new Map(files.map((file) => [file.path, file]));
}

function own(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
