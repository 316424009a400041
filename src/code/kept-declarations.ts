import type { CodePackage } from './code-package.js';
import { type Declaration, type DeclarationReader, declarationReader } from './declarations.js';
import { type ContentReader, readCodePackage, readFileTexts } from './read-package.js';

/** The code that was kept with a run, by declaration. */
export class KeptDeclarations {
  readonly package: CodePackage;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #read: DeclarationReader;
  readonly #declarations = new Map<string, readonly Declaration[] | undefined>();

  private constructor(kept: CodePackage, texts: ReadonlyMap<string, string>, read: DeclarationReader) {
    this.package = kept;
    this.#texts = texts;
    this.#read = read;
  }

  /** Undefined: no code is kept under this digest, or it is damaged. */
  static async of(reader: ContentReader, digest: string | undefined): Promise<KeptDeclarations | undefined> {
    const kept = await readCodePackage(reader, digest);
    return kept && new KeptDeclarations(kept, await readFileTexts(reader, kept.files), await declarationReader());
  }

  /** Paths of the files that declare a name at their top level. */
  declaring(name: string): readonly string[] {
    return [...this.#texts.keys()].filter((path) => this.#in(path)?.some((declaration) => declaration.name === name));
  }

  /** Declarations of a file, as they stand in it; undefined: it is not kept, or has none of them. */
  textOf(path: string, names: readonly string[]): string | undefined {
    const text = this.#texts.get(path);
    const all = this.#in(path) ?? [];
    const meant = names.flatMap((name) => {
      const found = all.filter((declaration) => declaration.name === name);
      // Members of classes are told as `Model.fit`: their class is shown.
      return found.length > 0 ? found : all.filter((declaration) => declaration.name === name.split('.')[0]);
    });
    if (text === undefined || meant.length === 0) return undefined;
    const inOrder = [...new Set(meant)].sort((a, b) => a.start - b.start);
    return inOrder.map(({ start, end }) => text.slice(start, end)).join('\n\n');
  }

  #in(path: string): readonly Declaration[] | undefined {
    if (!this.#declarations.has(path)) this.#declarations.set(path, this.#read(path, this.#texts.get(path) ?? ''));
    return this.#declarations.get(path);
  }
}
