import type { Reason } from '../model/reason.js';

interface Kept {
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * What differs between two code parts, as `codePartText` wrote them: one reason for each declaration or package, such as
 * `src/clean.ts: normalise`. Empty when nothing can be told: a text is missing or cannot be read, or only what a name stands for changed.
 */
export function compareCode(before: string | undefined, now: string | undefined): readonly Reason[] {
  const [old, fresh] = [read(before), read(now)];
  if (old === undefined || fresh === undefined) return [];
  const details = [
    ...union(old.files, fresh.files).flatMap((file) =>
      differences(own(old.files, file) ?? {}, own(fresh.files, file) ?? {}).map(({ name, how }) => `${file === '' ? '' : `${file}: `}${name}${how}`),
    ),
    ...differences(old.packages, fresh.packages, (from, to) => ` ${from} -> ${to}`).map(({ name, how }) => `${name}${how}`),
  ];
  return details.map((detail) => ({ kind: 'code-changed', detail }));
}

function differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  changed: (from: string, to: string) => string = () => '',
): { readonly name: string; readonly how: string }[] {
  return union(before, now).flatMap((name) => {
    const [from, to] = [own(before, name), own(now, name)];
    if (from === to) return [];
    return [{ name, how: from === undefined ? ' (now used)' : to === undefined ? ' (no longer used)' : changed(from, to) }];
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
    const { files, packages } = JSON.parse(text) as Partial<Kept>;
    return files && packages ? { files, packages } : undefined;
  } catch {
    return undefined;
  }
}
