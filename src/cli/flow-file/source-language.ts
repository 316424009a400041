/** What a module is written in, in the bundler's words. */
export type SourceLanguage = 'ts' | 'tsx' | 'js' | 'jsx';

export const SOURCE_LANGUAGES: readonly SourceLanguage[] = ['ts', 'tsx', 'js', 'jsx'];

/** What is left when types are taken away. */
export function withoutTypes(language: SourceLanguage): 'js' | 'jsx' {
  return language.endsWith('x') ? 'jsx' : 'js';
}

/** Undefined for a module that does not parse: the bundler meets the same error next, and says where it is. */
export function parsed(parse: () => object): object | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
