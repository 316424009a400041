/** What code a run had: its source files, and the packages they use (M10). */
export interface CodePackage {
  /** In the order of their paths. */
  readonly files: readonly CodeFile[];
  /** Installed versions by name; several of one name are parted by commas. */
  readonly packages: Readonly<Record<string, string>>;
}

export interface CodeFile {
  /** Relative to the folder of the project's package.json, with forward slashes. */
  readonly path: string;
  /** sha256 of the text as it is kept; of a file that is not kept, of its bytes. */
  readonly digest: string;
  readonly bytes: number;
  /** Why its text is not kept; absent: it is. */
  readonly left?: LeftFile;
  /** It was changed after it was loaded: what ran is not what it says. */
  readonly changed?: true;
}

/** Outside of the project; of more bytes than are kept; no text. */
export type LeftFile = 'outside' | 'large' | 'binary';

/** The same, as people are told. */
export const WHY_LEFT: Readonly<Record<LeftFile, string>> = {
  outside: 'it lies outside of the project',
  large: 'it is too large',
  binary: 'it is no text',
};

const FORMAT = 1;

/** As it lies in the record: the same files always give the same text. */
export function packageText({ files, packages }: CodePackage): string {
  return JSON.stringify({ format: FORMAT, files, packages });
}

/** Undefined: this is none. */
export function readPackage(text: string): CodePackage | undefined {
  try {
    const { format, files, packages } = JSON.parse(text) as CodePackage & { readonly format: number };
    return format === FORMAT ? { files, packages } : undefined;
  } catch {
    return undefined;
  }
}
