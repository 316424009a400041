/** What of a task's code counts in its cache key (S22). */
export interface CodePart {
  /** 32 characters of hex. */
  readonly digest: string;
  /** Everything that the function reaches, itself first. */
  readonly pieces: readonly CodePiece[];
  /** Installed versions of the packages it reaches, by name. */
  readonly packages: Readonly<Record<string, string>>;
  readonly options: CodeOptions;
  /** What could not be looked into, and why: the code then counts by less than all of it. */
  readonly unsure: string | undefined;
  /** Variables of enclosing functions that nobody listed in `captures`: without them nobody can judge the function by its code. */
  readonly captured: readonly string[];
  /** A file that was changed after it was loaded: what runs is not what it says. */
  readonly outdated: string | undefined;
}

/** What of a task's options counts as its code, for people. */
export interface CodeOptions {
  readonly serializer?: string;
  readonly outputs?: string;
  /** Listed variables of enclosing functions, by name. */
  readonly captures?: Readonly<Record<string, CapturedValue>>;
}

export interface CapturedValue {
  readonly digest: string;
  /** Of a small value, the value. */
  readonly shown?: string;
}

/** A declaration, a top-level statement, or the function itself. */
export interface CodePiece {
  /** Relative to the project's folder, with forward slashes. */
  readonly file: string;
  /** Name of the declaration; of a statement, how it begins. */
  readonly name: string;
  /** 12 characters of hex: enough to see that it changed. */
  readonly digest: string;
}

/** How a code part is kept beside the results it led to: `{ files: { file: { name: digest } }, packages: { name: version }, options }`. */
export function codePartText({ pieces, packages, options }: Pick<CodePart, 'pieces' | 'packages'> & Partial<Pick<CodePart, 'options'>>): string {
  const files = named<Record<string, string>>();
  for (const { file, name, digest } of pieces) {
    files[file] ??= named();
    const names = files[file];
    // Pieces of one name (an enum written in two parts) change together.
    names[name] = names[name] === undefined ? digest : `${names[name]} ${digest}`;
  }
  return JSON.stringify({ files, packages, ...(options === undefined || Object.keys(options).length === 0 ? {} : { options }) });
}

/** Any name may be a key, `__proto__` too. */
function named<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
