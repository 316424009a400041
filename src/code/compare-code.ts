import type { Reason } from '../model/reason.js';
import type { CapturedValue, CodeOptions } from './code-part.js';

interface Kept {
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly packages: Readonly<Record<string, string>>;
  readonly options?: CodeOptions;
}

/**
 * What differs between two code parts that are not the same, as `codePartText` wrote them: one reason for each declaration or package, such as
 * `src/clean.ts: normalise`, and for each captured variable. Empty when nothing can be told: a text is missing or cannot be read.
 */
export function compareCode(before: string | undefined, now: string | undefined): readonly Reason[] {
  const [old, fresh] = [read(before), read(now)];
  if (old === undefined || fresh === undefined || before === now) return [];
  const details = [
    ...differencesOfFiles(old.files, fresh.files),
    ...differences(old.packages, fresh.packages, (from, to) => ` ${from} -> ${to}`).map(({ name, how }) => `${name}${how}`),
    ...differencesOfOption('serializer', old.options?.serializer, fresh.options?.serializer),
    ...differencesOfOption('outputs', old.options?.outputs, fresh.options?.outputs),
  ];
  const captured = differencesOfCaptures(old.options?.captures ?? {}, fresh.options?.captures ?? {});
  return [
    ...details.map((detail): Reason => ({ kind: 'code-changed', detail })),
    ...captured.map((detail): Reason => ({ kind: 'captured-variable', detail })),
  ];
}

function differencesOfFiles(old: Kept['files'], fresh: Kept['files']): readonly string[] {
  const moved = movedPieces(old, fresh);
  return union(old, fresh).flatMap((file) =>
    differences(own(old, file) ?? {}, own(fresh, file) ?? {})
      .filter(({ name, digest }) => !moved.has(`${name}\n${digest}`))
      .map(({ name, how }) => `${file === '' ? '' : `${file}: `}${name}${how}`),
  );
}

/** Declarations that are found in another file, as they were: where they lie does not count. */
function movedPieces(old: Kept['files'], fresh: Kept['files']): ReadonlySet<string> {
  const gone = piecesOnlyIn(old, fresh);
  return new Set([...piecesOnlyIn(fresh, old)].filter((piece) => gone.has(piece)));
}

function piecesOnlyIn(files: Kept['files'], others: Kept['files']): ReadonlySet<string> {
  const pieces = new Set<string>();
  for (const file of Object.keys(files))
    for (const [name, digest] of Object.entries(own(files, file) ?? {}))
      if (own(own(others, file) ?? {}, name) === undefined) pieces.add(`${name}\n${digest}`);
  return pieces;
}

interface Difference {
  readonly name: string;
  readonly how: string;
  /** Of what is only in one of them. */
  readonly digest: string | undefined;
}

function differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  changed: (from: string, to: string) => string = () => '',
): readonly Difference[] {
  return union(before, now).flatMap((name): Difference[] => {
    const [from, to] = [own(before, name), own(now, name)];
    if (from === to) return [];
    if (from === undefined) return [{ name, how: ' (now used)', digest: to }];
    return [to === undefined ? { name, how: ' (no longer used)', digest: from } : { name, how: changed(from, to), digest: undefined }];
  });
}

/** Also of options: who changed a serializer has changed what is stored. */
function differencesOfOption(name: string, from: string | undefined, to: string | undefined): readonly string[] {
  return from === to ? [] : [`its ${name}: ${from ?? 'none'} -> ${to ?? 'none'}`];
}

function differencesOfCaptures(before: Readonly<Record<string, CapturedValue>>, now: Readonly<Record<string, CapturedValue>>): readonly string[] {
  return union(before, now).flatMap((name) => {
    const [from, to] = [own(before, name), own(now, name)];
    if (from?.digest === to?.digest) return [];
    if (from === undefined) return [`${name} (now used)`];
    if (to === undefined) return [`${name} (no longer used)`];
    return [from.shown === undefined || to.shown === undefined ? name : `${name}: ${from.shown} -> ${to.shown}`];
  });
}

/** Names are users': `toString` may be one. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function union(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function read(text: string | undefined): Kept | undefined {
  if (text === undefined) return undefined;
  try {
    const { files, packages, options } = JSON.parse(text) as Partial<Kept>;
    return files && packages ? { files, packages, ...(options === undefined ? {} : { options }) } : undefined;
  } catch {
    return undefined;
  }
}
